//! Contestation: who may contest and vote, what a vote locks, when it ends, how it is
//! settled (protocol section 8).
//!
//! A yes says that the solution is wrong. Only what was really locked is paid out, and a
//! settlement pays exactly what was collected, however it is paged.

use crate::fixed::part;
use crate::validators::Stake;
use core::fmt;
use core::ops::Range;

// ─────────────────────────────── who may vote ───────────────────────────────

/// Why somebody may not vote, numbered as `validatorCanVote` returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum VoteRefusal {
    /// The solution is not contested.
    NoContestation = 1,
    /// The vote is over.
    Ended = 2,
    /// It has voted.
    Voted = 3,
    /// It is no validator.
    NotValidator = 4,
    /// Its free stake is below the minimum or below what a vote locks; for the accused:
    /// its whole stake and earnings are below what a vote locks.
    StakeTooLow = 5,
    /// It has been a validator for too short a time before the solution.
    ValidatorTooLate = 6,
}

impl From<VoteRefusal> for u8 {
    fn from(refusal: VoteRefusal) -> Self {
        refusal as Self
    }
}

impl fmt::Display for VoteRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoContestation => "the solution is not contested",
            Self::Ended => "the vote is over",
            Self::Voted => "a validator votes once",
            Self::NotValidator => "only validators vote: deposit the minimum first",
            Self::StakeTooLow => "the free stake does not cover the minimum and the slash amount",
            Self::ValidatorTooLate => {
                "only those vote who were validators long enough before the solution"
            }
        })
    }
}

impl core::error::Error for VoteRefusal {}

/// Somebody who wants to vote or to contest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voter {
    /// Its stake.
    pub stake: Stake,
    /// Since when it has been a validator, in plain time; 0 if it is none.
    pub since: u64,
    /// What the engine owes to it.
    pub earnings: u128,
    /// Whether it has voted.
    pub voted: bool,
    /// Whether the solution is its own.
    pub accused: bool,
}

/// What a vote on a solution demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// When the solution was submitted, in plain time.
    pub solved: u64,
    /// The parameter `maxContestationValidatorStakeSince`.
    pub stake_since: u64,
    /// A validator's minimum now.
    pub minimum: u128,
    /// What each vote locks, fixed when the contestation began.
    pub slash: u128,
}

impl Demand {
    /// Whether somebody may vote at all, leaving aside the contestation itself.
    ///
    /// Who became a validator after the solution could have come for the dispute; the
    /// accused has to be able to answer in any case.
    ///
    /// # Errors
    ///
    /// [`VoteRefusal`] 3 to 6.
    pub fn admits(&self, voter: &Voter) -> Result<(), VoteRefusal> {
        if voter.voted {
            return Err(VoteRefusal::Voted);
        }
        if voter.accused {
            return match accused_lock(voter.stake, voter.earnings, self.slash) {
                Some(_) => Ok(()),
                None => Err(VoteRefusal::StakeTooLow),
            };
        }
        if voter.since == 0 {
            return Err(VoteRefusal::NotValidator);
        }
        if voter.stake.free() < self.minimum.max(self.slash) {
            return Err(VoteRefusal::StakeTooLow);
        }
        if voter.since.saturating_add(self.stake_since) > self.solved {
            return Err(VoteRefusal::ValidatorTooLate);
        }
        Ok(())
    }

    /// Whether somebody may vote at `now` in a contestation whose vote ends at
    /// `vote_end`, both unpaused; nothing if there is no contestation.
    ///
    /// # Errors
    ///
    /// [`VoteRefusal`], the first reason that applies.
    pub fn vote(&self, voter: &Voter, now: u64, vote_end: Option<u64>) -> Result<(), VoteRefusal> {
        match vote_end {
            None => Err(VoteRefusal::NoContestation),
            Some(end) if vote_over(now, end) => Err(VoteRefusal::Ended),
            Some(_) => self.admits(voter),
        }
    }
}

/// Whether a vote of this side counts: the accused can only say that it is right.
pub const fn side_admitted(accused: bool, yea: bool) -> bool {
    !(accused && yea)
}

