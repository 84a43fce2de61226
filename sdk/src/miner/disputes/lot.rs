//! Which solutions are computed again.

use alloy_primitives::{B256, keccak256};

use super::Cause;
use crate::miner::Verification;

/// Draws by a secret: the same for a task each time, and unknown to everybody else.
#[derive(Debug)]
pub(in crate::miner) struct Lot {
    secret: B256,
}

impl Lot {
    pub(in crate::miner) const fn new(secret: B256) -> Self {
        Self { secret }
    }

    /// Why the solution of a task is to be looked at, if it is.
    pub(in crate::miner) fn cause(&self, task: B256, settings: &Verification) -> Option<Cause> {
        let drawn = self.percent(task);
        if drawn < settings.share_percent {
            Some(Cause::Drawn)
        } else if !settings.gateways.is_empty() {
            Some(Cause::Fetch)
        } else if drawn < settings.idle_percent {
            Some(Cause::Idle)
        } else {
            None
        }
    }

    /// A number from 0 up to, but without, 100; evenly spread over tasks.
    pub(in crate::miner) fn percent(&self, task: B256) -> f64 {
        let hash = keccak256([self.secret, task].concat());
        let number = hash
            .first_chunk::<4>()
            .map_or(0, |bytes| u32::from_be_bytes(*bytes));
        f64::from(number) / (f64::from(u32::MAX) + 1.0) * 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tasks() -> impl Iterator<Item = B256> {
        (0..4_000_u32).map(|number| keccak256(number.to_be_bytes()))
    }

    fn count(lot: &Lot, settings: &Verification, cause: Cause) -> usize {
        tasks()
            .filter(|task| lot.cause(*task, settings) == Some(cause))
            .count()
    }

    #[test]
    fn draws_the_share_that_is_set() {
        let lot = Lot::new(B256::repeat_byte(7));
        let settings = Verification {
            share_percent: 5.0,
            idle_percent: 50.0,
            ..Verification::default()
        };
        let (drawn, idle) = (
            count(&lot, &settings, Cause::Drawn),
            count(&lot, &settings, Cause::Idle),
        );
        // 5 and 45 of a hundred, within six standard deviations.
        assert!((118..=282).contains(&drawn), "{drawn}");
        assert!((1_612..=1_988).contains(&idle), "{idle}");
        let all = Verification {
            share_percent: 100.0,
            ..settings.clone()
        };
        assert_eq!(count(&lot, &all, Cause::Drawn), 4_000);
        let none = Verification {
            share_percent: 0.0,
            idle_percent: 0.0,
            ..settings.clone()
        };
        assert!(tasks().all(|task| lot.cause(task, &none).is_none()));
        let fetch = Verification {
            gateways: vec!["http://127.0.0.1:1".to_owned()],
            ..none
        };
        assert_eq!(count(&lot, &fetch, Cause::Fetch), 4_000);
    }

    #[test]
    fn another_secret_draws_others() {
        let settings = Verification::default();
        let (one, other) = (
            Lot::new(B256::repeat_byte(1)),
            Lot::new(B256::repeat_byte(2)),
        );
        let both = tasks()
            .filter(|task| {
                one.cause(*task, &settings) == Some(Cause::Drawn)
                    && other.cause(*task, &settings) == Some(Cause::Drawn)
            })
            .count();
        // A twentieth of a twentieth of 4,000 is 10.
        assert!(both < 40, "{both}");
    }
}
