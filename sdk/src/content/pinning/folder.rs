//! The block folder as one of several stores.

use std::sync::Arc;

use super::{PinError, PinFuture, PinState, PinStore, Pinned};
use crate::content::block::Block;
use crate::content::store::StoreError;
use crate::content::{BlockStore, Cid, FolderStore, PinMode, Scope, Traversal};

/// Blocks that are put together, so that the disk is waited for once.
const BATCH: usize = 32;

/// A [`FolderStore`] that keeps what it is asked for: blocks are copied into it and pinned.
#[derive(Debug)]
pub struct FolderPins {
    folder: FolderStore,
    name: String,
}

impl FolderPins {
    /// A folder, called `name` among other stores.
    #[must_use]
    pub fn new(name: impl Into<String>, folder: FolderStore) -> Self {
        Self {
            folder,
            name: name.into(),
        }
    }

    async fn copy(&self, root: &Cid, source: &dyn BlockStore) -> Result<(), PinError> {
        let mut traversal = Traversal::new(*root, Scope::All);
        let mut batch = Vec::new();
        while let Some(block) = traversal.next(source).await? {
            batch.push(block);
            if batch.len() == BATCH {
                self.folder.put_many(&batch).await?;
                batch.clear();
            }
        }
        Ok(self.folder.put_many(&batch).await?)
    }

    async fn find(&self, root: &Cid) -> Result<Option<Pinned>, PinError> {
        let found = self.folder.pinned(root).await?;
        let whole = found.filter(|pin| pin.mode == PinMode::Recursive);
        Ok(whole.map(|_| Pinned::without_ticket(PinState::Pinned)))
    }
}

impl PinStore for FolderPins {
    fn name(&self) -> &str {
        &self.name
    }

    fn pin<'a>(&'a self, root: &'a Cid, source: &'a Arc<dyn BlockStore>) -> PinFuture<'a, Pinned> {
        Box::pin(async move {
            // Nothing is collected between the copy and its pin.
            let _hold = self.folder.hold().await?;
            match self.folder.pin(root, PinMode::Recursive, None).await {
                Ok(_) => {}
                Err(StoreError::Incomplete { .. }) => {
                    self.copy(root, &**source).await?;
                    self.folder.pin(root, PinMode::Recursive, None).await?;
                }
                Err(error) => return Err(error.into()),
            }
            Ok(Pinned::without_ticket(PinState::Pinned))
        })
    }

    fn state<'a>(
        &'a self,
        root: &'a Cid,
        _ticket: Option<&'a str>,
    ) -> PinFuture<'a, Option<Pinned>> {
        Box::pin(self.find(root))
    }

    fn unpin<'a>(&'a self, root: &'a Cid) -> PinFuture<'a, ()> {
        Box::pin(async move {
            self.folder.unpin(root).await?;
            Ok(())
        })
    }

    fn pins(&self, limit: usize) -> PinFuture<'_, Vec<(Cid, PinState)>> {
        Box::pin(async move {
            let pins = self.folder.pins().await?;
            let whole = pins
                .into_iter()
                .filter(|pin| pin.mode == PinMode::Recursive);
            let pinned = whole.map(|pin| (pin.cid, PinState::Pinned));
            Ok(pinned.take(limit).collect())
        })
    }

    fn can_read(&self) -> bool {
        true
    }

    fn get<'a>(&'a self, cid: &'a Cid) -> PinFuture<'a, Option<Block>> {
        Box::pin(async move { Ok(self.folder.get(cid).await?) })
    }
}
