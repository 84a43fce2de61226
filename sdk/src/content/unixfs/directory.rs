//! Directories: a node whose links are named.

use crate::content::Cid;

use super::message;
use crate::content::block::Block;
use crate::content::dag_pb;

/// A directory's node takes at most this many bytes. Above it Kubo makes a sharded
/// directory, whose CID is another; this crate refuses instead.
pub const MAX_DIRECTORY_BYTES: usize = 262_144;

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

/// Entries that make no directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
    /// A name that is there twice.
    #[error("two files in the directory are named `{name}`")]
    Doubled {
        /// The name.
        name: String,
    },
    /// More entries than a plain directory holds.
    #[error(
        "the directory's node would take {bytes} bytes, the limit is {MAX_DIRECTORY_BYTES}: put \
         its files into several directories"
    )]
    TooLarge {
        /// How many bytes it would take.
        bytes: usize,
    },
}

/// The block of a directory with these entries, and the bytes of all blocks beneath it and
/// its own. The order of the entries makes no difference.
///
/// # Errors
/// [`DirectoryError`] for names that cannot be or are there twice, and above
/// [`MAX_DIRECTORY_BYTES`].
pub fn directory(entries: Vec<DirectoryEntry>) -> Result<(Block, u64), DirectoryError> {
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
    let beneath = links
        .iter()
        .fold(0_u64, |sum, link| sum.saturating_add(link.tsize));
    let data = dag_pb::Node {
        links,
        data: message::empty_directory(),
    }
    .encode();
    let bytes = data.len();
    if bytes > MAX_DIRECTORY_BYTES {
        return Err(DirectoryError::TooLarge { bytes });
    }
    let block = Block::of_node(data).map_err(|_| DirectoryError::TooLarge { bytes })?;
    Ok((block, beneath.saturating_add(bytes as u64)))
}

/// Whether a name can be that of a directory's entry. A name with a slash or `..` would let
/// whoever writes the directory out to disk leave the folder.
pub(super) fn valid_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', '\0'])
}
