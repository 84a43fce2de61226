//! The block folder, and gateways for what is not in it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use arbius_sdk::content::unixfs::ReadError;
use arbius_sdk::content::{
    Block, BlockStore, Cid, FetchError, FetchLimits, Fetcher, FolderStore, StoreError, StoreFuture,
};
use arbius_sdk::miner::BLOCKS_FOLDER;
use eyre::bail;
use tempfile::TempDir;

use crate::args;

/// Where the blocks of a miner's folder are.
pub(super) fn place(folder: &args::Folder) -> PathBuf {
    folder.path.join(BLOCKS_FOLDER)
}

/// The block folder, made where there is none.
pub(super) fn open_or_make(folder: &args::Folder) -> eyre::Result<FolderStore> {
    if folder.path.is_file() {
        bail!("{} is a file, not a folder", folder.path.display());
    }
    Ok(FolderStore::open(place(folder))?)
}

/// The block folder, which has to be there.
pub(super) fn open(folder: &args::Folder) -> eyre::Result<FolderStore> {
    let place = place(folder);
    if !place.is_dir() {
        bail!(
            "there is no block folder {}: `arbius ipfs add` and `arbius mine` make one; name \
             another miner's with --folder",
            place.display()
        );
    }
    Ok(FolderStore::open(place)?)
}

/// What content is read from: the block folder, and for what it does not have the gateways.
/// What came from a gateway is kept in the folder, until `arbius ipfs gc`.
pub(super) struct Blocks {
    folder: FolderStore,
    fetcher: Option<Fetcher>,
    /// Why the last block could not be fetched, which says more than that it is not here.
    failure: Mutex<Option<FetchError>>,
    /// The folder of one command alone, where there is no block folder.
    _passing: Option<TempDir>,
}

impl Blocks {
    /// What the command line names. Reading makes no block folder: without one, what is
    /// fetched is kept for this command alone.
    pub(super) fn open(fetching: &args::Fetching) -> eyre::Result<Self> {
        let (folder, passing) = match place(&fetching.folder).is_dir() || fetching.offline {
            true => (open(&fetching.folder)?, None),
            false => {
                let passing = TempDir::with_prefix("arbius-")?;
                (FolderStore::open(passing.path())?, Some(passing))
            }
        };
        Self::over(folder, passing, fetching)
    }

    /// As [`Blocks::open`], but for what is to stay: the block folder is made.
    pub(super) fn open_or_make(fetching: &args::Fetching) -> eyre::Result<Self> {
        Self::over(open_or_make(&fetching.folder)?, None, fetching)
    }

    fn over(
        folder: FolderStore,
        passing: Option<TempDir>,
        fetching: &args::Fetching,
    ) -> eyre::Result<Self> {
        let limits = FetchLimits {
            bytes: fetching.max_size,
            // As many as it takes in blocks of Kubo's size, and more for small files.
            blocks: usize::try_from(fetching.max_size / 16_384)
                .unwrap_or(usize::MAX)
                .max(10_000),
            time: fetching.timeout,
            ..FetchLimits::default()
        };
        let fetcher = match fetching.offline {
            true => None,
            false => Some(Fetcher::new(&fetching.gateways, limits)?),
        };
        Ok(Self {
            folder,
            fetcher,
            failure: Mutex::default(),
            _passing: passing,
        })
    }

    /// The folder alone.
    pub(super) fn folder(&self) -> &FolderStore {
        &self.folder
    }

    /// Who fetches, unless nothing is to be fetched.
    pub(super) fn fetcher(&self) -> Option<&Fetcher> {
        self.fetcher.as_ref()
    }

    /// What an error of reading means, with what gateways said.
    pub(super) fn explain(&self, error: ReadError) -> eyre::Report {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        match (error, failure.take()) {
            (ReadError::Missing { .. }, Some(failure)) => failure.into(),
            (error, _) => super::read_error(error),
        }
    }
}

impl BlockStore for Blocks {
    fn get<'a>(&'a self, cid: &'a Cid) -> StoreFuture<'a, Option<Block>> {
        Box::pin(async move {
            match (self.folder.get(cid).await, &self.fetcher) {
                (Ok(Some(block)), _) => return Ok(Some(block)),
                // Fetching it again heals the damage.
                (Ok(None) | Err(StoreError::Damaged { .. }), Some(_)) => {}
                (other, _) => return other,
            }
            let Some(fetcher) = &self.fetcher else {
                return Ok(None);
            };
            match fetcher.block(cid).await {
                Ok(block) => {
                    self.folder.put(&block).await?;
                    Ok(Some(block))
                }
                Err(error) => {
                    let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                    *failure = Some(error);
                    Ok(None)
                }
            }
        })
    }

    fn put<'a>(&'a self, block: &'a Block) -> StoreFuture<'a, ()> {
        self.folder.put(block)
    }

    fn has<'a>(&'a self, cid: &'a Cid) -> StoreFuture<'a, bool> {
        self.folder.has(cid)
    }
}
