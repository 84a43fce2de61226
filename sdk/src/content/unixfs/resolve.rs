//! A CID and a path in, a file or directory out.

use std::io;

use crate::content::Cid;

use super::directory::DirectoryEntry;
use super::hamt::{Held, Lookup, Shard, Step};
use super::message::{Contents, MalformedError, parse};
use crate::content::block::Block;
use crate::content::cids::CidError;
use crate::content::store::{BlockStore, StoreError};
use crate::content::traversal::MAX_AHEAD;

/// [`resolve`] lists directories of at most this many entries; [`list`] takes a limit.
pub const MAX_ENTRIES: usize = 100_000;

/// Levels of shards that are read: a hash of 64 bits has no more at three bits a level.
const MAX_SHARD_DEPTH: usize = 21;

/// Content that could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    /// lies deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
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
    /// A symbolic link stands where a file or directory was asked for. Links are not
    /// followed: where one leads is the reader's business, not the writer's.
    #[error(
        "{cid} is a symbolic link to `{target}`, which is not followed: ask for what it points to"
    )]
    IsSymlink {
        /// The link.
        cid: Cid,
        /// Where it points, cut to 80 characters.
        target: String,
    },
    /// A file stands where a directory was asked for.
    #[error("{cid} is a file, not a directory")]
    NotDirectory {
        /// The file.
        cid: Cid,
    },
    /// A directory has more entries than the caller takes.
    #[error("the directory {cid} has more than {limit} entries")]
    TooManyEntries {
        /// The directory.
        cid: Cid,
        /// The most that was allowed.
        limit: usize,
    },
    /// A block in a sharded directory is no shard, or lies where no hash leads.
    #[error("the block {cid} is not the part of a directory that the one above it announces")]
    WrongShard {
        /// The block.
        cid: Cid,
    },
    /// A range that begins behind the file's end.
    #[error("{cid} has {size} bytes, so none from {start}")]
    OutOfRange {
        /// The file.
        cid: Cid,
        /// Its bytes.
        size: u64,
        /// Where the range begins.
        start: u64,
    },
    /// A block, and those above it, link to more blocks than are remembered.
    #[error(
        "the block {cid} and those above it link to more than {MAX_AHEAD} blocks that are still to \
         be read"
    )]
    TooManyLinks {
        /// The block.
        cid: Cid,
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

/// A file, a directory or a symbolic link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A file.
    File {
        /// Its bytes.
        size: u64,
    },
    /// A directory.
    Directory {
        /// Its entries, in the order of their names where it is sharded, and else in that of
        /// the node.
        entries: Vec<DirectoryEntry>,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points, as its writer wrote it.
        target: String,
    },
}

/// The end of a path and the way there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The root of what the path leads to.
    pub cid: Cid,
    /// What its block holds.
    pub contents: Contents,
    /// The blocks before it, from the path's own root on: what a stranger needs to see that
    /// the path leads there.
    pub through: Vec<Cid>,
}

/// Follows `path` (`a/b.png`; empty for the root itself) from `cid` without reading what it
/// does not lead through.
///
/// # Errors
/// [`ReadError::NoEntry`] if it leads nowhere, [`ReadError::IsSymlink`] if it leads through a
/// symbolic link, and the others as they say.
pub async fn follow(cid: &Cid, path: &str, store: &dyn BlockStore) -> Result<Followed, ReadError> {
    let mut cid = *cid;
    let mut through = Vec::new();
    let mut contents = load(&cid, store).await?;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        if let Contents::Symlink { target } = &contents {
            return Err(is_symlink(cid, target));
        }
        let directory = cid;
        let mut lookup = Lookup::new(name);
        let found = loop {
            through.push(cid);
            match lookup.step(&contents) {
                Step::Entry(entry) => break entry,
                Step::Shard(next) => {
                    cid = next;
                    contents = load(&cid, store).await?;
                    if !matches!(contents, Contents::Shard(_)) {
                        return Err(ReadError::WrongShard { cid });
                    }
                }
                Step::Absent => {
                    return Err(ReadError::NoEntry {
                        cid: directory,
                        name: name.to_owned(),
                    });
                }
            }
        };
        cid = found;
        contents = load(&cid, store).await?;
    }
    Ok(Followed {
        cid,
        contents,
        through,
    })
}

