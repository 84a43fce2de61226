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
