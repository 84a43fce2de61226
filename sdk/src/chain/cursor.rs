//! How far a chain was read, and which chain that was.

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

/// Checkpoints up to this depth are all kept; of deeper ones, two for each doubling.
const DENSE: u64 = 16;

/// How far a chain was read: everything up to and with this block.
///
/// It remembers some blocks on the way, close together near its end and ever further apart
/// before, by which the place where a reorganised chain parted is found in a few questions,
/// and by which another chain is recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The last block that was read.
    pub block: u64,
    /// Its hash, by which a reorganisation is noticed; zero where it is not known.
    pub hash: B256,
    /// Blocks before it with their hashes, oldest first; the oldest is where reading began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    known: Vec<(u64, B256)>,
}

impl Cursor {
    /// Nothing up to and with this block is wanted.
    #[must_use]
    pub const fn after(block: u64) -> Self {
        Self {
            block,
            hash: B256::ZERO,
            known: Vec::new(),
        }
    }

    /// Blocks that are known, oldest first, this one included.
    pub(super) fn checkpoints(&self) -> Vec<(u64, B256)> {
        let mut checkpoints = self.known.clone();
        if !self.hash.is_zero() {
            checkpoints.push((self.block, self.hash));
        }
        checkpoints
    }

    /// Further along the same chain.
    pub(super) fn advanced(&self, block: u64, hash: B256) -> Self {
        let mut known = self.checkpoints();
        known.retain(|(number, _)| *number < block);
        thin(&mut known, block);
        Self { block, hash, known }
    }

    /// Back to a block; what is known after it is forgotten.
    pub(super) fn back_to(&self, block: u64, hash: B256) -> Self {
        let mut known = self.known.clone();
        known.retain(|(number, _)| *number < block);
        Self { block, hash, known }
    }

    /// With the block where reading begins as the first that is known.
    pub(super) fn anchored(mut self, hash: B256) -> Self {
        if self.known.is_empty() && self.hash.is_zero() {
            self.hash = hash;
        }
        self
    }
}

/// Keeps the oldest, whatever is near the end, and two of each further doubling of depth.
fn thin(known: &mut Vec<(u64, B256)>, end: u64) {
    let octave = |number: u64| (end - number).ilog2();
    let numbers: Vec<u64> = known.iter().map(|(number, _)| *number).collect();
    let mut at = 0;
    known.retain(|(number, _)| {
        let here = at;
        at += 1;
        let beside = |other: Option<&u64>| other.is_some_and(|o| octave(*o) == octave(*number));
        let inner = here > 0 && beside(numbers.get(here - 1)) && beside(numbers.get(here + 1));
        end - number <= DENSE || !inner
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u64) -> B256 {
        B256::from(alloy_primitives::U256::from(number + 1))
    }

    #[test]
    fn remembers_little_of_a_long_way_and_that_well_spread() {
        let mut cursor = Cursor::after(7).anchored(hash(7));
        for number in 8..200_000 {
            cursor = cursor.advanced(number, hash(number));
        }
        let known = cursor.checkpoints();
        assert!(known.len() <= 64, "{}", known.len());
        assert_eq!(known[0], (7, hash(7)));
        assert!(known.windows(2).all(|pair| pair[0].0 < pair[1].0));
        // Going back to a checkpoint reads at most about three times what was undone again.
        let end = known.last().unwrap().0;
        for pair in known[1..].windows(2) {
            let (older, newer) = (end - pair[0].0, end - pair[1].0);
            assert!(older <= 4 * newer.max(DENSE), "{pair:?}");
        }
    }

    #[test]
    fn reads_what_was_written_before_there_were_checkpoints() {
        let text = format!(r#"{{"block": 5, "hash": "{}"}}"#, hash(5));
        let cursor: Cursor = serde_json::from_str(&text).unwrap();
        assert_eq!(
            cursor,
            Cursor {
                block: 5,
                hash: hash(5),
                known: Vec::new()
            }
        );
    }

    #[test]
    fn forgets_what_was_undone() {
        let mut cursor = Cursor::after(1).anchored(hash(1));
        for number in 2..10 {
            cursor = cursor.advanced(number, hash(number));
        }
        let back = cursor.back_to(6, hash(6));
        assert_eq!(back.checkpoints().last(), Some(&(6, hash(6))));
        assert_eq!(back.checkpoints().len(), 6);
    }
}
