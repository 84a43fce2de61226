//! Constant words, and selectors, as instructions.
//!
//! Each start of a program pays 600 times as much for a byte of its data as for one of its
//! code. A word that a program names by [`word!`](crate::word) is made of four numbers in
//! its code.

use alloy_primitives::B256;
use alloy_sol_types::SolCall;

/// A function's selector as a number, which one comparison tells from another.
#[must_use]
pub const fn selector<C: SolCall>() -> u32 {
    u32::from_be_bytes(C::SELECTOR)
}

/// A word as the four numbers that it lies in memory as.
#[must_use]
pub const fn limbs(word: &B256) -> [u64; 4] {
    let mut limbs = [0; 4];
    let mut i = 0;
    while i < 32 {
        limbs[i / 8] |= (word.0[i] as u64) << (8 * (i % 8));
        i += 1;
    }
    limbs
}

/// The word that [`limbs`] are those of.
#[inline(never)]
#[must_use]
pub fn word_of(a: u64, b: u64, c: u64, d: u64) -> B256 {
    let mut word = B256::ZERO;
    for (bytes, limb) in word.chunks_exact_mut(8).zip([a, b, c, d]) {
        bytes.copy_from_slice(&limb.to_le_bytes());
    }
    word
}

/// A constant word, made where it is used.
#[macro_export]
macro_rules! word {
    ($constant:expr) => {{
        const LIMBS: [u64; 4] = $crate::limbs(&$constant);
        $crate::word_of(LIMBS[0], LIMBS[1], LIMBS[2], LIMBS[3])
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_what_its_limbs_make() {
        const WORD: B256 = B256::new([
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
            24, 25, 26, 27, 28, 29, 30, 255,
        ]);
        assert_eq!(crate::word!(WORD), WORD);
        assert_eq!(limbs(&WORD)[0], 0x0706_0504_0302_0100);
    }
}
