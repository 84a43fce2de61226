//! The UnixFS message inside a dag-pb node, and what a node with both says.

use crate::content::Cid;
use bytes::Bytes;

use super::directory::{DirectoryEntry, valid_name};
use crate::content::block::Block;
use crate::content::cids;
use crate::content::dag_pb::{self, FieldError, NodeError};
use crate::content::wire::{Field, Fields, Value, put_bytes, put_varint};

// Data: 1 = Type, 2 = Data, 3 = filesize, 4 = blocksizes, 5 = hashType, 6 = fanout,
// 7 = mode, 8 = mtime. The last four do not occur in what is read here, or say nothing
// about the bytes.
const TYPE: u64 = 1;
const DATA: u64 = 2;
const FILE_SIZE: u64 = 3;
const BLOCK_SIZES: u64 = 4;

const TYPE_RAW: u64 = 0;
const TYPE_DIRECTORY: u64 = 1;
const TYPE_FILE: u64 = 2;

/// What a block holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// A file or a part of one: `data`, then the bytes of each part in order.
    File {
        /// Bytes in the block itself.
        data: Bytes,
        /// What follows them, in other blocks.
        parts: Vec<Part>,
        /// Bytes of the whole, `data` and parts together.
        size: u64,
    },
    /// A directory.
    Directory(Vec<DirectoryEntry>),
}

impl Contents {
    /// The blocks directly beneath, in order.
    pub fn beneath(&self) -> Vec<Cid> {
        match self {
            Self::File { parts, .. } => parts.iter().map(|part| part.cid).collect(),
            Self::Directory(entries) => entries.iter().map(|entry| entry.cid).collect(),
        }
    }

    /// The entry of a directory with this name; files have none.
    pub fn entry(&self, name: &str) -> Option<Cid> {
        match self {
            Self::File { .. } => None,
            Self::Directory(entries) => entries
                .iter()
                .find(|entry| entry.name == name)
                .map(|entry| entry.cid),
        }
    }

    /// Bytes of the file; 0 for a directory.
    pub fn size(&self) -> u64 {
        match self {
            Self::File { size, .. } => *size,
            Self::Directory(_) => 0,
        }
    }
}

/// A part of a file in a block of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The block.
    pub cid: Cid,
    /// Bytes of the file beneath it, at least 1.
    pub size: u64,
}

/// A block that is no UnixFS node, or not one that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MalformedError {
    /// Its codec is neither dag-pb nor raw.
    #[error("its codec 0x{codec:x} is neither dag-pb (0x70) nor raw (0x55)")]
    Codec {
        /// The codec.
        codec: u64,
    },
    /// It is no dag-pb node.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The node's data is no protobuf.
    #[error("its data is not a UnixFS message: {0}")]
    Message(#[from] FieldError),
    /// The message has no type, or a field twice or of a wrong wire type.
    #[error("its data is not a UnixFS message: field {number} is missing, doubled or mistyped")]
    Field {
        /// The field's number.
        number: u64,
    },
    /// A type other than file, raw and directory.
    #[error(
        "it is {}; only files and plain directories are read",
        match kind { 3 => "a metadata node".to_owned(), 4 => "a symbolic link".to_owned(),
            5 => "a sharded directory (HAMT)".to_owned(), other => format!("of UnixFS type {other}") }
    )]
    Kind {
        /// The UnixFS type.
        kind: u64,
    },
    /// Links and block sizes differ in number.
    #[error("it has {links} links but {sizes} block sizes")]
    Counts {
        /// How many links.
        links: usize,
        /// How many sizes.
        sizes: usize,
    },
    /// A part without bytes: no importer makes one, and a tree of them would have no end.
    #[error("its part {index} is empty")]
    EmptyPart {
        /// Which part.
        index: usize,
    },
    /// The sizes do not add up to the size of the file.
    #[error("its size is given as {given} bytes, its parts add up to {sum}")]
    Size {
        /// What `filesize` says.
        given: u64,
        /// What data and parts add up to.
        sum: u64,
    },
    /// A directory entry whose name cannot be a file's name, or which is there twice.
    #[error("its entry `{name}` has a name that no file can have, or is there twice")]
    Name {
        /// The name, cut to 80 characters.
        name: String,
    },
}

