//! A CID in, bytes out.

use std::io;

use crate::content::Cid;
use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::directory::DirectoryEntry;
use super::message::{Contents, MalformedError, Part, parse};
use crate::content::block::Block;
use crate::content::cids::CidError;
use crate::content::store::{BlockStore, StoreError};

/// The deepest tree that is read. Kubo's layout reaches 262,144 × 174^15 bytes with it.
pub const MAX_DEPTH: usize = 16;

/// Content that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A block is not in the store.
    #[error("the block {cid} is not here")]
    Missing {
        /// The block.
        cid: Cid,
    },
    /// A block holds no UnixFS.
    #[error("the block {cid} holds no file or directory: {reason}")]
    Malformed {
        /// The block.
        cid: Cid,
        /// Why.
        reason: MalformedError,
    },
    /// A part of a file has another size than the node above it says, is a directory, or
    /// lies deeper than [`MAX_DEPTH`].
    #[error("the block {cid} is not the part of a file that the node above it announces")]
    WrongPart {
        /// The block.
        cid: Cid,
    },
    /// A directory stands where a file was asked for.
    #[error("{cid} is a directory; name a file in it, such as {}", example.as_deref().unwrap_or("(it is empty)"))]
    IsDirectory {
        /// The directory.
        cid: Cid,
        /// Its first entry.
        example: Option<String>,
    },
    /// A path leads through something that has no such entry.
    #[error("{cid} has no entry `{name}`")]
    NoEntry {
        /// The file or directory in which it was looked for.
        cid: Cid,
        /// The name.
        name: String,
    },
    /// The file is larger than the caller takes.
    #[error("{cid} has {size} bytes, the limit is {limit}")]
    TooLarge {
        /// The file.
        cid: Cid,
        /// Its bytes.
        size: u64,
        /// The most that was allowed.
        limit: u64,
    },
    /// The bytes could not be written where they should go.
    #[error("cannot write the content of {cid}: {source}")]
    Write {
        /// The file.
        cid: Cid,
        /// What the operating system says.
        source: io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The CID is of a kind that is not read.
    #[error(transparent)]
    Cid(#[from] CidError),
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The root of the file or directory.
    pub cid: Cid,
    /// What it is.
    pub node: Node,
}

/// A file or a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A file.
    File {
        /// Its bytes.
        size: u64,
    },
    /// A directory.
    Directory {
        /// Its entries, in the order of the node.
        entries: Vec<DirectoryEntry>,
    },
}

/// Follows `path` (`a/b.png`; empty for the root itself) from `cid`.
///
/// # Errors
/// [`ReadError::NoEntry`] if it leads nowhere, and the others as they say.
pub async fn resolve(cid: &Cid, path: &str, store: &dyn BlockStore) -> Result<Resolved, ReadError> {
    let mut cid = *cid;
    let mut contents = load(&cid, store).await?;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        let next = contents.entry(name);
        cid = next.ok_or_else(|| ReadError::NoEntry {
            cid,
            name: name.to_owned(),
        })?;
        contents = load(&cid, store).await?;
    }
    let node = match contents {
        Contents::File { size, .. } => Node::File { size },
        Contents::Directory(entries) => Node::Directory { entries },
    };
    Ok(Resolved { cid, node })
}

/// Writes the file `cid` to `writer` block by block and gives its bytes. Every block is
/// hashed and its size compared with what the node above announced, so no more than
/// `max_bytes` are ever written, whatever the blocks say.
///
/// # Errors
/// [`ReadError::TooLarge`] before the first byte; others possibly after some bytes were
/// written, so the writer's owner must not use a file before this returned.
pub async fn export(
    cid: &Cid,
    store: &dyn BlockStore,
    mut writer: impl AsyncWrite + Unpin,
    max_bytes: u64,
) -> Result<u64, ReadError> {
    let write = |source| ReadError::Write { cid: *cid, source };
    let mut written = 0;
    let mut walk = Walk::through(*cid, max_bytes);
    while let Some(data) = walk.next(store).await? {
        writer.write_all(&data).await.map_err(write)?;
        written += data.len() as u64;
    }
    writer.flush().await.map_err(write)?;
    Ok(written)
}

/// The first bytes of the file `cid`: `count`, or all if it has fewer.
///
/// # Errors
/// As [`export`], save that a file of any size will do.
pub async fn head(cid: &Cid, store: &dyn BlockStore, count: usize) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::with_capacity(count);
    let mut walk = Walk::through(*cid, u64::MAX);
    while bytes.len() < count {
        let Some(data) = walk.next(store).await? else {
            break;
        };
        bytes.extend(data.iter().take(count - bytes.len()));
    }
    Ok(bytes)
}

/// The bytes of the file `cid`, at most `max_bytes`.
///
/// # Errors
/// As [`export`].
pub async fn read(cid: &Cid, store: &dyn BlockStore, max_bytes: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    export(cid, store, &mut bytes, max_bytes).await?;
    Ok(bytes)
}

/// A way through the tree of a file, from its first byte to its last.
struct Walk {
    max_bytes: u64,
    /// What is still to be read, the next on top.
    ahead: Vec<Ahead>,
}

struct Ahead {
    cid: Cid,
    /// Bytes beneath it, as the node above says; the root has none above.
    announced: Option<u64>,
    depth: usize,
}

impl Walk {
    fn through(cid: Cid, max_bytes: u64) -> Self {
        Self {
            max_bytes,
            ahead: vec![Ahead {
                cid,
                announced: None,
                depth: 0,
            }],
        }
    }

    /// The bytes in the next block of the tree; inner nodes mostly have none.
    async fn next(&mut self, store: &dyn BlockStore) -> Result<Option<Bytes>, ReadError> {
        let Some(Ahead {
            cid,
            announced,
            depth,
        }) = self.ahead.pop()
        else {
            return Ok(None);
        };
        let (data, parts, size) = match (load(&cid, store).await?, announced) {
            (Contents::File { data, parts, size }, _) => (data, parts, size),
            (Contents::Directory(entries), None) => {
                let example = entries.into_iter().next().map(|entry| entry.name);
                return Err(ReadError::IsDirectory { cid, example });
            }
            (Contents::Directory(_), Some(_)) => return Err(ReadError::WrongPart { cid }),
        };
        match announced {
            None if size > self.max_bytes => {
                return Err(ReadError::TooLarge {
                    cid,
                    size,
                    limit: self.max_bytes,
                });
            }
            Some(announced) if announced != size || depth > MAX_DEPTH => {
                return Err(ReadError::WrongPart { cid });
            }
            _ => {}
        }
        let beneath = |part: &Part| Ahead {
            cid: part.cid,
            announced: Some(part.size),
            depth: depth + 1,
        };
        self.ahead.extend(parts.iter().rev().map(beneath));
        Ok(Some(data))
    }
}

async fn load(cid: &Cid, store: &dyn BlockStore) -> Result<Contents, ReadError> {
    let block: Block = store
        .get(cid)
        .await?
        .ok_or(ReadError::Missing { cid: *cid })?;
    parse(&block).map_err(|reason| ReadError::Malformed { cid: *cid, reason })
}
