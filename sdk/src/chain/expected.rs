//! Blocks that receipts named before they were read.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use alloy_primitives::B256;

/// Blocks that something relies on already and whose events are not read yet: those of
/// receipts, for instance. [`Events`](super::Events) holds the chain against them: one that
/// never comes, or that another has replaced, is a reorganisation which what was read alone
/// cannot show.
#[derive(Debug, Default)]
pub struct Expected {
    blocks: Mutex<BTreeSet<(u64, B256)>>,
}

impl Expected {
    /// Something relies on this block. Where its hash is not known, zero, it is only waited for.
    pub fn note(&self, number: u64, hash: B256) {
        self.blocks().insert((number, hash));
    }

    /// The newest block that something relies on; 0 where nothing does.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.blocks().last().map_or(0, |(number, _)| *number)
    }

    /// Those up to and with block `end`.
    pub(super) fn up_to(&self, end: u64) -> Vec<(u64, B256)> {
        let blocks = self.blocks();
        let known = blocks.iter().take_while(|(number, _)| *number <= end);
        known.copied().collect()
    }

    /// Forgets these: they were held against the chain.
    pub(super) fn forget(&self, met: &[(u64, B256)]) {
        let mut blocks = self.blocks();
        for block in met {
            blocks.remove(block);
        }
    }

    fn blocks(&self) -> MutexGuard<'_, BTreeSet<(u64, B256)>> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