/// Where a lock comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    /// From the stake.
    pub stake: u128,
    /// From the earnings.
    pub earnings: u128,
}

/// The lock of the accused: from its whole stake, pending withdrawals included, then from
/// its earnings; nothing if both do not cover it, and then it casts no vote.
pub const fn accused_lock(stake: Stake, earnings: u128, slash: u128) -> Option<Lock> {
    if stake.staked >= slash {
        return Some(Lock {
            stake: slash,
            earnings: 0,
        });
    }
    let rest = slash - stake.staked;
    if earnings < rest {
        return None;
    }
    Some(Lock {
        stake: stake.staked,
        earnings: rest,
    })
}

// ──────────────────────────────── the vote's end ────────────────────────────

/// Whether a vote is over; at its end one can still vote. Both unpaused.
pub const fn vote_over(now: u64, vote_end: u64) -> bool {
    now > vote_end
}

/// When a vote ends, in unpaused seconds. Fixed when the contestation begins, so that a
/// parameter changed later moves nothing that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteWindow {
    /// The end as it is.
    pub end: u64,
    /// What it can be extended to: one period after the first end.
    pub latest: u64,
}

impl VoteWindow {
    /// The window of a contestation that begins at `now`.
    pub const fn open(now: u64, period: u64) -> Self {
        let end = now.saturating_add(period);
        Self {
            end,
            latest: end.saturating_add(period),
        }
    }

    /// The window after a vote at `now`: one in the last `extension` seconds moves the end
    /// to `now + extension`, but never beyond [`latest`](Self::latest).
    pub const fn after_vote(self, now: u64, extension: u64) -> Self {
        let extended = now.saturating_add(extension);
        let end = if extended < self.latest {
            extended
        } else {
            self.latest
        };
        Self {
            end: if end > self.end { end } else { self.end },
            latest: self.latest,
        }
    }
}

// ───────────────────────────────── settlement ───────────────────────────────

/// What a contestation made of the solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Yes won: the solution is wrong, the fee goes back.
    Rejected,
    /// No won, as it does in a tie: the solution stands and is claimed.
    Upheld,
}

/// The votes when a vote is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// How many voted yes, the contester among them.
    pub yeas: u32,
    /// How many voted no, the accused among them if it voted.
    pub nays: u32,
    /// Whether the accused voted.
    pub accused_voted: bool,
    /// What each vote locked.
    pub slash: u128,
}

/// Who gets what. The winners are the yes-voters or the no-voters, in the order of their
/// votes; each gets its lock back and a share of what the losers lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Who won.
    pub outcome: Outcome,
    /// How many.
    pub winners: u32,
    /// What each of them gets back.
    pub lock: u128,
    /// What the losers lost.
    pub collected: u128,
    /// What of it goes to the winner that the contestation is about: the contester or the
    /// accused. 0 if the accused did not vote.
    pub lead: u128,
    /// What of it goes to each of the other winners.
    pub each: u128,
    /// What of it does not divide, for the treasury.
    pub remainder: u128,
}

/// Why there is nothing to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageError {
    /// A page of no winners (`AmntTooSmall`).
    AmountTooSmall,
    /// All winners are settled (`SettlementComplete`).
    Complete,
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AmountTooSmall => "settle one winner or more",
            Self::Complete => "the contestation is settled to its last winner",
        })
    }
}

impl core::error::Error for PageError {}

impl Tally {
    /// Ties side with the solver.
    pub const fn outcome(&self) -> Outcome {
        if self.yeas > self.nays {
            Outcome::Rejected
        } else {
            Outcome::Upheld
        }
    }

    /// Who gets what.
    pub fn settle(&self) -> Settlement {
        let outcome = self.outcome();
        let (winners, losers, lead_won) = match outcome {
            Outcome::Rejected => (self.yeas, self.nays, true),
            Outcome::Upheld => (self.nays, self.yeas, self.accused_voted),
        };
        // 2^32 locks of at most 2^80 wei: saturation is out of reach, and would only
        // leave something over.
        let collected = self.slash.saturating_mul(u128::from(losers));
        let lead = match (lead_won, outcome) {
            (false, _) => 0,
            _ if winners <= 1 => collected,
            (true, Outcome::Rejected) => collected - collected / 2,
            (true, Outcome::Upheld) => collected / 2,
        };
        let others = winners.saturating_sub(u32::from(lead_won));
        // There is no division where there is nobody else.
        let each = part(collected - lead, others).unwrap_or(0);
        let remainder = collected - lead - each * u128::from(others);
        Settlement {
            outcome,
            winners,
            lock: self.slash,
            collected,
            lead,
            each,
            remainder,
        }
    }
}

