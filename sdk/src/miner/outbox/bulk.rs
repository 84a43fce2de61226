//! How many tasks go together in one transaction.

use std::time::Duration;

/// Gas that revealing one task takes at most, in a bulk: measured are 53,000 with a warm
/// program (`benches/gas.json`), and tasks differ.
const REVEAL_GAS: u64 = 80_000;

/// Gas that claiming one task takes at most, in a bulk: measured are 17,000.
const CLAIM_GAS: u64 = 60_000;

/// Bytes of calldata for a task and its CID: an id, an offset, a length, 34 bytes in two words.
const REVEAL_BYTES: usize = 160;

/// Bytes of calldata for a task.
const CLAIM_BYTES: usize = 32;

/// Which tasks go together in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bulk {
    /// Most tasks in a transaction. With 1 each has transactions of its own.
    pub tasks: usize,
    /// How long the first waits for others while more are being computed. With none underway
    /// it does not wait.
    pub window: Duration,
    /// Most gas that a transaction may need. Nova's limit is 32 million.
    pub gas: u64,
    /// Most bytes of calldata. Nitro's sequencer takes transactions of up to 95,000 bytes.
    pub bytes: usize,
}

impl Default for Bulk {
    fn default() -> Self {
        Self {
            tasks: 50,
            window: Duration::from_millis(250),
            gas: 24_000_000,
            bytes: 80_000,
        }
    }
}

impl Bulk {
    /// Most tasks that are committed to and revealed together.
    pub(super) fn reveals(&self) -> usize {
        self.fits(REVEAL_GAS, REVEAL_BYTES)
    }

    /// Most tasks that are claimed together.
    pub(super) fn claims(&self) -> usize {
        self.fits(CLAIM_GAS, CLAIM_BYTES)
    }

    fn fits(&self, gas: u64, bytes: usize) -> usize {
        let by_gas = usize::try_from(self.gas / gas).unwrap_or(usize::MAX);
        self.tasks.min(by_gas).min(self.bytes / bytes).max(1)
    }
}

/// Gas for revealing `tasks` where nothing could be simulated.
pub(super) fn reveal_gas_unsimulated(tasks: usize) -> u64 {
    // What a single reveal may cost (an uncached program, data on L1) is far below the first.
    let tasks = u64::try_from(tasks).unwrap_or(u64::MAX);
    REVEAL_GAS.saturating_mul(tasks).saturating_add(600_000)
}

/// What each of so many tasks has used of a transaction's gas.
pub(super) fn share(gas: u64, among: usize) -> u64 {
    gas / u64::try_from(among.max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_limit_counts_and_one_always_fits() {
        let bulk = Bulk::default();
        assert_eq!((bulk.reveals(), bulk.claims()), (50, 50));
        let wide = Bulk {
            tasks: 10_000,
            ..bulk
        };
        assert_eq!(wide.reveals(), 300);
        assert_eq!(wide.claims(), 400);
        let short = Bulk { bytes: 500, ..bulk };
        assert_eq!((short.reveals(), short.claims()), (3, 15));
        let none = Bulk {
            tasks: 0,
            gas: 0,
            bytes: 0,
            ..bulk
        };
        assert_eq!((none.reveals(), none.claims()), (1, 1));
    }
}
