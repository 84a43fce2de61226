//! A CID in, the bytes of a file out.

use std::ops::Range;

use crate::content::Cid;
use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::hamt::Held;
use super::message::{Contents, Part};
use super::resolve::{ReadError, is_symlink, load};
use crate::content::store::BlockStore;

/// The deepest tree that is read. Kubo's layout reaches 262,144 × 174^15 bytes with it.
pub const MAX_DEPTH: usize = 16;

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
    writer: impl AsyncWrite + Unpin,
    max_bytes: u64,
) -> Result<u64, ReadError> {
    copy(Walk::through(*cid, max_bytes), store, writer).await
}

/// Writes the bytes of the file `cid` from `range.start` to before `range.end`, or to its end
/// where it is shorter, and gives their number. Of the blocks only those are read that the
/// range lies in, and those above them.
///
/// # Errors
/// [`ReadError::OutOfRange`] before the first byte if the file ends at or before
/// `range.start`, unless the range is empty; others as [`export`], without a limit.
pub async fn export_range(
    cid: &Cid,
    store: &dyn BlockStore,
    writer: impl AsyncWrite + Unpin,
    range: Range<u64>,
) -> Result<u64, ReadError> {
    let mut walk = Walk::through(*cid, u64::MAX);
    walk.range = range;
    copy(walk, store, writer).await
}

async fn copy(
    mut walk: Walk,
    store: &dyn BlockStore,
    mut writer: impl AsyncWrite + Unpin,
) -> Result<u64, ReadError> {
    let cid = walk.root;
    let write = |source| ReadError::Write { cid, source };
    let mut written = 0;
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
    let mut bytes = Vec::new();
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
#[derive(Debug)]
pub(super) struct Walk {
    root: Cid,
    max_bytes: u64,
    range: Range<u64>,
    /// What is still to be read, the next on top.
    ahead: Vec<Ahead>,
}

#[derive(Debug)]
struct Ahead {
    cid: Cid,
    /// Where its bytes begin in the file.
    start: u64,
    /// Bytes beneath it, as the node above says; the root has none above.
    announced: Option<u64>,
    depth: usize,
}

impl Walk {
    pub(super) fn through(root: Cid, max_bytes: u64) -> Self {
        Self {
            root,
            max_bytes,
            range: 0..u64::MAX,
            ahead: vec![Ahead {
                cid: root,
                start: 0,
                announced: None,
                depth: 0,
            }],
        }
    }

    /// The bytes in the next block of the tree; inner nodes mostly have none.
    pub(super) async fn next(
        &mut self,
        store: &dyn BlockStore,
    ) -> Result<Option<Bytes>, ReadError> {
        let Some(here) = self.ahead.pop() else {
            return Ok(None);
        };
        let cid = here.cid;
        let (data, parts, size) = match (load(&cid, store).await?, here.announced) {
            (Contents::File { data, parts, size }, _) => (data, parts, size),
            (_, Some(_)) => return Err(ReadError::WrongPart { cid }),
            (Contents::Symlink { target }, None) => return Err(is_symlink(cid, &target)),
            (Contents::Directory(entries), None) => {
                let example = entries.into_iter().next().map(|entry| entry.name);
                return Err(ReadError::IsDirectory { cid, example });
            }
            (Contents::Shard(shard), None) => {
                let example = shard.held().find_map(|held| match held {
                    Held::Entry(entry) => Some(entry.name.clone()),
                    Held::Shard(_) => None,
                });
                return Err(ReadError::IsDirectory { cid, example });
            }
        };
        match here.announced {
            None if size > self.max_bytes => {
                return Err(ReadError::TooLarge {
                    cid,
                    size,
                    limit: self.max_bytes,
                });
            }
            None if size <= self.range.start && self.range.start > 0 && !self.range.is_empty() => {
                return Err(ReadError::OutOfRange {
                    cid,
                    size,
                    start: self.range.start,
                });
            }
            Some(announced) if announced != size || here.depth > MAX_DEPTH => {
                return Err(ReadError::WrongPart { cid });
            }
            _ => {}
        }
        let mut start = here.start + data.len() as u64;
        let below = self.ahead.len();
        for Part { cid, size } in parts {
            // The sizes add up to what the root announced, so this cannot overflow.
            let end = start + size;
            if start < self.range.end && self.range.start < end {
                self.ahead.push(Ahead {
                    cid,
                    start,
                    announced: Some(size),
                    depth: here.depth + 1,
                });
            }
            start = end;
        }
        self.ahead[below..].reverse();
        Ok(Some(self.within(here.start, data)))
    }

    /// What of these bytes, which begin at `start` in the file, lies in the range.
    fn within(&self, start: u64, data: Bytes) -> Bytes {
        let length = data.len() as u64;
        let from = self.range.start.saturating_sub(start).min(length);
        let to = self.range.end.saturating_sub(start).min(length).max(from);
        // Both are at most the length, which is a usize.
        data.slice(from as usize..to as usize)
    }
}
