//! Stake: what a validator needs, what it risks, how it leaves (protocol section 7).
//!
//! Amounts are in wei, percentages fractions of 1e18, times in seconds.

use crate::splits::share;

/// A validator's stake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stake {
    /// All of it, what is pending withdrawal included and locks excluded.
    pub staked: u128,
    /// What of it is announced to be withdrawn. After a slash it can exceed the stake.
    pub pending: u128,
}

impl Stake {
    /// Stake that is neither locked nor on its way out: `max(0, staked − pending)`.
    pub const fn free(&self) -> u128 {
        self.staked.saturating_sub(self.pending)
    }

    /// What a request to withdraw `amount` pays: what is left of it after slashes.
    pub const fn withdrawal(&self, amount: u128) -> u128 {
        if amount < self.staked {
            amount
        } else {
            self.staked
        }
    }
}

/// Free stake that a validator needs: the share of what was emitted, but never below
/// the floor.
pub fn minimum(emitted: u128, percentage: u128, floor: u128) -> u128 {
    share(emitted, percentage).max(floor)
}

/// What a vote in a contestation locks: the share of what was emitted, but never below
/// the floor. The same rule as [`minimum`], under parameters of its own.
pub fn slash_amount(emitted: u128, percentage: u128, floor: u128) -> u128 {
    share(emitted, percentage).max(floor)
}

/// Since when somebody has been a validator, after its stake was credited (a deposit, a
/// lock returned, earnings staked, a withdrawal cancelled): from `now` on if the credit
/// made it one. No credit moves a time that is set.
pub const fn since_after_credit(since: u64, free: u128, minimum: u128, now: u64) -> u64 {
    if since == 0 && free >= minimum {
        now
    } else {
        since
    }
}

/// Since when somebody has been a validator, after it announced a withdrawal: no longer
/// if what is left free is below the minimum.
pub const fn since_after_announcement(since: u64, free: u128, minimum: u128) -> u64 {
    if free < minimum { 0 } else { since }
}

/// Least time between announcing and taking a withdrawal that leaves nobody out of reach:
/// claim delay, vote period, and its extensions, which together stay within one period.
pub const fn least_exit_time(claim_delay: u64, vote_period: u64) -> u64 {
    claim_delay.saturating_add(vote_period.saturating_mul(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::ONE;

    #[test]
    fn a_young_network_has_a_minimum_and_a_slash_amount() {
        assert_eq!(minimum(0, ONE / 1250, ONE), ONE);
        assert_eq!(slash_amount(0, ONE / 10_000, ONE / 8), ONE / 8);
    }

    #[test]
    fn percentages_take_over_from_the_floors() {
        let emitted = 300_000 * ONE;
        assert_eq!(minimum(emitted, 800_000_000_000_000, ONE), 240 * ONE);
        assert_eq!(
            slash_amount(emitted, 100_000_000_000_000, ONE / 8),
            30 * ONE
        );
    }

    #[test]
    fn a_top_up_never_resets_the_time() {
        assert_eq!(since_after_credit(100, 5, 4, 200), 100);
        assert_eq!(since_after_credit(100, 3, 4, 200), 100);
        assert_eq!(since_after_credit(0, 4, 4, 200), 200);
        assert_eq!(since_after_credit(0, 3, 4, 200), 0);
    }

    #[test]
    fn announcing_a_withdrawal_ends_it_below_the_minimum_alone() {
        assert_eq!(since_after_announcement(100, 4, 4), 100);
        assert_eq!(since_after_announcement(100, 3, 4), 0);
    }

    #[test]
    fn a_slashed_withdrawal_pays_what_is_left() {
        let stake = Stake {
            staked: 3,
            pending: 5,
        };
        assert_eq!(stake.free(), 0);
        assert_eq!(stake.withdrawal(5), 3);
        assert_eq!(stake.withdrawal(2), 2);
    }

    #[test]
    fn nobody_leaves_before_a_contestation_of_its_last_solution_could_end() {
        // Solved, contested in the last second, extended for as long as can be.
        assert_eq!(least_exit_time(2_000, 4_000), 2_000 + 4_000 + 4_000);
        assert_eq!(least_exit_time(u64::MAX, 1), u64::MAX);
    }
}
