//! Which request meets which fault.

use std::{collections::BTreeMap, time::Duration};

use arbius_testkit::Random;

use super::Fault;

/// Faults by chance, the same ones each time: whether the n-th request of a method meets a
/// fault, and which, follows from the seed, the method and n alone.
#[derive(Clone, Debug)]
pub struct Script {
    seed: u64,
    /// Requests in a thousand.
    rates: BTreeMap<Fault, u64>,
    pub(super) stall: Duration,
    pub(super) delay: Duration,
    pub(super) retry_after: u64,
    pub(super) lag: u64,
}

impl Script {
    /// No faults yet.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            rates: BTreeMap::new(),
            stall: Duration::from_secs(5),
            delay: Duration::from_millis(400),
            retry_after: 1,
            lag: 3,
        }
    }

    /// A fault that so many in a thousand of the requests meet that it can happen to.
    #[must_use]
    pub fn with(mut self, fault: Fault, per_mille: u64) -> Self {
        self.rates.insert(fault, per_mille);
        self
    }

    /// As [`Script::with`], for several.
    #[must_use]
    pub fn with_all(self, faults: &[Fault], per_mille: u64) -> Self {
        faults
            .iter()
            .fold(self, |script, fault| script.with(*fault, per_mille))
    }

    /// For how long a stalled answer stays half an answer, before the connection is closed.
    #[must_use]
    pub const fn stall(mut self, stall: Duration) -> Self {
        self.stall = stall;
        self
    }

    /// The fault that the `count`-th request of `method` meets.
    pub(super) fn decide(&self, method: &str, count: u64) -> Option<Fault> {
        let name = method.bytes().fold(0u64, |sum, byte| {
            sum.wrapping_mul(0x0100_0000_01b3).wrapping_add(byte.into())
        });
        let mut random = Random::new(self.seed ^ name ^ count.wrapping_mul(0x9e37_79b9));
        let mut at = random.below(1_000);
        for (fault, rate) in self.rates.iter().filter(|(f, _)| f.concerns(method)) {
            match at.checked_sub(*rate) {
                None => return Some(*fault),
                Some(rest) => at = rest,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_faults_in_the_rates_that_were_asked_for() {
        let script = |seed| {
            Script::new(seed)
                .with(Fault::Drop, 100)
                .with(Fault::NoReceipt, 300)
        };
        let run = |script: &Script, method: &str| -> Vec<_> {
            (0..10_000).map(|n| script.decide(method, n)).collect()
        };
        let method = "eth_getTransactionReceipt";
        let first = run(&script(5), method);
        assert_eq!(first, run(&script(5), method));
        assert_ne!(first, run(&script(6), method));
        let count =
            |faults: &[Option<Fault>], fault| faults.iter().filter(|f| **f == Some(fault)).count();
        assert!((800..1_200).contains(&count(&first, Fault::Drop)));
        assert!((2_700..3_300).contains(&count(&first, Fault::NoReceipt)));
        assert_eq!(count(&run(&script(5), "eth_call"), Fault::NoReceipt), 0);
    }
}
