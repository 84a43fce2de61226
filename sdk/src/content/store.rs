//! Where blocks are kept: one trait, and the store in memory.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use crate::content::Cid;
use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::block::Block;
use super::cids::{self, CidError};

/// What a [`BlockStore`] answers with: boxed, so that a store can be held as
/// `Arc<dyn BlockStore>`.
pub type StoreFuture<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Keeps blocks under their CIDs. A store holds bytes by their hash: CIDs of another version
/// or codec with the same hash name the same bytes.
pub trait BlockStore: Send + Sync {
    /// The block, hashed while it was read, or `None` if it is not here.
    fn get<'a>(&'a self, cid: &'a Cid) -> StoreFuture<'a, Option<Block>>;

    /// Keeps a block. When this returns, the block outlives a crash of the process and, in a
    /// store on disk, of the machine.
    fn put<'a>(&'a self, block: &'a Block) -> StoreFuture<'a, ()>;

    /// Keeps several blocks. When this returns, all of them are kept as by
    /// [`BlockStore::put`]; when it fails, some may be. A block comes after those that it
    /// links to, so a store that keeps their order has what lies beneath whatever it has.
    fn put_many<'a>(&'a self, blocks: &'a [Block]) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            for block in blocks {
                self.put(block).await?;
            }
            Ok(())
        })
    }

    /// Whether [`BlockStore::get`] would find something. It need not hash it, so the answer
    /// may be yes for a block that has rotted.
    fn has<'a>(&'a self, cid: &'a Cid) -> StoreFuture<'a, bool>;
}

/// A store that did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk holds other bytes under this CID than were written.
    #[error(
        "the block {cid} is damaged: {} holds other bytes than were written; delete that file and \
         fetch the block again",
        path.display()
    )]
    Damaged {
        /// The block.
        cid: Cid,
        /// The file that holds it.
        path: PathBuf,
    },
    /// The disk has no room for what should be written. Nothing that was kept before is lost.
    #[error("the disk is full: cannot write {} ({source}); make room and try again", path.display())]
    DiskFull {
        /// What could not be written.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The store's own limit is reached.
    #[error(
        "the store holds {used} bytes and may hold {limit}, so there is no room for {wanted} more: \
         raise the limit, or unpin what is not needed and collect garbage"
    )]
    Full {
        /// The most that it may hold, bytes.
        limit: u64,
        /// What it holds.
        used: u64,
        /// What should have been added.
        wanted: u64,
    },
    /// The folder was laid out by a later program, or its version is damaged.
    #[error(
        "{} says that the folder is laid out as `{found}`, and this program knows {known}: use \
         the program that wrote it, or a later one",
        path.display()
    )]
    Layout {
        /// The file that says so.
        path: PathBuf,
        /// What it says, cut to 20 characters.
        found: String,
        /// What this program writes.
        known: u32,
    },
    /// Others hold on to the folder.
    #[error(
        "{} is in use: something is being imported or collected; try again when it is done",
        path.display()
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// Not everything beneath a root is here and whole.
    #[error(
        "the block {missing} beneath {root} is missing or damaged: get {root} again, or take its \
         pin away if it has one"
    )]
    Incomplete {
        /// The root.
        root: Box<Cid>,
        /// The block.
        missing: Box<Cid>,
    },
    /// It cannot be told what lies beneath a root.
    #[error(
        "what lies beneath {root} cannot be told: {reason}; a direct pin keeps the block alone"
    )]
    NotADag {
        /// The root.
        root: Cid,
        /// Why.
        reason: String,
    },
    /// A pin that cannot be set or read.
    #[error("the pin {} cannot be used: {reason}", path.display())]
    Pin {
        /// The pin's file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file or folder could not be used.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: `read`, `write`, …
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The CID is of a kind that no store holds.
    #[error(transparent)]
    Cid(#[from] CidError),
}

/// Blocks in memory, for content that is only passing through.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::content::{Block, BlockStore, MemoryStore};
///
/// let store = MemoryStore::new();
/// let block = Block::of_node(b"\x0a\x02\x08\x01".to_vec().into())?;
/// store.put(&block).await?;
/// assert_eq!(store.get(block.cid()).await?, Some(block));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    blocks: RwLock<HashMap<[u8; 32], Bytes>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many blocks it holds.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether it holds no block.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    // A map of blocks is whole whatever a panicking writer did, so poison means nothing here.
    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<[u8; 32], Bytes>> {
        self.blocks.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlockStore for MemoryStore {
    fn get<'a>(&'a self, cid: &'a Cid) -> StoreFuture<'a, Option<Block>> {
        Box::pin(async move {
            let data = self.read().get(&cids::digest(cid)?).cloned();
            Ok(data.and_then(|data| Block::verified(*cid, data).ok()))
        })
    }

    fn put<'a>(&'a self, block: &'a Block) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let digest = cids::digest(block.cid())?;
            let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
            blocks.insert(digest, block.data().clone());
            Ok(())
        })
    }

    fn has<'a>(&'a self, cid: &'a Cid) -> StoreFuture<'a, bool> {
        Box::pin(async move { Ok(self.read().contains_key(&cids::digest(cid)?)) })
    }
}