impl Settlement {
    /// The share of a winner beside its lock; `lead` if it is the contester or the accused.
    pub const fn share(&self, lead: bool) -> u128 {
        if lead { self.lead } else { self.each }
    }

    /// The winners of the next page, of `amount` at most, when `settled` are settled.
    ///
    /// # Errors
    ///
    /// [`PageError`].
    pub fn page(&self, settled: u32, amount: u32) -> Result<Range<u32>, PageError> {
        if amount == 0 {
            return Err(PageError::AmountTooSmall);
        }
        if settled >= self.winners {
            return Err(PageError::Complete);
        }
        Ok(settled..settled.saturating_add(amount).min(self.winners))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::ONE;

    const DEMAND: Demand = Demand {
        solved: 10_000,
        stake_since: 120,
        minimum: ONE,
        slash: ONE / 8,
    };

    fn voter() -> Voter {
        Voter {
            stake: Stake {
                staked: ONE,
                pending: 0,
            },
            since: 9_880,
            earnings: 0,
            voted: false,
            accused: false,
        }
    }

    #[test]
    fn refusals_have_the_numbers_that_the_interface_documents() {
        assert_eq!(
            DEMAND.vote(&voter(), 5, None),
            Err(VoteRefusal::NoContestation)
        );
        assert_eq!(DEMAND.vote(&voter(), 6, Some(5)), Err(VoteRefusal::Ended));
        assert_eq!(DEMAND.vote(&voter(), 5, Some(5)), Ok(()));
        let numbers = [
            VoteRefusal::NoContestation,
            VoteRefusal::Ended,
            VoteRefusal::Voted,
            VoteRefusal::NotValidator,
            VoteRefusal::StakeTooLow,
            VoteRefusal::ValidatorTooLate,
        ];
        assert_eq!(numbers.map(u8::from), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn everybody_votes_once() {
        let voted = Voter {
            voted: true,
            ..voter()
        };
        assert_eq!(DEMAND.admits(&voted), Err(VoteRefusal::Voted));
        assert_eq!(
            DEMAND.admits(&Voter {
                accused: true,
                ..voted
            }),
            Err(VoteRefusal::Voted)
        );
    }

    #[test]
    fn stake_that_arrives_for_the_dispute_cannot_vote() {
        assert_eq!(DEMAND.admits(&voter()), Ok(()));
        let late = Voter {
            since: 9_881,
            ..voter()
        };
        assert_eq!(DEMAND.admits(&late), Err(VoteRefusal::ValidatorTooLate));
        assert_eq!(
            DEMAND.admits(&Voter {
                accused: true,
                ..late
            }),
            Ok(())
        );
        let none = Voter {
            since: 0,
            ..voter()
        };
        assert_eq!(DEMAND.admits(&none), Err(VoteRefusal::NotValidator));
    }

    #[test]
    fn a_voter_covers_the_minimum_and_the_slash_amount_with_free_stake() {
        let leaving = Voter {
            stake: Stake {
                staked: ONE,
                pending: 1,
            },
            ..voter()
        };
        assert_eq!(DEMAND.admits(&leaving), Err(VoteRefusal::StakeTooLow));
        let high = Demand {
            slash: ONE + 1,
            ..DEMAND
        };
        assert_eq!(high.admits(&voter()), Err(VoteRefusal::StakeTooLow));
    }

    #[test]
    fn stake_on_its_way_out_and_earnings_are_within_reach_of_the_accused() {
        let leaving = Stake {
            staked: ONE,
            pending: ONE,
        };
        assert_eq!(
            accused_lock(leaving, 0, ONE / 8),
            Some(Lock {
                stake: ONE / 8,
                earnings: 0
            })
        );
        assert_eq!(
            accused_lock(leaving, 5, ONE + 5),
            Some(Lock {
                stake: ONE,
                earnings: 5
            })
        );
        assert_eq!(accused_lock(leaving, 4, ONE + 5), None);
        let poor = Voter {
            stake: Stake::default(),
            accused: true,
            ..voter()
        };
        assert_eq!(DEMAND.admits(&poor), Err(VoteRefusal::StakeTooLow));
        assert_eq!(
            DEMAND.admits(&Voter {
                earnings: ONE,
                ..poor
            }),
            Ok(())
        );
    }

    #[test]
    fn the_accused_cannot_vote_against_itself() {
        assert!(!side_admitted(true, true));
        assert!(side_admitted(true, false));
        assert!(side_admitted(false, true));
    }

    #[test]
    fn late_votes_extend_by_one_period_at_most() {
        let window = VoteWindow::open(1_000, 4_000);
        assert_eq!(
            window,
            VoteWindow {
                end: 5_000,
                latest: 9_000
            }
        );
        assert_eq!(window.after_vote(4_400, 600).end, 5_000);
        assert_eq!(window.after_vote(4_401, 600).end, 5_001);
        let mut window = window;
        for _ in 0..100 {
            window = window.after_vote(window.end, 600);
        }
        assert_eq!(window.end, 9_000);
    }

    #[test]
    fn a_window_never_shrinks_when_the_extension_exceeds_the_rest() {
        let window = VoteWindow {
            end: 5_000,
            latest: 5_000,
        };
        assert_eq!(window.after_vote(4_999, 600), window);
    }

    #[test]
    fn ties_side_with_the_solver() {
        let tally = Tally {
            yeas: 2,
            nays: 2,
            accused_voted: true,
            slash: 8,
        };
        assert_eq!(tally.outcome(), Outcome::Upheld);
    }

    #[test]
    fn the_contester_gets_the_larger_half() {
        let settled = Tally {
            yeas: 3,
            nays: 1,
            accused_voted: true,
            slash: 9,
        }
        .settle();
        assert_eq!(
            settled,
            Settlement {
                outcome: Outcome::Rejected,
                winners: 3,
                lock: 9,
                collected: 9,
                lead: 5,
                each: 2,
                remainder: 0,
            }
        );
    }

    #[test]
    fn the_accused_gets_the_smaller_half() {
        let settled = Tally {
            yeas: 1,
            nays: 3,
            accused_voted: true,
            slash: 9,
        }
        .settle();
        assert_eq!((settled.lead, settled.each, settled.remainder), (4, 2, 1));
    }

    #[test]
    fn alone_takes_all() {
        let contester = Tally {
            yeas: 1,
            nays: 0,
            accused_voted: false,
            slash: 9,
        }
        .settle();
        assert_eq!(
            (contester.outcome, contester.collected, contester.lead),
            (Outcome::Rejected, 0, 0)
        );
        let accused = Tally {
            yeas: 1,
            nays: 1,
            accused_voted: true,
            slash: 9,
        }
        .settle();
        assert_eq!(
            (accused.outcome, accused.lead, accused.remainder),
            (Outcome::Upheld, 9, 0)
        );
    }

    #[test]
    fn the_first_no_voter_is_not_taken_for_the_accused() {
        let settled = Tally {
            yeas: 2,
            nays: 3,
            accused_voted: false,
            slash: 10,
        }
        .settle();
        assert_eq!((settled.lead, settled.each, settled.remainder), (0, 6, 2));
    }

    #[test]
    fn a_settled_contestation_cannot_be_settled_again() {
        let settled = Tally {
            yeas: 3,
            nays: 1,
            accused_voted: true,
            slash: 9,
        }
        .settle();
        assert_eq!(settled.page(0, 0), Err(PageError::AmountTooSmall));
        assert_eq!(settled.page(0, 2), Ok(0..2));
        assert_eq!(settled.page(2, u32::MAX), Ok(2..3));
        assert_eq!(settled.page(3, 1), Err(PageError::Complete));
    }
}
