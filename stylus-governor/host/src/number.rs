//! Numbers in words, big-endian.

use alloy_primitives::B256;

/// A number as a word.
#[inline(never)]
#[must_use]
pub fn number(number: u128) -> B256 {
    let mut word = B256::ZERO;
    word[16..].copy_from_slice(&number.to_be_bytes());
    word
}

/// The number in the `len` bytes of a word from byte `at` on, of which there are 16 at most.
#[inline(never)]
#[must_use]
pub fn part(word: &B256, at: usize, len: usize) -> u128 {
    word.iter()
        .skip(at)
        .take(len)
        .fold(0, |all, byte| all << 8 | u128::from(*byte))
}

/// A word as a number; nothing if it has more than 128 bits.
#[must_use]
pub fn narrow(word: &B256) -> Option<u128> {
    (part(word, 0, 16) == 0).then(|| part(word, 16, 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_holds_the_number_that_it_was_made_of() {
        for value in [0, 1, 1 << 64, u128::MAX] {
            assert_eq!(narrow(&number(value)), Some(value));
        }
        assert_eq!(narrow(&B256::repeat_byte(1)), None);
    }

    #[test]
    fn parts_of_a_word_are_read_by_their_place() {
        let word = B256::new(core::array::from_fn(|at| at as u8));
        assert_eq!(part(&word, 0, 4), 0x0001_0203);
        assert_eq!(part(&word, 30, 2), 0x1e1f);
        assert_eq!(
            part(&word, 16, 16),
            0x1011_1213_1415_1617_1819_1a1b_1c1d_1e1f
        );
    }
}
