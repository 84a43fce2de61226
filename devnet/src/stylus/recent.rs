//! Which programs ran in the current block already.

use std::collections::VecDeque;

use alloy_primitives::B256;

/// The programs that ran last in a block: they are in memory, so that starting one
/// again is charged as cached (ArbOS 60; go-ethereum fork: `core/state/statedb_arbitrum.go`,
/// `RecentWasms`). The chain makes a new one for each block.
#[derive(Clone, Debug, Default)]
pub struct RecentPrograms {
    /// Least recently used first; at most a few dozen, so that a list is quickest.
    hashes: VecDeque<B256>,
}

impl RecentPrograms {
    /// Notes that the program with `code_hash` runs and says whether it was among the
    /// last `retain` programs.
    pub fn insert(&mut self, code_hash: B256, retain: u16) -> bool {
        if let Some(at) = self.hashes.iter().position(|hash| *hash == code_hash) {
            self.hashes.remove(at);
            self.hashes.push_back(code_hash);
            return true;
        }
        // The list the chain uses holds at least one entry.
        while self.hashes.len() >= usize::from(retain).max(1) {
            self.hashes.pop_front();
        }
        self.hashes.push_back(code_hash);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_most_recent_only() {
        let hash = B256::repeat_byte;
        let mut recent = RecentPrograms::default();
        assert!(!recent.insert(hash(1), 2));
        assert!(!recent.insert(hash(2), 2));
        assert!(recent.insert(hash(1), 2));
        assert!(
            !recent.insert(hash(3), 2),
            "evicts 2, the least recently used"
        );
        assert!(recent.insert(hash(1), 2));
        assert!(!recent.insert(hash(2), 2));
    }
}
