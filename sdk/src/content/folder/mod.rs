//! A folder of blocks, one file each, with pins and garbage collection.
//!
//! ```text
//! <folder>/version                     how the folder is laid out: 1
//! <folder>/blocks/b7/<sha2-256 digest as hex, here ending in b7>
//! <folder>/incoming/<random name>      being written
//! <folder>/pins/<CID>.recursive        what is kept, and its name as JSON; or .direct
//! <folder>/damaged/<digest>            what a check set aside
//! <folder>/lock                        held together by writers, alone by a collection
//! <folder>/collecting                  held by the one collection at a time
//! ```
//!
//! A block is written under `incoming`, flushed to the disk, and only then renamed to where
//! it is looked for, so a file under `blocks` is either whole or was damaged later; the
//! second is found out because every block is hashed as it is read. The last two digits name
//! the subfolder: digests are uniform, so the 256 subfolders fill evenly.
//!
//! - `files`: where everything lies, and writing that survives a crash; `flush`: the same for
//!   many files at once.
//! - `blocks`: reading and writing blocks; `usage`: the limit of bytes.
//! - `pins`: what is kept; `collect`: removing the rest; `check`: hashing everything again.

mod blocks;
mod check;
mod collect;
mod files;
mod flush;
mod pins;
mod usage;

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::content::Cid;

use self::files::{Files, Lock};
use self::usage::Usage;
use super::block::Block;
use super::store::{BlockStore, StoreError, StoreFuture};

pub use check::{Checked, DamagedBlock, Repair};
pub use collect::{Collected, GcOptions};
pub use pins::{Pin, PinMode};

/// What a folder may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FolderLimits {
    /// Bytes of all its blocks together; no limit where it is `None`. Where several processes
    /// write to one folder, each counts what the others wrote once a minute.
    pub bytes: Option<u64>,
}

/// A [`BlockStore`] in a folder. Several processes may use one folder at a time: names
/// under `incoming` are random, and writers of the same block write the same bytes.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::content::{FolderStore, GcOptions, PinMode, unixfs};
/// # let folder = tempfile::tempdir()?;
///
/// let store = FolderStore::open(folder.path())?;
/// let kept = unixfs::import(&b"kept"[..], &store).await?.cid;
/// let passing = unixfs::import(&b"passing"[..], &store).await?.cid;
/// store.pin(&kept, PinMode::Recursive, Some("mine")).await?;
///
/// // All at once; by default what is young is spared.
/// let options = GcOptions { grace: std::time::Duration::ZERO, ..GcOptions::default() };
/// store.gc(&options).await?;
/// assert!(unixfs::read(&kept, &store, 100).await.is_ok());
/// assert!(unixfs::read(&passing, &store, 100).await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct FolderStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    files: Files,
    usage: Usage,
}

/// While it lives, no collection removes anything from the folder. Take it before an import
/// that takes longer than a collection's grace, and keep it until what came is pinned.
#[derive(Debug)]
pub struct Hold {
    _lock: Lock,
}

/// A block's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredBlock {
    /// The CID of its bytes as they are: version 1, raw. What codec it was put under is not
    /// kept.
    pub cid: Cid,
    /// How many bytes the file has.
    pub bytes: u64,
}

