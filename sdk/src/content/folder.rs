//! A folder of blocks, one file each.
//!
//! ```text
//! <folder>/blocks/b7/<sha2-256 digest as hex, here ending in b7>
//! <folder>/incoming/<random name>      being written
//! ```
//!
//! A block is written under `incoming`, flushed to the disk, and only then renamed to where
//! it is looked for, so a file under `blocks` is either whole or was damaged later; the
//! second is found out because every block is hashed as it is read. The last two digits name
//! the subfolder: digests are uniform, so the 256 subfolders fill evenly.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::content::Cid;
use bytes::Bytes;

use super::block::{Block, BlockError, MAX_BLOCK_BYTES};
use super::cids;
use super::store::{BlockStore, StoreError, StoreFuture};

/// Files under `incoming` that are older than this were left by a killed writer.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// A [`BlockStore`] in a folder. Several processes may use one folder at a time: names
/// under `incoming` are random, and writers of the same block write the same bytes.
#[derive(Debug, Clone)]
pub struct FolderStore {
    folders: Arc<Folders>,
}

#[derive(Debug)]
struct Folders {
    blocks: PathBuf,
    incoming: PathBuf,
}

impl FolderStore {
    /// Opens the store in `folder`, creating it where there is none, and removes what killed
    /// writers left behind.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the folder cannot be created or read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        let folders = Folders {
            blocks: folder.as_ref().join("blocks"),
            incoming: folder.as_ref().join("incoming"),
        };
        for path in [&folders.blocks, &folders.incoming] {
            fs::create_dir_all(path).map_err(failed("create the folder", path))?;
        }
        folders.remove_abandoned()?;
        Ok(Self {
            folders: Arc::new(folders),
        })
    }

    /// How much disk its blocks take, bytes.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder cannot be listed.
    pub async fn size(&self) -> Result<u64, StoreError> {
        self.blocking(|folders| size_of(&folders.blocks)).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folders) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let folders = Arc::clone(&self.folders);
        match tokio::task::spawn_blocking(move || work(&folders)).await {
            Ok(done) => done,
            // The runtime is shutting down, or the work panicked: pass either on.
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(StoreError::Io {
                    action: "use",
                    path: self.folders.blocks.clone(),
                    source: io::Error::new(io::ErrorKind::Interrupted, "the program is stopping"),
                }),
            },
        }
    }
}

impl BlockStore for FolderStore {
    fn get<'a>(&'a self, cid: &'a Cid) -> StoreFuture<'a, Option<Block>> {
        let cid = *cid;
        Box::pin(self.blocking(move |folders| folders.get(cid)))
    }

    fn put<'a>(&'a self, block: &'a Block) -> StoreFuture<'a, ()> {
        let block = block.clone();
        Box::pin(self.blocking(move |folders| folders.put(&block)))
    }

    fn has<'a>(&'a self, cid: &'a Cid) -> StoreFuture<'a, bool> {
        let cid = *cid;
        Box::pin(self.blocking(move |folders| Ok(folders.path_of(&cid)?.is_file())))
    }
}

impl Folders {
    fn path_of(&self, cid: &Cid) -> Result<PathBuf, StoreError> {
        let digest = cids::digest(cid)?;
        let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(self.blocks.join(&name[62..]).join(name))
    }

    fn get(&self, cid: Cid) -> Result<Option<Block>, StoreError> {
        let path = self.path_of(&cid)?;
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &path)(error)),
        };
        // One byte above the limit is enough to see that a file is no block.
        let mut data = Vec::new();
        file.take(MAX_BLOCK_BYTES as u64 + 1)
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

    fn put(&self, block: &Block) -> Result<(), StoreError> {
        let path = self.path_of(block.cid())?;
        match self.get(*block.cid()) {
            Ok(Some(_)) => return Ok(()),
            // Writing again heals a damaged file.
            Ok(None) | Err(StoreError::Damaged { .. }) => {}
            Err(error) => return Err(error),
        }
        let shard = path.parent().unwrap_or(&self.blocks);
        match fs::create_dir(shard) {
            // The new subfolder's own entry must reach the disk too.
            Ok(()) => flush_folder(&self.blocks)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed("create the folder", shard)(error)),
        }
        let mut file = tempfile::NamedTempFile::new_in(&self.incoming)
            .map_err(failed("create a file in", &self.incoming))?;
        file.write_all(block.data())
            .map_err(failed("write", file.path()))?;
        file.as_file()
            .sync_all()
            .map_err(failed("flush", file.path()))?;
        file.persist(&path)
            .map_err(|error| failed("write", &path)(error.error))?;
        flush_folder(shard)
    }

    fn remove_abandoned(&self) -> Result<(), StoreError> {
        let entries =
            fs::read_dir(&self.incoming).map_err(failed("list the folder", &self.incoming))?;
        for entry in entries.flatten() {
            let age = entry
                .metadata()
                .and_then(|file| file.modified())
                .ok()
                .and_then(|written| SystemTime::now().duration_since(written).ok());
            if age.is_some_and(|age| age > ABANDONED_AFTER) {
                tracing::debug!(path = %entry.path().display(), "removing what a killed writer left");
                // Another process that opens the same store may have been faster.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }
}

/// Bytes of the files beneath a folder of subfolders.
fn size_of(folder: &Path) -> Result<u64, StoreError> {
    let mut bytes = 0_u64;
    for shard in fs::read_dir(folder).map_err(failed("list the folder", folder))? {
        let shard = shard.map_err(failed("list the folder", folder))?.path();
        let files = match fs::read_dir(&shard) {
            Ok(files) => files,
            // No subfolder, so none of ours.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => continue,
            Err(error) => return Err(failed("list the folder", &shard)(error)),
        };
        // A file that goes away meanwhile takes no room.
        let sizes = files.flatten().filter_map(|file| file.metadata().ok());
        bytes = sizes.fold(bytes, |sum, file| sum.saturating_add(file.len()));
    }
    Ok(bytes)
}

/// Makes renames and new entries in a folder outlive a crash of the machine. Windows has no
/// such call for folders and needs none.
fn flush_folder(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(failed("flush", path))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn failed<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> StoreError + 'a {
    move |source| StoreError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}
