//! The storage cache: what a program read and wrote in its storage since the last flush.

use std::collections::BTreeMap;

use alloy_primitives::B256;

use crate::stylus::prices::{cached_read_gas, cached_write_gas};

/// A word of storage as the program sees it.
#[derive(Clone, Copy, Debug)]
struct Word {
    value: B256,
    /// What the chain holds, if that was read or written.
    known: Option<B256>,
}

/// Nitro: `crates/arbutil/src/evm/storage.rs`, `StorageCache`.
///
/// Accesses get dearer with their number, which clearing does not reset.
#[derive(Debug, Default)]
pub(super) struct StorageCache {
    words: BTreeMap<B256, Word>,
    reads: u64,
    writes: u64,
}

impl StorageCache {
    /// Counts a read and returns its gas.
    pub(super) fn read_gas(&mut self) -> u64 {
        self.reads += 1;
        cached_read_gas(self.reads)
    }

    /// Counts a write and returns its gas.
    pub(super) fn write_gas(&mut self) -> u64 {
        self.writes += 1;
        cached_write_gas(self.writes)
    }

    /// The word at `key`, if it is cached.
    pub(super) fn get(&self, key: &B256) -> Option<B256> {
        self.words.get(key).map(|word| word.value)
    }

    /// Notes what the chain holds at `key`.
    pub(super) fn loaded(&mut self, key: B256, value: B256) {
        self.words.insert(
            key,
            Word {
                value,
                known: Some(value),
            },
        );
    }

    /// Writes `value`, to be flushed later.
    pub(super) fn store(&mut self, key: B256, value: B256) {
        self.words
            .entry(key)
            .and_modify(|word| word.value = value)
            .or_insert(Word { value, known: None });
    }

    /// Takes what the chain does not hold yet, in order of the keys, and empties the
    /// cache if `clear`.
    pub(super) fn flush(&mut self, clear: bool) -> Vec<(B256, B256)> {
        let mut dirty = Vec::new();
        for (key, word) in &mut self.words {
            if word.known != Some(word.value) {
                dirty.push((*key, word.value));
                word.known = Some(word.value);
            }
        }
        if clear {
            self.words.clear();
        }
        dirty
    }
}
