//! The data fee of an activation: what a chain asks for keeping a program's machine code.

use super::prices::{ARBITRUM_START_TIME, DATA_BYTES_PER_SECOND, DATA_INERTIA, DATA_MIN_PRICE};

const ONE_IN_BIPS: u64 = 10_000;
/// Terms of the series for the exponential function.
const ACCURACY: u64 = 12;

/// A price per byte that rises with demand and falls with time
/// (Nitro: `arbos/programs/data_pricer.go`, `DataPricer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataPricer {
    /// Bytes asked for and not yet forgotten.
    pub demand: u32,
    /// When the demand was last brought up to date, in Unix seconds.
    pub updated_at: u64,
}

impl Default for DataPricer {
    fn default() -> Self {
        Self {
            demand: 0,
            updated_at: ARBITRUM_START_TIME,
        }
    }
}

impl DataPricer {
    /// Counts `bytes` of machine code at time `now` (Unix seconds) and returns their
    /// fee in wei.
    pub fn update(&mut self, bytes: u32, now: u64) -> u64 {
        let passed = u32::try_from(now.saturating_sub(self.updated_at)).unwrap_or(u32::MAX);
        let credit = DATA_BYTES_PER_SECOND.saturating_mul(passed);
        self.demand = self.demand.saturating_sub(credit).saturating_add(bytes);
        self.updated_at = now;

        let exponent = ONE_IN_BIPS * u64::from(self.demand) / DATA_INERTIA;
        let per_byte = DATA_MIN_PRICE.saturating_mul(exp_bips(exponent)) / ONE_IN_BIPS;
        per_byte.saturating_mul(u64::from(bytes))
    }
}

/// e to the power of `x`, both in units of 1/10,000, by Horner's scheme
/// (Nitro: `util/arbmath/math.go`, `ApproxExpBasisPoints`).
fn exp_bips(x: u64) -> u64 {
    (1..ACCURACY)
        .rev()
        .fold(ONE_IN_BIPS + x / ACCURACY, |sum, i| {
            ONE_IN_BIPS + sum.saturating_mul(x) / (i * ONE_IN_BIPS)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_chain_asks_the_least_price() {
        // 512,000 bytes: exponent 10,000·512,000/21,360,419 = 239 bips, e^0.0239 = 1.0241
        // in bips, rounded down at each term: 10,241.
        let mut pricer = DataPricer::default();
        let fee = pricer.update(512_000, 1_800_000_000);
        assert_eq!(fee, (82_928_201 * 10_241 / 10_000) * 512_000);
    }

    #[test]
    fn demand_raises_the_price_and_time_forgets_it() {
        let now = 1_800_000_000;
        let mut pricer = DataPricer::default();
        let first = pricer.update(1_000_000, now);
        let second = pricer.update(1_000_000, now);
        assert!(second > first);
        // 2,000,000 bytes are forgotten in 58 seconds.
        assert_eq!(pricer.update(1_000_000, now + 58), first);
    }

    #[test]
    fn the_price_saturates_instead_of_overflowing() {
        let mut pricer = DataPricer {
            demand: u32::MAX,
            updated_at: u64::MAX,
        };
        assert!(pricer.update(u32::MAX, 0) > 0);
    }

    #[test]
    fn the_series_is_close_to_the_exponential_function() {
        for x in [0u64, 1, 100, 5_000, 10_000, 30_000] {
            let exact = 10_000.0 * (x as f64 / 10_000.0).exp();
            assert!((exp_bips(x) as f64 - exact).abs() <= exact * 0.0005 + 12.0);
        }
    }
}
