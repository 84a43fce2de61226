//! Where a gateway takes its blocks from.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::content::Cid;
use crate::content::block::Block;
use crate::content::store::{BlockStore, StoreError, StoreFuture};

/// A store that is given so long for each block, and the blocks that CIDs themselves hold.
#[derive(Clone)]
pub(super) struct Source {
    store: Arc<dyn BlockStore>,
    time: Duration,
}

impl Source {
    pub(super) fn new(store: Arc<dyn BlockStore>, time: Duration) -> Self {
        Self { store, time }
    }

    async fn in_time<T>(&self, work: StoreFuture<'_, T>) -> Result<T, StoreError> {
        let late = || StoreError::Io {
            action: "read in time",
            path: "the store of blocks".into(),
            source: io::ErrorKind::TimedOut.into(),
        };
        let done = tokio::time::timeout(self.time, work).await;
        done.unwrap_or_else(|_| Err(late()))
    }
}

impl BlockStore for Source {
    fn get<'a>(&'a self, cid: &'a Cid) -> StoreFuture<'a, Option<Block>> {
        Box::pin(async move {
            match Block::inline(cid) {
                Some(block) => Ok(Some(block)),
                None => self.in_time(self.store.get(cid)).await,
            }
        })
    }

    fn put<'a>(&'a self, block: &'a Block) -> StoreFuture<'a, ()> {
        self.store.put(block)
    }

    fn has<'a>(&'a self, cid: &'a Cid) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            match Block::inline(cid) {
                Some(_) => Ok(true),
                None => self.in_time(self.store.has(cid)).await,
            }
        })
    }
}
