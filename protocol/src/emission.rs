//! Emission: how much mining should have emitted by now, and what a claim emits
//! (protocol section 2).
//!
//! Equal to the deployed reference to the wei: it computes with 18 decimals, rounds down
//! and takes `2^x` from a table of factors; so does this. Times are seconds since the
//! start of emission, amounts wei of AIUS.
//!
//! The views of the engine take 256-bit numbers. Saturate them: every time above
//! [`FULL_AFTER`] is alike, and so is every supply above [`MINING`].

use crate::fixed::{ONE, Wide, div, mul};
use core::fmt;

/// All that mining will ever emit: 600,000 AIUS.
pub const MINING: u128 = MINING_AIUS as u128 * ONE;

/// [`MINING`] in AIUS.
const MINING_AIUS: u32 = 600_000;

/// Seconds in which the rest of the emission halves: one year of 365 days.
pub const HALVING: u64 = 31_536_000;

/// Seconds after which the target is all of [`MINING`]: 100 years.
pub const FULL_AFTER: u64 = 100 * HALVING;

/// Reward of a claim at multiplier 1 while nothing has been emitted: 1 AIUS.
pub const BASE_REWARD: u128 = ONE;

/// Highest emission rate of a model: 100.
pub const MAX_RATE: u128 = 100 * ONE;

/// Highest difficulty multiplier: 100.
const MAX_MULTIPLIER: u128 = 100 * ONE;

/// Share of the target below which the multiplier is [`MAX_MULTIPLIER`].
const CUT: u128 = 933_561_438_102_252_700;

/// Share of the target from which on the multiplier is 0: 1.2, where it would be 2^−20.
const EXHAUSTED: u128 = 1_200_000_000_000_000_000;

/// Why there is no difficulty or reward to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmissionError {
    /// At time 0, or with nothing emitted, there is no ratio of supply to target.
    Undefined,
    /// More than [`MINING`] is said to be emitted.
    Exceeded,
}

impl fmt::Display for EmissionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Undefined => {
                "emission is defined from one second after the start and one wei of supply on"
            }
            Self::Exceeded => "mining never emits more than 600,000 AIUS",
        })
    }
}

impl core::error::Error for EmissionError {}

/// Supply that mining should have emitted `t` seconds after the start:
/// `600000 × (1 − 2^(−t / year))` AIUS.
pub fn target_supply(t: u64) -> u128 {
    if t > FULL_AFTER {
        return MINING;
    }
    let years = t / HALVING;
    let rest = t % HALVING;
    // ⌊rest × 1e18 / year⌋, nine decimals at a time: both steps fit 64 bits.
    let (high, rest) = (
        rest * 1_000_000_000 / HALVING,
        rest * 1_000_000_000 % HALVING,
    );
    let fraction = high * 1_000_000_000 + rest * 1_000_000_000 / HALVING;
    let left = Wide::product(MINING, ONE).div(exp2(years as u32, fraction));
    // `exp2` is at least 1, so the quotient is at most MINING.
    MINING - left.unwrap_or(0)
}

/// What the base reward is multiplied by, 1e18 = 1, `t` seconds after the start with
/// `supply` wei emitted.
///
/// With `d = supply / target` it is `2^(100 × (1 − d))`, at most 100, and 0 from
/// `d = 1.2` on: a supply 10 % above target divides rewards by 1024.
///
/// # Errors
///
/// [`EmissionError::Undefined`] if `t` or `supply` is 0.
pub fn difficulty(t: u64, supply: u128) -> Result<u128, EmissionError> {
    if t == 0 || supply == 0 {
        return Err(EmissionError::Undefined);
    }
    // A quotient too large to represent is far above 1.2.
    let Some(d) = div(supply, target_supply(t)) else {
        return Ok(0);
    };
    if d < CUT {
        return Ok(MAX_MULTIPLIER);
    }
    if d >= EXHAUSTED {
        return Ok(0);
    }
    // |100 × (1 − d)| is below 20, so 64 bits hold it with its 18 decimals.
    let exponent = d.abs_diff(ONE) as u64;
    let (whole, fraction) = (
        exponent / 10_000_000_000_000_000,
        exponent % 10_000_000_000_000_000 * 100,
    );
    let power = exp2(whole as u32, fraction);
    let multiplier = if d < ONE {
        power.div(1.into())
    } else {
        Wide::from(ONE * ONE).div(power)
    };
    // Both quotients are below 2^67.
    Ok(multiplier.unwrap_or(0))
}

