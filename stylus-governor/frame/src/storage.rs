//! Storage: words at fixed slots and in mappings, where Solidity would put them, and
//! numbers that share a word.

use alloy_primitives::{Address, B256, U256};
use arbius_host as host;

/// A word of storage.
#[derive(Clone, Copy, Debug)]
pub struct Slot(B256);

impl Slot {
    /// The word at a fixed slot.
    #[must_use]
    pub const fn fixed(number: u8) -> Self {
        Self(B256::with_last_byte(number))
    }

    /// The entry of `key` in the mapping at this slot.
    #[inline(never)]
    #[must_use]
    pub fn entry(&self, key: &B256) -> Self {
        let place = [key.0, self.0.0];
        Self(host::keccak(place.as_flattened()))
    }

    /// The word `n` slots further on.
    #[inline(never)]
    #[must_use]
    pub fn next(&self, n: u8) -> Self {
        let slot = U256::from_be_bytes(self.0.0).wrapping_add(U256::from(n));
        Self(slot.into())
    }

    /// Reads the word.
    #[inline(never)]
    #[must_use]
    pub fn load(&self) -> B256 {
        host::load(&self.0)
    }

    /// Writes the word.
    #[inline(never)]
    pub fn store(&self, word: &B256) {
        host::cache(&self.0, word);
    }
}

/// A number of `LEN` bytes, at most 16, from byte `AT` of a word on, big-endian.
#[derive(Clone, Copy, Debug)]
pub struct Part<const AT: usize, const LEN: usize>;

impl<const AT: usize, const LEN: usize> Part<AT, LEN> {
    /// Reads the number.
    #[must_use]
    pub fn get(self, word: &B256) -> u128 {
        const { assert!(LEN <= 16 && AT + LEN <= 32) }
        let mut bytes = [0; 16];
        bytes[16 - LEN..].copy_from_slice(&word[AT..AT + LEN]);
        u128::from_be_bytes(bytes)
    }

    /// Writes the number, whose bounds keep it below 2^(8 · LEN).
    pub fn set(self, word: &mut B256, value: u128) {
        const { assert!(LEN <= 16 && AT + LEN <= 32) }
        word[AT..AT + LEN].copy_from_slice(&value.to_be_bytes()[16 - LEN..]);
    }
}

/// The address in the first 20 bytes of a word.
#[must_use]
pub fn address_of(word: &B256) -> Address {
    Address::from_slice(&word[..20])
}

/// A number as a word.
#[inline(never)]
#[must_use]
pub fn word_of(number: u128) -> B256 {
    U256::from(number).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_leave_their_neighbours_alone() {
        let mut word = B256::repeat_byte(0xAA);
        let part = Part::<20, 6>;
        part.set(&mut word, 0x0102_0304_0506);
        assert_eq!(part.get(&word), 0x0102_0304_0506);
        assert_eq!(word[20..26], [1, 2, 3, 4, 5, 6]);
        assert_eq!((word[19], word[26]), (0xAA, 0xAA));
        assert_eq!(address_of(&word), Address::repeat_byte(0xAA));
    }

    #[test]
    fn the_next_slot_carries_over() {
        let slot = Slot(B256::from(U256::from(0xFF))).next(2);
        assert_eq!(slot.0, B256::from(U256::from(0x101)));
    }
}
