//! Removing what no pin keeps.
//!
//! A collection and writers in this and other processes must not get in each other's way:
//!
//! - A block that was put is young: blocks younger than the grace are left alone, and putting
//!   one that is there makes it young again. So what an import put stays until it is pinned.
//! - Writers and pinners hold the folder's lock together. What is removed is removed while a
//!   collection holds it alone, one subfolder at a time, after a look at new pins and at each
//!   file's age. So nothing goes between a writer's look and its touch.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::files::{digest_in, entries, failed};
use super::pins::{self, Pin, PinMode};
use super::{Inner, StoredBlock};
use crate::content::block::Block;
use crate::content::cids;
use crate::content::store::StoreError;
use crate::content::traversal::{MAX_AHEAD, links};
use crate::content::unixfs::ReadError;
use crate::content::{Cid, CidVersion, dag_pb};

/// How a collection goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GcOptions {
    /// Blocks that were put less long ago than this stay, pinned or not.
    pub grace: Duration,
    /// Remove nothing, and say what would be removed.
    pub dry_run: bool,
}

impl Default for GcOptions {
    /// An hour of grace.
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(3600),
            dry_run: false,
        }
    }
}

/// What a collection did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// The blocks that were removed, or would be.
    pub removed: Vec<StoredBlock>,
    /// Their bytes.
    pub bytes: u64,
    /// Blocks that pins keep.
    pub pinned: u64,
    /// Blocks that stayed because they are young.
    pub young: u64,
}

impl Inner {
    pub(super) fn collect(&self, options: &GcOptions) -> Result<Collected, StoreError> {
        let _collecting = self.files.lock_collection()?;
        let began = SystemTime::now();
        // A grace longer than the clock is old keeps everything.
        let cutoff = began
            .checked_sub(options.grace)
            .unwrap_or(SystemTime::UNIX_EPOCH);
        let mut kept = Kept::default();
        kept.follow_pins(self)?;
        let mut collected = Collected::default();
        for shard in self.files.shards()? {
            let _alone = self.files.lock_alone()?;
            kept.follow_pins(self)?;
            for path in entries(&shard)? {
                self.collect_file(&path, &kept, cutoff, options.dry_run, &mut collected)?;
            }
        }
        Ok(collected)
    }

    fn collect_file(
        &self,
        path: &Path,
        kept: &Kept,
        cutoff: SystemTime,
        dry_run: bool,
        collected: &mut Collected,
    ) -> Result<(), StoreError> {
        let Some(digest) = digest_in(path) else {
            return Ok(());
        };
        if kept.blocks.has(&digest) {
            collected.pinned += 1;
            return Ok(());
        }
        let file = match fs::metadata(path) {
            Ok(file) => file,
            // Damaged, and a check was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed("read", path)(error)),
        };
        // Where the file system tells no time, everything is young.
        if !file.modified().is_ok_and(|written| written < cutoff) {
            collected.young += 1;
            return Ok(());
        }
        if !dry_run {
            fs::remove_file(path).map_err(failed("remove", path))?;
            self.usage.release(file.len());
        }
        collected.bytes += file.len();
        collected.removed.push(StoredBlock {
            cid: cids::of(CidVersion::V1, cids::RAW, digest),
            bytes: file.len(),
        });
        Ok(())
    }

    /// Goes through what lies beneath `root`, past what was seen before.
    pub(super) fn walk(&self, root: &Cid, seen: &mut Seen) -> Result<(), StoreError> {
        let mut ahead = vec![*root];
        while let Some(cid) = ahead.pop() {
            if let Some(block) = Block::inline(&cid) {
                ahead.extend(links_of(root, &block)?);
            } else if seen.insert(&cid)? {
                ahead.extend(self.links(root, &cid)?);
            }
            if ahead.len() > MAX_AHEAD {
                return Err(StoreError::NotADag {
                    root: *root,
                    reason: ReadError::TooManyLinks { cid }.to_string(),
                });
            }
        }
        Ok(())
    }

    /// What a block links to.
    fn links(&self, root: &Cid, cid: &Cid) -> Result<Vec<Cid>, StoreError> {
        let incomplete = || StoreError::Incomplete {
            root: Box::new(*root),
            missing: Box::new(*cid),
        };
        let path = self.files.block(cid)?;
        if cid.codec() == cids::RAW || is_leaf(&path)? {
            return match path.is_file() {
                true => Ok(Vec::new()),
                false => Err(incomplete()),
            };
        }
        match self.get(*cid) {
            Ok(Some(block)) => links_of(root, &block),
            Ok(None) | Err(StoreError::Damaged { .. }) => Err(incomplete()),
            Err(error) => Err(error),
        }
    }
}

fn links_of(root: &Cid, block: &Block) -> Result<Vec<Cid>, StoreError> {
    links(block).map_err(|error| StoreError::NotADag {
        root: *root,
        reason: error.to_string(),
    })
}

/// Whether a file begins as a dag-pb node that has data and nothing else, as the leaves of
/// files are. A node with links begins with one, so damage that made it look like this would
/// have to set its first bytes to the file's very length.
fn is_leaf(path: &Path) -> Result<bool, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed("read", path)(error)),
    };
    let length = file.metadata().map_err(failed("read", path))?.len();
    let mut head = Vec::with_capacity(16);
    file.take(16)
        .read_to_end(&mut head)
        .map_err(failed("read", path))?;
    Ok(dag_pb::is_data_alone(&head, length))
}

/// Blocks that were walked through. The same bytes may be a node under one CID and, as they
/// are, a leaf under another, so they are told apart.
#[derive(Debug, Default)]
pub(super) struct Seen {
    nodes: HashSet<[u8; 32]>,
    alone: HashSet<[u8; 32]>,
}

impl Seen {
    /// Whether it is new.
    fn insert(&mut self, cid: &Cid) -> Result<bool, StoreError> {
        let digest = cids::digest(cid)?;
        Ok(match cid.codec() {
            cids::RAW => self.alone.insert(digest),
            _ => self.nodes.insert(digest),
        })
    }

    fn has(&self, digest: &[u8; 32]) -> bool {
        self.nodes.contains(digest) || self.alone.contains(digest)
    }
}

/// What pins keep.
#[derive(Debug, Default)]
struct Kept {
    blocks: Seen,
    /// Files of the pins that were followed. A pin that keeps more has another file.
    followed: HashSet<PathBuf>,
}

impl Kept {
    /// Follows the pins that were not there before.
    fn follow_pins(&mut self, inner: &Inner) -> Result<(), StoreError> {
        for path in inner.pin_files()? {
            if self.followed.contains(&path) {
                continue;
            }
            if let Some(Pin { cid, mode, .. }) = pins::read(&path)? {
                match mode {
                    PinMode::Recursive => inner.walk(&cid, &mut self.blocks)?,
                    PinMode::Direct => {
                        self.blocks.alone.insert(cids::digest(&cid)?);
                    }
                }
            }
            self.followed.insert(path);
        }
        Ok(())
    }
}