/// Reward in wei of a claim `t` seconds after the start with `supply` wei emitted, for a
/// model of rate 1: `(600000 − s) / 600000 × 1 AIUS × difficulty`.
///
/// # Errors
///
/// [`EmissionError::Undefined`] if `t` is 0, unless nothing has been emitted, when it is
/// 1 AIUS; [`EmissionError::Exceeded`] if `supply` is above [`MINING`].
pub fn reward(t: u64, supply: u128) -> Result<u128, EmissionError> {
    if supply == 0 {
        return Ok(BASE_REWARD);
    }
    let left = MINING.checked_sub(supply).ok_or(EmissionError::Exceeded)?;
    let reward = Wide::product(left, difficulty(t, supply)?).div_one();
    // A part of the whole: it is below 2^128 and the divisor is not 0.
    Ok(reward
        .div_small(MINING_AIUS)
        .and_then(Wide::narrow)
        .unwrap_or(0))
}

/// What a claim emits: `min(reward × rate / 1e18, 600000 − emitted)`.
///
/// `t` is nothing before the start. Where [`reward`] has no value the claim emits nothing
/// and goes through.
pub fn claim(t: Option<u64>, emitted: u128, rate: u128) -> u128 {
    let (Some(t), true) = (t, rate > 0) else {
        return 0;
    };
    let left = MINING.saturating_sub(emitted);
    match reward(t, emitted) {
        // A product too large to represent is more than what is left.
        Ok(reward) => mul(reward, rate).unwrap_or(left).min(left),
        Err(_) => 0,
    }
}

/// `2^(whole + fraction / 1e18)`, 1e18 = 1, for `whole` ≤ 191 and `fraction` < 1e18.
///
/// An accumulator that starts at 2^191 is multiplied by a 64-bit factor for each bit of
/// the binary fraction; its unit at the end is 2^191 less the whole part.
fn exp2(whole: u32, fraction: u64) -> Wide {
    let mut x = [0, 0, 1 << 63];
    let mut bits = mul(u128::from(fraction), 1 << 64).unwrap_or(0) as u64;
    multiply_by_factors(&mut x, &mut bits);
    let [x0, x1, x2] = x;
    // x < 2^192 and 1e18 < 2^60: the product has four limbs.
    let low = u128::from(x0) * ONE;
    let middle = u128::from(x1) * ONE + (low >> 64);
    let high = u128::from(x2) * ONE + (middle >> 64);
    let limbs = [low as u64, middle as u64, high as u64, (high >> 64) as u64];
    Wide::from_limbs(limbs).shr(191 - whole)
}

/// The bits of a limb.
const LIMB: u128 = u64::MAX as u128;

/// Multiplies `x` by `1 + factor / 2^64` if the highest of `bits` is set, and goes on to the
/// next one: `x + ⌊x × factor / 2^64⌋` needs 64-bit limbs alone. A carry is at most 2.
#[inline(never)]
fn step(x: &mut [u64; 3], bits: &mut u64, factor: u64) {
    if *bits >> 63 != 0 {
        let [x0, x1, x2] = *x;
        let p0 = u128::from(x0) * u128::from(factor);
        let p1 = u128::from(x1) * u128::from(factor);
        let p2 = u128::from(x2) * u128::from(factor);
        let low = u128::from(x0) + (p0 >> 64) + (p1 & LIMB);
        let middle = u128::from(x1) + (p1 >> 64) + (p2 & LIMB) + (low >> 64);
        let high = u128::from(x2) + (p2 >> 64) + (middle >> 64);
        *x = [low as u64, middle as u64, high as u64];
    }
    *bits <<= 1;
}

/// A step for each factor, in a row and no table: each start of a Stylus program pays for a
/// byte of its data 600 times what it pays for one of its code.
macro_rules! steps {
    ($x:ident, $bits:ident: $($factor:literal)*) => {
        $(step($x, $bits, $factor);)*
    };
}

