//! The UnixFS message inside a dag-pb node, and what a node with both says.

use crate::content::Cid;
use bytes::Bytes;

use super::directory::{DirectoryEntry, valid_name};
use super::hamt::{self, Shard, ShardError};
use crate::content::block::Block;
use crate::content::cids;
use crate::content::dag_pb::{self, FieldError, NodeError};
use crate::content::wire::{Field, Fields, Value, bytes_header, put_bytes, put_varint};

// Data: 1 = Type, 2 = Data, 3 = filesize, 4 = blocksizes, 5 = hashType, 6 = fanout,
// 7 = mode, 8 = mtime. The last two say nothing about the bytes and are passed over.
const TYPE: u64 = 1;
const DATA: u64 = 2;
const FILE_SIZE: u64 = 3;
const BLOCK_SIZES: u64 = 4;
const HASH_TYPE: u64 = 5;
const FANOUT: u64 = 6;

const TYPE_RAW: u64 = 0;
const TYPE_DIRECTORY: u64 = 1;
const TYPE_FILE: u64 = 2;
const TYPE_SYMLINK: u64 = 4;
const TYPE_SHARD: u64 = 5;

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
    /// A directory in one block.
    Directory(Vec<DirectoryEntry>),
    /// A directory over several blocks, or a part of one.
    Shard(Shard),
    /// A symbolic link.
    Symlink {
        /// Where it points, as its writer wrote it.
        target: String,
    },
}

impl Contents {
    /// The blocks directly beneath, in order.
    pub fn beneath(&self) -> Vec<Cid> {
        match self {
            Self::File { parts, .. } => parts.iter().map(|part| part.cid).collect(),
            Self::Directory(entries) => entries.iter().map(|entry| entry.cid).collect(),
            Self::Shard(shard) => shard.beneath().copied().collect(),
            Self::Symlink { .. } => Vec::new(),
        }
    }

    /// Bytes of the file; 0 for anything else.
    pub fn size(&self) -> u64 {
        match self {
            Self::File { size, .. } => *size,
            Self::Directory(_) | Self::Shard(_) | Self::Symlink { .. } => 0,
        }
    }

    /// Whether it is a directory or a part of one.
    pub fn is_directory(&self) -> bool {
        matches!(self, Self::Directory(_) | Self::Shard(_))
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
#[non_exhaustive]
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
    /// A type other than file, raw, directory, shard and symbolic link.
    #[error(
        "it is {}; only files, directories and symbolic links are read",
        match kind { 3 => "a metadata node".to_owned(), other => format!("of UnixFS type {other}") }
    )]
    Kind {
        /// The UnixFS type.
        kind: u64,
    },
    /// A shard of a directory that contradicts itself.
    #[error("it is no shard of a directory (HAMT): {0}")]
    Shard(#[from] ShardError),
    /// A symbolic link whose target is not text.
    #[error("the target of the symbolic link is not UTF-8")]
    Target,
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
        TYPE_SHARD => {
            let shard = Shard::of(node.links, &message.data, message.hash_type, message.fanout);
            Ok(Contents::Shard(shard?))
        }
        TYPE_SYMLINK => {
            let target = String::from_utf8(message.data.into());
            let target = target.map_err(|_| MalformedError::Target)?;
            Ok(Contents::Symlink { target })
        }
        kind => Err(MalformedError::Kind { kind }),
    }
}

fn file(node: dag_pb::Node, message: Message) -> Result<Contents, MalformedError> {
    let (links, sizes) = (node.links.len(), message.block_sizes.len());
    if links != sizes {
        return Err(MalformedError::Counts { links, sizes });
    }
    // Leaves of old trees leave the size out.
    let given = message.file_size;
    let mut sum = message.data.len() as u64;
    let mut parts = Vec::with_capacity(links);
    for (index, (link, size)) in node.links.iter().zip(message.block_sizes).enumerate() {
        if size == 0 {
            return Err(MalformedError::EmptyPart { index });
        }
        sum = sum.checked_add(size).ok_or(MalformedError::Size {
            given: given.unwrap_or(u64::MAX),
            sum: u64::MAX,
        })?;
        parts.push(Part {
            cid: link.cid,
            size,
        });
    }
    let given = given.unwrap_or(sum);
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
    hash_type: Option<u64>,
    fanout: Option<u64>,
}

impl Message {
    fn decode(bytes: &Bytes) -> Result<Self, MalformedError> {
        let mut kind = None;
        let mut data = None;
        let mut file_size = None;
        let mut block_sizes = Vec::new();
        let mut hash_type = None;
        let mut fanout = None;
        for field in Fields::of(bytes) {
            let Field { number, value } = field?;
            match (number, value) {
                (TYPE, Value::Number(value)) if kind.is_none() => kind = Some(value),
                (DATA, Value::Bytes(value)) if data.is_none() => {
                    data = Some(bytes.slice_ref(value))
                }
                (FILE_SIZE, Value::Number(value)) if file_size.is_none() => file_size = Some(value),
                (BLOCK_SIZES, Value::Number(value)) => block_sizes.push(value),
                (HASH_TYPE, Value::Number(value)) if hash_type.is_none() => hash_type = Some(value),
                (FANOUT, Value::Number(value)) if fanout.is_none() => fanout = Some(value),
                // Packed block sizes are refused too: no writer of UnixFS packs them.
                (TYPE | DATA | FILE_SIZE | BLOCK_SIZES | HASH_TYPE | FANOUT, _) => {
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
            hash_type,
            fanout,
        })
    }
}

/// What the node of a leaf has before and after a chunk of so many bytes. The leaf of an
/// empty file has no data field at all.
pub(super) fn around_chunk(chunk: usize) -> (Vec<u8>, Vec<u8>) {
    let mut head = Vec::with_capacity(16);
    put_varint(&mut head, TYPE, TYPE_FILE);
    if chunk > 0 {
        bytes_header(&mut head, DATA, chunk);
    }
    let mut after = Vec::with_capacity(8);
    put_varint(&mut after, FILE_SIZE, chunk as u64);
    let mut before = Vec::with_capacity(24);
    dag_pb::data_header(&mut before, head.len() + chunk + after.len());
    before.extend(head);
    (before, after)
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

/// The message of a symbolic link.
pub(super) fn symlink(target: &str) -> Bytes {
    let mut out = Vec::new();
    put_varint(&mut out, TYPE, TYPE_SYMLINK);
    put_bytes(&mut out, DATA, target.as_bytes());
    out.into()
}

/// The message of a shard, with the bits of the slots that are taken.
pub(super) fn shard(taken: &[u8]) -> Bytes {
    let mut out = Vec::new();
    put_varint(&mut out, TYPE, TYPE_SHARD);
    put_bytes(&mut out, DATA, taken);
    put_varint(&mut out, HASH_TYPE, hamt::MURMUR3_X64_64);
    put_varint(&mut out, FANOUT, hamt::FANOUT as u64);
    out.into()
}

/// The message of a directory.
pub(super) fn empty_directory() -> Bytes {
    let mut out = Vec::new();
    put_varint(&mut out, TYPE, TYPE_DIRECTORY);
    out.into()
}
