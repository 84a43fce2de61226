//! Who gets what of a fee, a reward and a retracted fee (protocol sections 2, 5 and 6).
//!
//! Amounts are in wei, percentages fractions of 1e18; one above 1e18 counts as 1e18.
//! Whatever the percentages, the parts of a split add up to what was split.

use crate::fixed::{ONE, mul};

/// `x − ⌊x × (1e18 − p) / 1e18⌋`: the part of `x` at percentage `p`, rounded up.
pub fn share(x: u128, p: u128) -> u128 {
    let kept = match ONE.checked_sub(p) {
        // Most percentages are 0 on most networks, and a division is not free.
        Some(ONE) => return 0,
        Some(rest) => mul(x, rest).unwrap_or(0),
        None => 0,
    };
    x - kept
}

/// A task's fee, distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeSplit {
    /// What of the model fee goes to the model's address.
    pub model: u128,
    /// What of the model fee goes to the treasury.
    pub model_treasury: u128,
    /// What of the rest goes to the treasury.
    pub treasury: u128,
    /// What of the rest goes to the solver.
    pub solver: u128,
}

/// Distributes `fee`, of which `model_fee` is the model's, as fixed when the task was
/// submitted.
///
/// `model_percentage` of the model fee and `solution_percentage` of what is left after it
/// go to the treasury. A model fee above the fee counts as the fee.
pub fn fee(
    fee: u128,
    model_fee: u128,
    model_percentage: u128,
    solution_percentage: u128,
) -> FeeSplit {
    let model_fee = model_fee.min(fee);
    let rest = fee - model_fee;
    let model_treasury = share(model_fee, model_percentage);
    let treasury = share(rest, solution_percentage);
    FeeSplit {
        model: model_fee - model_treasury,
        model_treasury,
        treasury,
        solver: rest - treasury,
    }
}

/// What a claim emitted, distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RewardSplit {
    /// The treasury's part.
    pub treasury: u128,
    /// The task owner's part.
    pub task_owner: u128,
    /// The solver's part.
    pub solver: u128,
}

/// Distributes what a claim emitted.
///
/// Both shares are rounded up: where that would exceed the total, the task owner gets
/// what the treasury leaves.
pub fn reward(total: u128, treasury_percentage: u128, owner_percentage: u128) -> RewardSplit {
    let treasury = share(total, treasury_percentage);
    let task_owner = share(total, owner_percentage).min(total - treasury);
    RewardSplit {
        treasury,
        task_owner,
        solver: total - treasury - task_owner,
    }
}

/// A retracted fee, distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetractionSplit {
    /// What the task's owner gets back.
    pub owner: u128,
    /// What the treasury keeps.
    pub treasury: u128,
}

/// Distributes the fee of a retracted task; `free` if its model is disabled.
pub fn retraction(fee: u128, percentage: u128, free: bool) -> RetractionSplit {
    let treasury = if free { 0 } else { share(fee, percentage) };
    RetractionSplit {
        owner: fee - treasury,
        treasury,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_up() {
        assert_eq!(share(1000, ONE / 10), 100);
        assert_eq!(share(1001, ONE / 10), 101);
        assert_eq!(share(1, 1), 1);
        assert_eq!(share(0, ONE), 0);
        assert_eq!(share(7, 0), 0);
        assert_eq!(share(7, ONE), 7);
        assert_eq!(share(7, u128::MAX), 7);
        assert_eq!(share(u128::MAX, ONE / 2), u128::MAX / 2 + 1);
    }

    #[test]
    fn the_treasurys_tenth_is_taken_after_the_model_fee() {
        let split = fee(110 * ONE, 10 * ONE, 0, ONE / 10);
        assert_eq!(
            split,
            FeeSplit {
                model: 10 * ONE,
                model_treasury: 0,
                treasury: 10 * ONE,
                solver: 90 * ONE
            }
        );
        let split = fee(110 * ONE, 10 * ONE, ONE / 4, ONE / 10);
        assert_eq!(
            (split.model, split.model_treasury),
            (7_500_000_000_000_000_000, 2_500_000_000_000_000_000)
        );
    }

    #[test]
    fn a_model_fee_above_the_fee_takes_the_fee_and_not_more() {
        let split = fee(5, 6, 0, ONE / 10);
        assert_eq!(
            split,
            FeeSplit {
                model: 5,
                model_treasury: 0,
                treasury: 0,
                solver: 0
            }
        );
    }

    #[test]
    fn two_halves_of_one_wei_are_one_wei() {
        // Both are rounded up to 1; a second wei does not exist.
        assert_eq!(
            reward(1, ONE / 2, ONE / 2),
            RewardSplit {
                treasury: 1,
                task_owner: 0,
                solver: 0
            }
        );
    }

    #[test]
    fn retraction_from_a_disabled_model_is_free() {
        assert_eq!(
            retraction(100, ONE / 10, true),
            RetractionSplit {
                owner: 100,
                treasury: 0
            }
        );
        assert_eq!(
            retraction(100, ONE / 10, false),
            RetractionSplit {
                owner: 90,
                treasury: 10
            }
        );
    }
}