/// The factors are `round(2^(2^−i) × 2^64) − 2^64` for i = 1…64.
#[rustfmt::skip]
fn multiply_by_factors(x: &mut [u64; 3], bits: &mut u64) {
    steps!(x, bits:
        0x6a09e667f3bcc909 0x306fe0a31b7152df 0x172b83c7d517adce 0x0b5586cf9890f62a
        0x059b0d31585743ae 0x02c9a3e778060ee7 0x0163da9fb33356d8 0x00b1afa5abcbed61
        0x0058c86da1c09ea2 0x002c605e2e8cec50 0x00162f3904051fa1 0x000b175effdc76ba
        0x00058ba01fb9f96d 0x0002c5cc37da9492 0x000162e525ee0547 0x0000b17255775c04
        0x000058b91b5bc9ae 0x00002c5c89d5ec6d 0x0000162e43f4f831 0x00000b1721bcfc9a
        0x0000058b90cf1e6e 0x000002c5c863b73f 0x00000162e430e5a2 0x000000b172183551
        0x00000058b90c0b49 0x0000002c5c8601cc 0x000000162e42fff0 0x0000000b17217fbb
        0x000000058b90bfce 0x00000002c5c85fe3 0x0000000162e42ff1 0x00000000b17217f8
        0x0000000058b90bfc 0x000000002c5c85fe 0x00000000162e42ff 0x000000000b17217f
        0x00000000058b90c0 0x0000000002c5c860 0x000000000162e430 0x0000000000b17218
        0x000000000058b90c 0x00000000002c5c86 0x0000000000162e43 0x00000000000b1721
        0x0000000000058b91 0x000000000002c5c8 0x00000000000162e4 0x000000000000b172
        0x00000000000058b9 0x0000000000002c5d 0x000000000000162e 0x0000000000000b17
        0x000000000000058c 0x00000000000002c6 0x0000000000000163 0x00000000000000b1
        0x0000000000000059 0x000000000000002c 0x0000000000000016 0x000000000000000b
        0x0000000000000006 0x0000000000000003 0x0000000000000001 0x0000000000000001
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_of_whole_years_is_exact() {
        assert_eq!(target_supply(0), 0);
        assert_eq!(target_supply(HALVING), MINING / 2);
        assert_eq!(target_supply(2 * HALVING), MINING / 4 * 3);
        assert_eq!(target_supply(FULL_AFTER + 1), MINING);
        assert_eq!(target_supply(u64::MAX), MINING);
    }

    #[test]
    fn ten_percent_above_target_divides_rewards_by_1024() {
        let target = target_supply(HALVING);
        assert_eq!(difficulty(HALVING, target), Ok(ONE));
        let divided = difficulty(HALVING, target / 10 * 11).expect("is defined");
        assert_eq!(ONE / divided, 1024);
    }

    #[test]
    fn difficulty_is_undefined_without_time_or_supply() {
        assert_eq!(difficulty(0, 1), Err(EmissionError::Undefined));
        assert_eq!(difficulty(1, 0), Err(EmissionError::Undefined));
        assert_eq!(reward(0, 1), Err(EmissionError::Undefined));
        assert_eq!(reward(0, 0), Ok(BASE_REWARD));
    }

    #[test]
    fn numbers_without_sense_have_an_answer_all_the_same() {
        assert_eq!(difficulty(u64::MAX, u128::MAX), Ok(0));
        assert_eq!(difficulty(1, u128::MAX), Ok(0));
        assert_eq!(reward(u64::MAX, MINING + 1), Err(EmissionError::Exceeded));
        assert_eq!(claim(Some(HALVING), u128::MAX, u128::MAX), 0);
    }

    #[test]
    fn a_claim_pays_nothing_where_the_view_reverts() {
        assert_eq!(claim(Some(0), 1, ONE), 0);
        assert_eq!(claim(None, 0, ONE), 0);
    }

    #[test]
    fn a_claim_is_scaled_by_the_models_rate() {
        assert_eq!(claim(Some(1), 0, 0), 0);
        assert_eq!(claim(Some(1), 0, ONE), ONE);
        assert_eq!(claim(Some(1), 0, ONE / 2), ONE / 2);
        assert_eq!(claim(Some(1), 0, MAX_RATE), 100 * ONE);
    }

    #[test]
    fn the_last_claim_takes_what_is_left_and_no_more() {
        let emitted = MINING - 5;
        let t = FULL_AFTER;
        assert!(claim(Some(t), emitted, MAX_RATE) <= 5);
        assert_eq!(claim(Some(t), MINING, MAX_RATE), 0);
        assert_eq!(claim(Some(1), 0, u128::MAX), MINING);
    }
}
