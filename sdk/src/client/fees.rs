//! The fees of submissions that are on their way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy_primitives::U256;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard};

/// What the submissions of one account that are on their way take of its allowance together.
///
/// An approval sets the allowance, it does not add to it: two submissions that each approved
/// their own fee would have one allowance for both.
#[derive(Clone, Debug, Default)]
pub(super) struct Fees {
    sums: Arc<Mutex<Sums>>,
    approving: Arc<AsyncMutex<()>>,
}

/// Wei of AIUS.
#[derive(Debug, Default)]
struct Sums {
    /// Of submissions that somebody waits for.
    promised: U256,
    /// Of submissions that nobody waits for any more, and that may have been sent.
    left: U256,
}

/// A fee that is promised to a submission.
#[derive(Debug)]
pub(super) struct Promised {
    fee: U256,
    fees: Fees,
    settled: bool,
}

impl Fees {
    /// Promises a fee to a submission.
    pub(super) fn promise(&self, fee: U256) -> Promised {
        let mut sums = self.lock();
        sums.promised = sums.promised.saturating_add(fee);
        Promised {
            fee,
            fees: self.clone(),
            settled: false,
        }
    }

    /// What the allowance has to cover, wei of AIUS. `idle` is whether no transaction of the
    /// account is underway: those that nobody waits for have taken their fees then, or never
    /// will.
    pub(super) fn needed(&self, idle: bool) -> U256 {
        let mut sums = self.lock();
        if idle {
            sums.left = U256::ZERO;
        }
        sums.promised.saturating_add(sums.left)
    }

    /// Waits for whoever else approves, and keeps others from it.
    pub(super) async fn approving(&self) -> AsyncMutexGuard<'_, ()> {
        self.approving.lock().await
    }

    fn lock(&self) -> MutexGuard<'_, Sums> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Promised {
    /// The fee was taken, or never will be.
    pub(super) fn settle(mut self) {
        self.settled = true;
    }
}

impl Drop for Promised {
    fn drop(&mut self) {
        let mut sums = self.fees.lock();
        sums.promised = sums.promised.saturating_sub(self.fee);
        if !self.settled {
            sums.left = sums.left.saturating_add(self.fee);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_add_up_until_their_submissions_are_settled() {
        let fees = Fees::default();
        let first = fees.promise(U256::from(3));
        let second = fees.clone().promise(U256::from(4));
        assert_eq!(fees.needed(false), U256::from(7));
        first.settle();
        assert_eq!(fees.needed(false), U256::from(4));
        second.settle();
        assert_eq!(fees.needed(false), U256::ZERO);
    }

    #[test]
    fn what_was_left_behind_counts_until_nothing_is_underway() {
        let fees = Fees::default();
        drop(fees.promise(U256::from(3)));
        let _later = fees.promise(U256::from(4));
        assert_eq!(fees.needed(false), U256::from(7));
        assert_eq!(fees.needed(true), U256::from(4));
        assert_eq!(fees.needed(false), U256::from(4));
    }
}
