//! Fixed-point arithmetic with 18 decimals, rounding down.
//!
//! Written for WASM, where code is gas as much as work is: products are 256 bits wide,
//! quotients by numbers of 32 bits are taken digit by digit with the machine's own
//! division, by 1e18 in two such passes, and only by others bit by bit. Nothing here
//! pulls in a 128-bit or 256-bit division, whose code alone every uncached call of the
//! engine would pay for.

/// One: 1 AIUS in wei, 100 % as a percentage, a rate of 1.
pub const ONE: u128 = 1_000_000_000_000_000_000;

/// A 256-bit number, for what lies between a product and a quotient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wide {
    // In this order the derived comparison is the numeric one.
    hi: u128,
    lo: u128,
}

impl From<u128> for Wide {
    fn from(lo: u128) -> Self {
        Self { hi: 0, lo }
    }
}

impl Wide {
    /// From four 64-bit limbs, the lowest first.
    pub(crate) const fn from_limbs(limbs: [u64; 4]) -> Self {
        Self {
            hi: (limbs[3] as u128) << 64 | limbs[2] as u128,
            lo: (limbs[1] as u128) << 64 | limbs[0] as u128,
        }
    }

    /// `a × b`, which always fits.
    pub(crate) const fn product(a: u128, b: u128) -> Self {
        const LOW: u128 = u64::MAX as u128;
        let (a1, a0) = (a >> 64, a & LOW);
        let (b1, b0) = (b >> 64, b & LOW);
        let low = a0 * b0;
        // Each of these is at most (2^64 − 1)^2 + 2^64 − 1 = 2^128 − 2^64.
        let middle = a1 * b0 + (low >> 64);
        let carry = a0 * b1 + (middle & LOW);
        Self {
            hi: a1 * b1 + (middle >> 64) + (carry >> 64),
            lo: carry << 64 | low & LOW,
        }
    }

    /// Bits up to the highest one that is set.
    const fn bits(self) -> u32 {
        if self.hi == 0 {
            128 - self.lo.leading_zeros()
        } else {
            256 - self.hi.leading_zeros()
        }
    }

    /// Shifted left by `n` < 256 bits; what leaves at the top is lost.
    const fn shl(self, n: u32) -> Self {
        match n {
            0 => self,
            1..128 => Self {
                hi: self.hi << n | self.lo >> (128 - n),
                lo: self.lo << n,
            },
            _ => Self {
                hi: self.lo << (n - 128),
                lo: 0,
            },
        }
    }

    /// Shifted right by `n` < 256 bits.
    pub(crate) const fn shr(self, n: u32) -> Self {
        match n {
            0 => self,
            1..128 => Self {
                hi: self.hi >> n,
                lo: self.lo >> n | self.hi << (128 - n),
            },
            _ => Self {
                hi: 0,
                lo: self.hi >> (n - 128),
            },
        }
    }

    /// `⌊self / divisor⌋`, 32 bits at a time; nothing for a divisor of 0.
    pub(crate) fn div_small(self, divisor: u32) -> Option<Self> {
        let divisor = u64::from(divisor);
        let mut rest = 0u64;
        let mut digit = |digit: u64| {
            // `rest` is below the divisor, so this fits, and the quotient fits 32 bits.
            let value = rest << 32 | digit;
            let quotient = value.checked_div(divisor)?;
            rest = value - quotient * divisor;
            Some(quotient)
        };
        let mut half = |half: u128| {
            let mut quotient = 0u128;
            for limb in [(half >> 64) as u64, half as u64] {
                let limb = digit(limb >> 32)? << 32 | digit(limb & 0xffff_ffff)?;
                quotient = quotient << 64 | u128::from(limb);
            }
            Some(quotient)
        };
        Some(Self {
            hi: half(self.hi)?,
            lo: half(self.lo)?,
        })
    }

    /// `⌊self / 1e18⌋`.
    pub(crate) fn div_one(self) -> Self {
        // ⌊⌊x / a⌋ / b⌋ = ⌊x / ab⌋, and 1e18 is the square of 1e9.
        const ROOT: u32 = 1_000_000_000;
        let quotient = self
            .div_small(ROOT)
            .and_then(|quotient| quotient.div_small(ROOT));
        // SAFETY: the divisor is not 0.
        quotient.unwrap_or(self)
    }

    /// The number, if it has 128 bits at most.
    pub(crate) const fn narrow(self) -> Option<u128> {
        if self.hi == 0 { Some(self.lo) } else { None }
    }

    /// `⌊self / divisor⌋`; nothing for a divisor of 0 or a quotient of more than 128 bits.
    ///
    /// Schoolbook, bit by bit, beginning where the divisor first fits.
    pub(crate) fn div(mut self, divisor: Self) -> Option<u128> {
        if divisor.bits() == 0 {
            return None;
        }
        let Some(mut left) = self.bits().checked_sub(divisor.bits()) else {
            return Some(0);
        };
        // At most as many bits as `self` has, so that nothing is lost.
        let mut divisor = divisor.shl(left);
        let mut quotient = 0u128;
        loop {
            if quotient >> 127 != 0 {
                return None;
            }
            quotient <<= 1;
            if self >= divisor {
                let (lo, borrow) = self.lo.overflowing_sub(divisor.lo);
                // SAFETY of the arithmetic: `self >= divisor`, so neither step wraps.
                self = Self {
                    hi: self.hi - divisor.hi - u128::from(borrow),
                    lo,
                };
                quotient |= 1;
            }
            if left == 0 {
                return Some(quotient);
            }
            left -= 1;
            divisor = divisor.shr(1);
        }
    }
}