impl FolderStore {
    /// Opens the store in `folder`, creating it where there is none, and removes what killed
    /// writers left behind. A folder of an earlier layout is brought up to this one.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the folder cannot be created or read, [`StoreError::Layout`] if
    /// a later program laid it out.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(folder, FolderLimits::default())
    }

    /// [`FolderStore::open`] with a limit of bytes, above which blocks are refused with
    /// [`StoreError::Full`].
    ///
    /// # Errors
    /// As [`FolderStore::open`].
    pub fn open_with(folder: impl AsRef<Path>, limits: FolderLimits) -> Result<Self, StoreError> {
        let inner = Inner {
            files: Files::open(folder.as_ref())?,
            usage: Usage::new(limits.bytes),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// How much disk its blocks take, bytes.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder cannot be listed.
    pub async fn size(&self) -> Result<u64, StoreError> {
        self.blocking(|inner| inner.measure()).await
    }

    /// All blocks, in the order of their digests' last byte. None is hashed.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder cannot be listed.
    pub async fn list(&self) -> Result<Vec<StoredBlock>, StoreError> {
        self.blocking(Inner::list).await
    }

    /// Keeps `cid`, and with [`PinMode::Recursive`] everything beneath it, through every
    /// collection. The blocks must be here. Pinning again changes the name, and a direct pin
    /// into a recursive one; a recursive one stays recursive.
    ///
    /// # Errors
    /// [`StoreError::Incomplete`] if a block beneath it is missing, or a node is damaged (of
    /// leaves it is seen that they are here; [`FolderStore::check`] hashes them too),
    /// [`StoreError::NotADag`] if it cannot be told what lies beneath it.
    pub async fn pin(
        &self,
        cid: &Cid,
        mode: PinMode,
        name: Option<&str>,
    ) -> Result<Pin, StoreError> {
        let pin = Pin {
            cid: *cid,
            mode,
            name: name.map(str::to_owned),
        };
        self.blocking(move |inner| inner.pin(pin)).await
    }

    /// Takes a pin away; nothing is removed before the next collection. Whether there was
    /// one.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the pin cannot be removed.
    pub async fn unpin(&self, cid: &Cid) -> Result<bool, StoreError> {
        let cid = *cid;
        self.blocking(move |inner| inner.unpin(&cid)).await
    }

    /// All pins, in the order of their CIDs as version 1.
    ///
    /// # Errors
    /// [`StoreError::Io`] if they cannot be read, [`StoreError::Pin`] if one is damaged.
    pub async fn pins(&self) -> Result<Vec<Pin>, StoreError> {
        self.blocking(Inner::pins).await
    }

    /// The pin of this very CID, if there is one.
    ///
    /// # Errors
    /// As [`FolderStore::pins`].
    pub async fn pinned(&self, cid: &Cid) -> Result<Option<Pin>, StoreError> {
        let cid = *cid;
        self.blocking(move |inner| inner.pinned(&cid)).await
    }

    /// Keeps collections from removing anything, in this process and others, for as long as
    /// the [`Hold`] lives. Waits for one that is removing something just now.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the folder cannot be locked.
    pub async fn hold(&self) -> Result<Hold, StoreError> {
        self.blocking(|inner| {
            let _lock = inner.files.lock_together()?;
            Ok(Hold { _lock })
        })
        .await
    }

    /// Removes the blocks that no pin keeps, save those that were put or wanted again lately.
    /// What others put or pin meanwhile stays.
    ///
    /// Everything beneath recursive pins is walked through; only nodes with links are read
    /// whole. Memory grows with the number of pinned blocks, some 50 bytes each.
    ///
    /// # Errors
    /// [`StoreError::Incomplete`] if a pinned node is missing or damaged, so that what lies
    /// beneath it is not known: then nothing is removed. [`StoreError::InUse`] if somebody
    /// holds the folder or collects already.
    pub async fn gc(&self, options: &GcOptions) -> Result<Collected, StoreError> {
        let options = *options;
        self.blocking(move |inner| inner.collect(&options)).await
    }

    /// Hashes every block again and sees whether everything that is pinned is here.
    /// `progress` is told how many blocks and bytes were read so far, from another thread.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder cannot be read; damage is no error but reported.
    pub async fn check(
        &self,
        repair: Repair,
        mut progress: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<Checked, StoreError> {
        self.blocking(move |inner| inner.check(repair, &mut progress))
            .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(done) => done,
            // The runtime is shutting down, or the work panicked: pass either on.
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(StoreError::Io {
                    action: "use",
                    path: self.inner.files.blocks.clone(),
                    source: io::Error::new(io::ErrorKind::Interrupted, "the program is stopping"),
                }),
            },
        }
    }
}

impl BlockStore for FolderStore {
    fn get<'a>(&'a self, cid: &'a Cid) -> StoreFuture<'a, Option<Block>> {
        let cid = *cid;
        Box::pin(self.blocking(move |inner| inner.get(cid)))
    }

    fn put<'a>(&'a self, block: &'a Block) -> StoreFuture<'a, ()> {
        let block = block.clone();
        Box::pin(self.blocking(move |inner| inner.put_many(&[block])))
    }

    fn put_many<'a>(&'a self, blocks: &'a [Block]) -> StoreFuture<'a, ()> {
        let blocks = blocks.to_vec();
        Box::pin(self.blocking(move |inner| inner.put_many(&blocks)))
    }

    fn has<'a>(&'a self, cid: &'a Cid) -> StoreFuture<'a, bool> {
        let cid = *cid;
        Box::pin(self.blocking(move |inner| Ok(inner.files.block(&cid)?.is_file())))
    }
}
