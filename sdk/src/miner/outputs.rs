//! The folder of outputs: what jobs and cases have is kept, and the rest goes.
//!
//! Outputs are pinned when they are put, and let go of when no job and no case has them any
//! more, because [`Retention`](super::Retention) forgot the last one. What others have pinned
//! in the folder is left alone.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use super::machine::{Machine, StepError, named};
use crate::{
    content::{Cid, FolderStore, GcOptions, PinMode, StoreError, unixfs},
    inference::Outputs,
};

/// The name of pins that are the miner's to take away.
const NAME: &str = "arbius miner";

/// How often the folder is gone through: it takes reading every node with links.
const EVERY: Duration = Duration::from_secs(86_400);

impl Machine {
    /// Writes outputs to the folder and keeps them there.
    pub(super) async fn put(&self, outputs: &Outputs) -> Result<(), StepError> {
        let root = unixfs::put_files(&named(outputs), &self.outputs).await?;
        Ok(keep(&self.outputs, &root.cid).await?)
    }

    /// Lets go of what no job and no case has any more: the first time that some were
    /// forgotten, and every day from then on.
    pub(super) async fn tidy(&self, forgotten: bool) -> Result<(), StepError> {
        let mut tidied = self.tidied.lock().await;
        let due = tidied.map_or(forgotten, |at: Instant| at.elapsed() >= EVERY);
        if due {
            self.let_go().await?;
            *tidied = Some(Instant::now());
        }
        Ok(())
    }

    async fn let_go(&self) -> Result<(), StepError> {
        // Before the store: a job has its CID written down before its outputs are pinned.
        let pins = self.outputs.pins().await?;
        let roots: HashSet<Cid> = self.store.roots()?;
        for pin in &pins {
            if pin.name.as_deref() == Some(NAME) && !roots.contains(&pin.cid) {
                self.outputs.unpin(&pin.cid).await?;
            }
        }
        let pinned: HashSet<Cid> = pins.into_iter().map(|pin| pin.cid).collect();
        // Put by a version that pinned nothing.
        for root in roots.difference(&pinned) {
            match keep(&self.outputs, root).await {
                // Another's, which is not here.
                Err(StoreError::Incomplete { .. }) => {}
                kept => kept?,
            }
        }
        let gone = self.outputs.gc(&GcOptions::default()).await?;
        if !gone.removed.is_empty() {
            let (blocks, bytes) = (gone.removed.len(), gone.bytes);
            tracing::info!(blocks, bytes, "let go of the outputs of old jobs");
        }
        Ok(())
    }
}

/// Keeps what is in the folder, unless somebody does already.
pub(super) async fn keep(outputs: &FolderStore, root: &Cid) -> Result<(), StoreError> {
    if outputs.pinned(root).await?.is_none() {
        outputs.pin(root, PinMode::Recursive, Some(NAME)).await?;
    }
    Ok(())
}