/// Follows `path` (`a/b.png`; empty for the root itself) from `cid`, and lists the directory
/// that it leads to.
///
/// # Errors
/// As [`follow`], and [`ReadError::TooManyEntries`] above [`MAX_ENTRIES`].
pub async fn resolve(cid: &Cid, path: &str, store: &dyn BlockStore) -> Result<Resolved, ReadError> {
    let Followed { cid, contents, .. } = follow(cid, path, store).await?;
    let node = match contents {
        Contents::File { size, .. } => Node::File { size },
        Contents::Symlink { target } => Node::Symlink { target },
        directory => Node::Directory {
            entries: entries_of(&cid, directory, store, MAX_ENTRIES).await?,
        },
    };
    Ok(Resolved { cid, node })
}

/// The entries of a directory, at most `limit`: in the order of their names where it is
/// sharded, and else in that of the node.
///
/// # Errors
/// [`ReadError::NotDirectory`] if it is none, [`ReadError::TooManyEntries`] if there are
/// more, and the others as they say.
pub async fn list(
    cid: &Cid,
    store: &dyn BlockStore,
    limit: usize,
) -> Result<Vec<DirectoryEntry>, ReadError> {
    match load(cid, store).await? {
        Contents::File { .. } => Err(ReadError::NotDirectory { cid: *cid }),
        Contents::Symlink { target } => Err(is_symlink(*cid, &target)),
        directory => entries_of(cid, directory, store, limit).await,
    }
}

async fn entries_of(
    cid: &Cid,
    directory: Contents,
    store: &dyn BlockStore,
    limit: usize,
) -> Result<Vec<DirectoryEntry>, ReadError> {
    let too_many = || ReadError::TooManyEntries { cid: *cid, limit };
    let root = match directory {
        Contents::Directory(entries) if entries.len() > limit => return Err(too_many()),
        Contents::Directory(entries) => return Ok(entries),
        Contents::Shard(shard) => shard,
        Contents::File { .. } | Contents::Symlink { .. } => return Ok(Vec::new()),
    };
    let mut entries: Vec<DirectoryEntry> = Vec::new();
    let mut ahead: Vec<(Cid, usize)> = Vec::new();
    let mut shard: Option<(Cid, Shard, usize)> = Some((*cid, root, 0));
    while let Some((at, shard_here, depth)) = shard.take() {
        // A shard has few slots and empty ones are not made, so this bounds the blocks too.
        let before = entries.len() + ahead.len();
        for held in shard_here.held() {
            match held {
                Held::Entry(entry) => entries.push(entry.clone()),
                Held::Shard(cid) => ahead.push((*cid, depth + 1)),
            }
        }
        if entries.len() + ahead.len() > limit {
            return Err(too_many());
        }
        if depth > MAX_SHARD_DEPTH || (depth > 0 && entries.len() + ahead.len() == before) {
            return Err(ReadError::WrongShard { cid: at });
        }
        if let Some((next, depth)) = ahead.pop() {
            let Contents::Shard(below) = load(&next, store).await? else {
                return Err(ReadError::WrongShard { cid: next });
            };
            shard = Some((next, below, depth));
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    match entries.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => Err(ReadError::Malformed {
            cid: *cid,
            reason: MalformedError::Name {
                name: pair[0].name.chars().take(80).collect(),
            },
        }),
        None => Ok(entries),
    }
}

pub(super) fn is_symlink(cid: Cid, target: &str) -> ReadError {
    ReadError::IsSymlink {
        cid,
        target: target.chars().take(80).collect(),
    }
}

pub(super) async fn load(cid: &Cid, store: &dyn BlockStore) -> Result<Contents, ReadError> {
    let block = match Block::inline(cid) {
        Some(block) => block,
        None => store
            .get(cid)
            .await?
            .ok_or(ReadError::Missing { cid: *cid })?,
    };
    parse(&block).map_err(|reason| ReadError::Malformed { cid: *cid, reason })
}
