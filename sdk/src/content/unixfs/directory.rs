//! Directories: a node whose links are named, or a trie of them when there are many.

use crate::content::Cid;

use super::layout::{Branch, Discard, Layout, ShardBy, Sink};
use super::{hamt, message};
use crate::content::block::{Block, MAX_BLOCK_BYTES};
use crate::content::dag_pb;

/// A directory above this is sharded: bytes of its names and CIDs, or of its node where the
/// layout says so. One of exactly this size is not; where an importer shards it, the two make
/// different CIDs of it.
pub const SHARDED_ABOVE: usize = 262_144;

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// Its name, without slashes.
    pub name: String,
    /// The root of the file or directory.
    pub cid: Cid,
    /// Bytes of all its blocks together: [`super::Imported::tsize`] when making one; in a
    /// directory that was read, what its writer claims.
    pub tsize: u64,
}

/// A directory that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Its root.
    pub cid: Cid,
    /// Bytes of all blocks beneath it and its own.
    pub tsize: u64,
    /// Its blocks, without those of its entries; the root is the last.
    pub blocks: Vec<Block>,
}

/// Entries that make no directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// A name that cannot be a file's.
    #[error(
        "`{name}` cannot be the name of a file in a directory: it must not be empty, `.`, `..` \
         or contain a slash or a zero byte"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A name that is there twice, or as a file and as a directory.
    #[error("two files in the directory are named `{name}`")]
    Doubled {
        /// The name.
        name: String,
    },
    /// Names whose hashes are the same, so that no trie can tell them apart.
    #[error(
        "the directory has so many entries that it must be sharded, and `{}` and `{}` have the \
         same hash: rename one of them", names[0], names[1]
    )]
    Collision {
        /// The names.
        names: [String; 2],
    },
    /// Names so long that a node takes more than a block may have.
    #[error(
        "the names in the directory are so long that a node of it takes {bytes} bytes, and a \
         block has at most {MAX_BLOCK_BYTES}: shorten them"
    )]
    TooLarge {
        /// How many bytes it takes.
        bytes: usize,
    },
}

/// The blocks of a directory with these entries. The order of the entries makes no
/// difference. Above [`SHARDED_ABOVE`] it is sharded, as Kubo does it.
///
/// # Errors
/// [`DirectoryError`] for names that cannot be, are there twice or cannot be told apart.
pub fn directory(
    layout: Layout,
    entries: Vec<DirectoryEntry>,
) -> Result<Directory, DirectoryError> {
    let mut blocks: Vec<Block> = Vec::new();
    let root = build(layout, entries, &mut blocks)?;
    Ok(Directory {
        cid: root.cid,
        tsize: root.tsize,
        blocks,
    })
}

/// The CID and the bytes of [`directory`] alone.
pub(super) fn directory_branch(
    layout: Layout,
    entries: Vec<DirectoryEntry>,
) -> Result<Branch, DirectoryError> {
    build(layout, entries, &mut Discard)
}

fn build(
    layout: Layout,
    entries: Vec<DirectoryEntry>,
    sink: &mut impl Sink,
) -> Result<Branch, DirectoryError> {
    let mut links: Vec<dag_pb::Link> = Vec::with_capacity(entries.len());
    for DirectoryEntry { name, cid, tsize } in entries {
        if !valid_name(&name) {
            return Err(DirectoryError::Name { name });
        }
        links.push(dag_pb::Link { cid, name, tsize });
    }
    links.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    if let Some(pair) = links.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(DirectoryError::Doubled {
            name: pair[0].name.clone(),
        });
    }
    let node = dag_pb::Node {
        links,
        data: message::empty_directory(),
    };
    let measured = match layout.shard_by() {
        ShardBy::Links => node
            .links
            .iter()
            .map(|link| link.name.len() + link.cid.encoded_len())
            .sum(),
        ShardBy::Node => node.encode().len(),
    };
    match measured > SHARDED_ABOVE {
        true => hamt::build(layout, node.links, sink),
        false => seal(layout, &node, sink),
    }
}

/// A node of a directory as a block.
pub(super) fn seal(
    layout: Layout,
    node: &dag_pb::Node,
    sink: &mut impl Sink,
) -> Result<Branch, DirectoryError> {
    let data = node.encode();
    let bytes = data.len();
    if bytes > MAX_BLOCK_BYTES {
        return Err(DirectoryError::TooLarge { bytes });
    }
    let beneath = node
        .links
        .iter()
        .fold(0_u64, |sum, link| sum.saturating_add(link.tsize));
    Ok(Branch {
        cid: sink.block(layout, data),
        size: 0,
        tsize: beneath.saturating_add(bytes as u64),
    })
}

/// Whether a name can be that of a directory's entry. A name with a slash or `..` would let
/// whoever writes the directory out to disk leave the folder.
pub(super) fn valid_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', '\0'])
}
