//! Reading and writing blocks.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use tempfile::TempPath;

use super::files::{digest_in, entries, failed};
use super::flush::Flush;
use super::usage::Reserved;
use super::{Inner, StoredBlock};
use crate::content::block::{Block, BlockError, MAX_BLOCK_BYTES};
use crate::content::store::StoreError;
use crate::content::{Cid, CidVersion, cids};

impl Inner {
    pub(super) fn get(&self, cid: Cid) -> Result<Option<Block>, StoreError> {
        let path = self.files.block(&cid)?;
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &path)(error)),
        };
        // One byte above the limit is enough to see that a file is no block.
        let limit = MAX_BLOCK_BYTES as u64 + 1;
        let length = file.metadata().map_or(0, |file| file.len());
        // Room for one more byte spares the reader a second allocation to find the end.
        let mut data = Vec::with_capacity(length.min(limit) as usize + 1);
        file.take(limit)
            .read_to_end(&mut data)
            .map_err(failed("read", &path))?;
        match Block::verified(cid, Bytes::from(data)) {
            Ok(block) => Ok(Some(block)),
            Err(BlockError::Cid(error)) => Err(error.into()),
            Err(BlockError::WrongBytes { .. } | BlockError::TooLarge { .. }) => {
                Err(StoreError::Damaged { cid, path })
            }
        }
    }

    /// Keeps the blocks, flushed together. The last becomes visible last, when all others
    /// outlive a crash.
    pub(super) fn put_many(&self, blocks: &[Block]) -> Result<(), StoreError> {
        // No collection may remove a block between the look whether it is here and the
        // touch that keeps it.
        let _lock = self.files.lock_together()?;
        let Some((last, before)) = blocks.split_last() else {
            return Ok(());
        };
        self.put_together(before)?;
        self.put_together(std::slice::from_ref(last))
    }

    fn put_together(&self, blocks: &[Block]) -> Result<(), StoreError> {
        let flush = Flush::of(&self.files.blocks, blocks.len())?;
        let mut written: Vec<(TempPath, PathBuf)> = Vec::with_capacity(blocks.len());
        let mut reserved = Vec::new();
        for block in blocks {
            let path = self.files.block(block.cid())?;
            // Whoever puts a block twice in one go is none the worse for it.
            if self.is_kept(block, &path)? {
                continue;
            }
            let bytes = block.data().len() as u64;
            reserved.push(self.usage.reserve(bytes, || self.measure())?);
            let mut file = self.files.new_incoming()?;
            file.write_all(block.data())
                .map_err(failed("write", file.path()))?;
            // A collection goes by this time, and what the system sets by itself is some
            // milliseconds behind.
            file.as_file()
                .set_modified(SystemTime::now())
                .map_err(failed("write", file.path()))?;
            // Closed: there may be more of them than a process may have open.
            written.push((file.into_temp_path(), path));
        }
        flush.files(written.iter().map(|(file, _)| &**file))?;
        let mut folders: Vec<PathBuf> = Vec::new();
        for (file, path) in written {
            let shard = path.parent().unwrap_or(&self.files.blocks);
            if make_shard(shard)? {
                // The new subfolder's own entry must reach the disk too.
                folders.push(self.files.blocks.clone());
            }
            folders.push(shard.to_owned());
            file.persist(&path)
                .map_err(|error| failed("write", &path)(error.error))?;
        }
        reserved.into_iter().for_each(Reserved::keep);
        folders.sort();
        folders.dedup();
        flush.folders(folders.iter().map(PathBuf::as_path))
    }

    /// Whether the block is here and whole; then it counts as put just now. One that is
    /// damaged is written again.
    fn is_kept(&self, block: &Block, path: &Path) -> Result<bool, StoreError> {
        match self.get(*block.cid()) {
            Ok(Some(_)) => {
                File::options()
                    .append(true)
                    .open(path)
                    .and_then(|file| file.set_modified(SystemTime::now()))
                    .map_err(failed("touch", path))?;
                Ok(true)
            }
            Ok(None) | Err(StoreError::Damaged { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Bytes of all blocks.
    pub(super) fn measure(&self) -> Result<u64, StoreError> {
        let mut bytes = 0_u64;
        for shard in self.files.shards()? {
            // A file that goes away meanwhile takes no room.
            let sizes = entries(&shard)?;
            let sizes = sizes.iter().filter_map(|file| fs::metadata(file).ok());
            bytes = sizes.fold(bytes, |sum, file| sum.saturating_add(file.len()));
        }
        Ok(bytes)
    }

    pub(super) fn list(&self) -> Result<Vec<StoredBlock>, StoreError> {
        let mut blocks = Vec::new();
        for shard in self.files.shards()? {
            for path in entries(&shard)? {
                if let (Some(digest), Ok(file)) = (digest_in(&path), fs::metadata(&path)) {
                    blocks.push(StoredBlock {
                        cid: cids::of(CidVersion::V1, cids::RAW, digest),
                        bytes: file.len(),
                    });
                }
            }
        }
        Ok(blocks)
    }
}

/// Makes a subfolder for blocks; whether it was not there.
fn make_shard(shard: &Path) -> Result<bool, StoreError> {
    match fs::create_dir(shard) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed("create the folder", shard)(error)),
    }
}
