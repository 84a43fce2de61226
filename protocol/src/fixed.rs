//! Fixed-point arithmetic with 18 decimals, rounding down.
//!
//! Written for WASM: products are 256 bits wide, but there is no general 256-bit
//! division, whose code alone would cost every uncached call of the engine more gas
//! than the loop below ever does.

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

/// `⌊a × b / divisor⌋`; nothing for a divisor of 0 or a quotient of more than 128 bits.
#[inline(never)]
pub fn mul_div(a: u128, b: u128, divisor: u128) -> Option<u128> {
    Wide::product(a, b).div(divisor.into())
}

/// `⌊a / divisor⌋`; nothing for a divisor of 0.
pub fn div(a: u128, divisor: u128) -> Option<u128> {
    mul_div(a, 1, divisor)
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
    fn division_by_zero_and_quotients_too_large_have_no_result() {
        assert_eq!(mul_div(1, 1, 0), None);
        assert_eq!(div(0, 0), None);
        assert_eq!(mul_div(u128::MAX, 2, 1), None);
        assert_eq!(mul_div(u128::MAX, u128::MAX, u128::MAX), Some(u128::MAX));
        assert_eq!(mul_div(1 << 127, 2, 1), None);
        assert_eq!(mul_div(1 << 127, 2, 2), Some(1 << 127));
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
        fn mul_div_is_the_floor(a in any_length(), b in any_length(), d in any_length()) {
            let expected = (U256::from(a) * U256::from(b))
                .checked_div(U256::from(d))
                .and_then(|q| u128::try_from(q).ok());
            prop_assert_eq!(mul_div(a, b, d), expected);
        }
    }
}
