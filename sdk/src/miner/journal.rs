//! The transaction journal of a miner: its store, and a count of how transactions ended.

use std::sync::Arc;

use super::{StoreError, store::Store};
use crate::{
    chain::{Intent, Journal, JournalError, Outcome},
    metrics::Metrics,
};

/// Writes intents into the store.
pub(super) struct StoreJournal {
    store: Arc<Store>,
    metrics: Metrics,
}

impl StoreJournal {
    pub(super) const fn new(store: Arc<Store>, metrics: Metrics) -> Self {
        Self { store, metrics }
    }
}

impl Journal for StoreJournal {
    fn intend(&self, intent: &Intent) -> Result<(), JournalError> {
        self.store.record_intent(intent).map_err(failed)
    }

    fn settle(&self, intent: &Intent, outcome: Outcome) -> Result<(), JournalError> {
        tracing::debug!(hash = %intent.hash, nonce = intent.nonce, ?outcome, purpose = %intent.purpose);
        self.store.forget_intent(intent).map_err(failed)?;
        let outcome = match outcome {
            Outcome::Included => "included",
            Outcome::Reverted => "reverted",
            Outcome::Dropped => "dropped",
        };
        self.metrics
            .transaction(purpose_word(&intent.purpose), outcome);
        Ok(())
    }

    fn used(&self, intent: &Intent, gas: u64) {
        self.metrics.gas(purpose_word(&intent.purpose), gas);
    }
}

fn failed(error: StoreError) -> JournalError {
    JournalError {
        passing: error.is_passing(),
        source: Box::new(error),
    }
}

/// Whether the journal fails for want of room on the disk.
pub(super) fn is_full(error: &JournalError) -> bool {
    let store = error.source.downcast_ref::<StoreError>();
    store.is_some_and(StoreError::is_full)
}

/// What a transaction is for in one word: `committing` of `committing 0x…`. Purposes are this
/// crate's own, so that there are few of them.
pub(super) fn purpose_word(purpose: &str) -> &str {
    purpose.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_full_disk_passes_and_anything_else_does_not() {
        let full = redb::Error::Io(io::ErrorKind::StorageFull.into());
        let full = failed(StoreError::Io(Box::new(full)));
        assert!(full.passing && is_full(&full));
        let away = redb::Error::Io(io::ErrorKind::TimedOut.into());
        let away = failed(StoreError::Io(Box::new(away)));
        assert!(away.passing && !is_full(&away));
        let broken = redb::Error::Corrupted("page 7".to_owned());
        assert!(!failed(StoreError::Io(Box::new(broken))).passing);
        assert!(!is_full(&JournalError::lasting("something else")));
    }
}