/// `⌊a × b / 1e18⌋`: the product of two numbers with 18 decimals; nothing if it has more
/// than 128 bits.
#[inline(never)]
pub fn mul(a: u128, b: u128) -> Option<u128> {
    Wide::product(a, b).div_one().narrow()
}

/// `⌊a × 1e18 / b⌋`: the quotient of two numbers with 18 decimals; nothing if `b` is 0 or
/// if it has more than 128 bits.
pub fn div(a: u128, b: u128) -> Option<u128> {
    Wide::product(a, ONE).div(b.into())
}

/// `⌊a / n⌋`: one of `n` equal parts; nothing if `n` is 0.
pub fn part(a: u128, n: u32) -> Option<u128> {
    Wide::from(a).div_small(n)?.narrow()
}

/// `⌊a × n / d⌋`: a part of `a`, and all of it where `n` is not below `d`.
pub fn fraction(a: u128, n: u32, d: u32) -> u128 {
    if n >= d {
        return a;
    }
    Wide::product(a, n.into())
        .div_small(d)
        .and_then(Wide::narrow)
        // SAFETY: `d` is above `n`, so not 0, and the quotient is below `a`.
        .unwrap_or(a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::U256;
    use proptest::prelude::*;

    fn u256(wide: Wide) -> U256 {
        (U256::from(wide.hi) << 128) | U256::from(wide.lo)
    }

    fn wide(value: U256) -> Wide {
        Wide::from_limbs(value.into_limbs())
    }

    /// Numbers of every length, not only of nearly full length.
    fn any_length() -> impl Strategy<Value = u128> {
        (any::<u128>(), 0..=128u32).prop_map(|(x, n)| x.checked_shr(n).unwrap_or(0))
    }

    fn any_wide() -> impl Strategy<Value = U256> {
        (any_length(), any_length(), 0..=128usize)
            .prop_map(|(a, b, n)| (U256::from(a) << n) ^ U256::from(b))
    }

    #[test]
    fn division_by_zero_and_results_too_large_have_no_value() {
        assert_eq!(div(1, 0), None);
        assert_eq!(part(1, 0), None);
        assert_eq!(Wide::from(0).div(Wide::from(0)), None);
        assert_eq!(mul(u128::MAX, ONE + 1), None);
        assert_eq!(mul(u128::MAX, ONE), Some(u128::MAX));
        assert_eq!(div(u128::MAX, ONE - 1), None);
        assert_eq!(div(u128::MAX, ONE), Some(u128::MAX));
        assert_eq!(Wide::product(1 << 127, 2).div(1.into()), None);
        assert_eq!(Wide::product(1 << 127, 2).div(2.into()), Some(1 << 127));
    }

    proptest! {
        #[test]
        fn products_are_exact(a in any_length(), b in any_length()) {
            prop_assert_eq!(u256(Wide::product(a, b)), U256::from(a) * U256::from(b));
        }

        #[test]
        fn quotients_are_rounded_down(n in any_wide(), d in any_wide()) {
            let expected = n.checked_div(d).and_then(|q| u128::try_from(q).ok());
            prop_assert_eq!(wide(n).div(wide(d)), expected);
        }

        #[test]
        fn shifts_agree_with_a_256_bit_integer(x in any_wide(), n in 0u32..256) {
            prop_assert_eq!(u256(wide(x).shl(n)), x << n as usize);
            prop_assert_eq!(u256(wide(x).shr(n)), x >> n as usize);
        }

        #[test]
        fn quotients_by_small_numbers_are_rounded_down(n in any_wide(), d in any_length()) {
            let d = d as u32;
            let expected = n.checked_div(U256::from(d));
            prop_assert_eq!(wide(n).div_small(d).map(u256), expected);
            prop_assert_eq!(u256(wide(n).div_one()), n / U256::from(ONE));
        }

        #[test]
        fn fixed_point_results_are_rounded_down(a in any_length(), b in any_length()) {
            let one = U256::from(ONE);
            let narrow = |x: U256| u128::try_from(x).ok();
            let (x, y) = (U256::from(a), U256::from(b));
            prop_assert_eq!(mul(a, b), narrow(x * y / one));
            prop_assert_eq!(div(a, b), (x * one).checked_div(y).and_then(narrow));
        }

        #[test]
        fn fractions_are_rounded_down(a in any_length(), n: u32, d: u32) {
            let expected = U256::from(a) * U256::from(n) / U256::from(d.max(1));
            let expected = if n >= d { U256::from(a) } else { expected };
            prop_assert_eq!(U256::from(fraction(a, n, d)), expected);
        }

        #[test]
        fn equal_parts_are_rounded_down(a in any_length(), n in 1..=u32::MAX) {
            prop_assert_eq!(part(a, n), Some(a / u128::from(n)));
        }
    }
}
