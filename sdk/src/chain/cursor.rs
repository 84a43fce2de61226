//! How far a chain was read, and which chain that was.

use std::time::SystemTime;

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
    /// A time, milliseconds since 1970, until which nothing could be known of later blocks; 0
    /// where none is known.
    #[serde(default)]
    read_at: u64,
    /// Blocks before it, oldest first; the oldest is where reading began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    known: Vec<Checkpoint>,
}

/// A block that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    pub(super) block: u64,
    pub(super) hash: B256,
    /// As the cursor's.
    #[serde(default)]
    pub(super) read_at: u64,
}

impl Cursor {
    /// Nothing up to and with this block is wanted.
    #[must_use]
    pub const fn after(block: u64) -> Self {
        Self {
            block,
            hash: B256::ZERO,
            read_at: 0,
            known: Vec::new(),
        }
    }

    /// Blocks that are known, oldest first, this one included.
    pub(super) fn checkpoints(&self) -> Vec<Checkpoint> {
        let mut checkpoints = self.known.clone();
        if !self.hash.is_zero() {
            checkpoints.push(Checkpoint {
                block: self.block,
                hash: self.hash,
                read_at: self.read_at,
            });
        }
        checkpoints
    }

    /// What was concluded since, milliseconds since 1970, may rest on later blocks, which a
    /// reorganisation could have replaced unnoticed while nobody read on.
    #[must_use]
    pub const fn unsure_since(&self) -> u64 {
        self.read_at
    }

    /// Further along the same chain; if this is its head, with the time when that was asked for.
    pub(super) fn advanced(&self, block: u64, hash: B256, head_at: Option<u64>) -> Self {
        let mut known = self.checkpoints();
        known.retain(|known| known.block < block);
        thin(&mut known, block);
        Self {
            block,
            hash,
            read_at: head_at.unwrap_or(self.read_at),
            known,
        }
    }

    /// Back to a block that is known; what was known after it is forgotten.
    pub(super) fn back_to(&self, to: Checkpoint) -> Self {
        let mut known = self.known.clone();
        known.retain(|known| known.block < to.block);
        Self {
            block: to.block,
            hash: to.hash,
            read_at: to.read_at,
            known,
        }
    }

    /// With the block where reading begins as the first that is known.
    pub(super) fn anchored(mut self, hash: B256) -> Self {
        if self.known.is_empty() && self.hash.is_zero() {
            self.hash = hash;
            self.read_at = now_millis();
        }
        self
    }
}

pub(super) fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Keeps the oldest, whatever is near the end, and two of each further doubling of depth.
fn thin(known: &mut Vec<Checkpoint>, end: u64) {
    let octave = |number: u64| (end - number).ilog2();
    let numbers: Vec<u64> = known.iter().map(|known| known.block).collect();
    let mut at = 0;
    known.retain(|Checkpoint { block, .. }| {
        let here = at;
        at += 1;
        let beside = |other: Option<&u64>| other.is_some_and(|o| octave(*o) == octave(*block));
        let inner = here > 0 && beside(numbers.get(here - 1)) && beside(numbers.get(here + 1));
        end - block <= DENSE || !inner
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
            cursor = cursor.advanced(number, hash(number), None);
        }
        let known = cursor.checkpoints();
        assert!(known.len() <= 64, "{}", known.len());
        assert_eq!((known[0].block, known[0].hash), (7, hash(7)));
        assert!(known.windows(2).all(|pair| pair[0].block < pair[1].block));
        // Going back to a checkpoint reads at most about three times what was undone again.
        let end = known.last().unwrap().block;
        for pair in known[1..].windows(2) {
            let (older, newer) = (end - pair[0].block, end - pair[1].block);
            assert!(older <= 4 * newer.max(DENSE), "{pair:?}");
        }
    }

    #[test]
    fn reads_what_was_written_before_there_were_checkpoints() {
        let text = format!(r#"{{"block": 5, "hash": "{}"}}"#, hash(5));
        let cursor: Cursor = serde_json::from_str(&text).unwrap();
        assert_eq!((cursor.block, cursor.hash), (5, hash(5)));
        assert_eq!(cursor.checkpoints().len(), 1);
    }

    #[test]
    fn forgets_what_was_undone() {
        let mut cursor = Cursor::after(1).anchored(hash(1));
        for number in 2..10 {
            cursor = cursor.advanced(number, hash(number), None);
        }
        let six = cursor.checkpoints()[5];
        assert_eq!(six.block, 6);
        let back = cursor.back_to(six);
        assert_eq!(back.checkpoints().last(), Some(&six));
        assert_eq!(back.checkpoints().len(), 6);
    }
}