/// Reads what a block holds. Sizes are consistent within the block: `size` is the sum of
/// the data and the parts.
///
/// # Errors
/// [`MalformedError`] if it is no file or directory in UnixFS.
pub fn parse(block: &Block) -> Result<Contents, MalformedError> {
    match block.cid().codec() {
        cids::RAW => {
            let data = block.data().clone();
            let size = data.len() as u64;
            return Ok(Contents::File {
                data,
                parts: Vec::new(),
                size,
            });
        }
        cids::DAG_PB => {}
        codec => return Err(MalformedError::Codec { codec }),
    }
    let node = dag_pb::Node::decode(block.data())?;
    let message = Message::decode(&node.data)?;
    match message.kind {
        TYPE_FILE | TYPE_RAW => file(node, message),
        TYPE_DIRECTORY => directory(node),
        kind => Err(MalformedError::Kind { kind }),
    }
}

fn file(node: dag_pb::Node, message: Message) -> Result<Contents, MalformedError> {
    let (links, sizes) = (node.links.len(), message.block_sizes.len());
    if links != sizes {
        return Err(MalformedError::Counts { links, sizes });
    }
    let mut sum = message.data.len() as u64;
    let mut parts = Vec::with_capacity(links);
    for (index, (link, size)) in node.links.iter().zip(message.block_sizes).enumerate() {
        if size == 0 {
            return Err(MalformedError::EmptyPart { index });
        }
        sum = sum.saturating_add(size);
        parts.push(Part {
            cid: link.cid,
            size,
        });
    }
    // Leaves of old trees leave the size out.
    let given = message.file_size.unwrap_or(sum);
    if given != sum {
        return Err(MalformedError::Size { given, sum });
    }
    Ok(Contents::File {
        data: message.data,
        parts,
        size: sum,
    })
}

fn directory(node: dag_pb::Node) -> Result<Contents, MalformedError> {
    let mut names = std::collections::HashSet::with_capacity(node.links.len());
    for link in &node.links {
        if !valid_name(&link.name) || !names.insert(link.name.as_str()) {
            return Err(MalformedError::Name {
                name: link.name.chars().take(80).collect(),
            });
        }
    }
    let entry = |link: dag_pb::Link| DirectoryEntry {
        name: link.name,
        cid: link.cid,
        tsize: link.tsize,
    };
    Ok(Contents::Directory(
        node.links.into_iter().map(entry).collect(),
    ))
}

/// A decoded UnixFS message.
struct Message {
    kind: u64,
    data: Bytes,
    file_size: Option<u64>,
    block_sizes: Vec<u64>,
}

impl Message {
    fn decode(bytes: &Bytes) -> Result<Self, MalformedError> {
        let mut kind = None;
        let mut data = None;
        let mut file_size = None;
        let mut block_sizes = Vec::new();
        for field in Fields::of(bytes) {
            let Field { number, value } = field?;
            match (number, value) {
                (TYPE, Value::Number(value)) if kind.is_none() => kind = Some(value),
                (DATA, Value::Bytes(value)) if data.is_none() => {
                    data = Some(bytes.slice_ref(value))
                }
                (FILE_SIZE, Value::Number(value)) if file_size.is_none() => file_size = Some(value),
                (BLOCK_SIZES, Value::Number(value)) => block_sizes.push(value),
                // Packed block sizes are refused too: no writer of UnixFS packs them.
                (TYPE | DATA | FILE_SIZE | BLOCK_SIZES, _) => {
                    return Err(MalformedError::Field { number });
                }
                _ => {}
            }
        }
        Ok(Self {
            kind: kind.ok_or(MalformedError::Field { number: TYPE })?,
            data: data.unwrap_or_default(),
            file_size,
            block_sizes,
        })
    }
}

/// The message of a leaf. An empty file has no data field at all.
pub(super) fn leaf(chunk: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(chunk.len() + 16);
    put_varint(&mut out, TYPE, TYPE_FILE);
    if !chunk.is_empty() {
        put_bytes(&mut out, DATA, chunk);
    }
    put_varint(&mut out, FILE_SIZE, chunk.len() as u64);
    out.into()
}

/// The message of a node above others.
pub(super) fn inner(sizes: impl Iterator<Item = u64> + Clone) -> Bytes {
    let mut out = Vec::new();
    put_varint(&mut out, TYPE, TYPE_FILE);
    put_varint(&mut out, FILE_SIZE, sizes.clone().sum());
    for size in sizes {
        put_varint(&mut out, BLOCK_SIZES, size);
    }
    out.into()
}

/// The message of a directory.
pub(super) fn empty_directory() -> Bytes {
    let mut out = Vec::new();
    put_varint(&mut out, TYPE, TYPE_DIRECTORY);
    out.into()
}
