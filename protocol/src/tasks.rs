//! The life of a task: its status, its retraction, commit and reveal, the claim
//! (protocol sections 5 and 6).
//!
//! Moments are on the clock that pauses stop ([`crate::clock::Clock::unpaused`]) where
//! they belong to a wait that protects somebody: `now` and what it is compared with have
//! to be of one kind, and each function says of which.

use crate::contestation::Outcome;
use crate::fixed::mul;
use core::fmt;

/// Seconds between announcing to retract a task and retracting it.
pub const RETRACTION_NOTICE: u64 = 600;

/// Seconds after its contest end in which a solution is its solver's alone to claim.
pub const SOLVER_ONLY: u64 = 3_600;

/// Where a task stands, numbered as `taskStatus` returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TaskStatus {
    /// There is no such task.
    None = 0,
    /// It waits for a solution.
    Open = 1,
    /// It has a solution, which can still be contested.
    Solved = 2,
    /// Its solution is contested and the contestation not settled.
    Contested = 3,
    /// Its solution stands, claimed or not: nothing can change it any more.
    Final = 4,
    /// Its solution was voted down and its fee refunded.
    Rejected = 5,
    /// Its owner retracted it.
    Retracted = 6,
}

impl TaskStatus {
    /// Whether the task's outcome is known and can no longer change.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Final | Self::Rejected | Self::Retracted)
    }
}

impl From<TaskStatus> for u8 {
    fn from(status: TaskStatus) -> Self {
        status as Self
    }
}

/// A number that is no [`TaskStatus`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownStatus(pub u8);

impl fmt::Display for UnknownStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task status {} is unknown: it is 0 to 6", self.0)
    }
}

impl core::error::Error for UnknownStatus {}

impl TryFrom<u8> for TaskStatus {
    type Error = UnknownStatus;

    fn try_from(number: u8) -> Result<Self, UnknownStatus> {
        Ok(match number {
            0 => Self::None,
            1 => Self::Open,
            2 => Self::Solved,
            3 => Self::Contested,
            4 => Self::Final,
            5 => Self::Rejected,
            6 => Self::Retracted,
            _ => return Err(UnknownStatus(number)),
        })
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Open => "open",
            Self::Solved => "solved",
            Self::Contested => "contested",
            Self::Final => "final",
            Self::Rejected => "rejected",
            Self::Retracted => "retracted",
        })
    }
}

/// What has happened to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It was submitted.
    Submitted,
    /// It was retracted.
    Retracted,
    /// It was solved.
    Solved {
        /// End of the time to contest, unpaused.
        contest_end: u64,
    },
    /// Its solution was contested.
    Contested {
        /// The outcome, once the first page is settled.
        settled: Option<Outcome>,
    },
}

/// Status of a task; `progress` is nothing if there is no such task, `now` unpaused.
pub const fn status(progress: Option<Progress>, now: u64) -> TaskStatus {
    match progress {
        None => TaskStatus::None,
        Some(Progress::Submitted) => TaskStatus::Open,
        Some(Progress::Retracted) => TaskStatus::Retracted,
        Some(Progress::Solved { contest_end }) if contestable(now, contest_end) => {
            TaskStatus::Solved
        }
        Some(Progress::Solved { .. }) => TaskStatus::Final,
        Some(Progress::Contested { settled: None }) => TaskStatus::Contested,
        Some(Progress::Contested {
            settled: Some(Outcome::Upheld),
        }) => TaskStatus::Final,
        Some(Progress::Contested {
            settled: Some(Outcome::Rejected),
        }) => TaskStatus::Rejected,
    }
}

/// Whether a solution can still be contested, at its contest end included; both unpaused.
pub const fn contestable(now: u64, contest_end: u64) -> bool {
    now <= contest_end
}

// ──────────────────────────────── retraction ────────────────────────────────

/// An unsolved task that its owner wants to retract, in unpaused seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retraction {
    /// When the task was submitted.
    pub submitted: u64,
    /// When the owner announced to retract it, if it did.
    pub announced: Option<u64>,
    /// The parameter `minRetractionWaitTime`.
    pub wait: u64,
    /// When the task's model was disabled; nothing while it takes tasks.
    pub disabled: Option<u64>,
}

/// What a call of the owner does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetractionStep {
    /// It announces; a later call retracts.
    Announce,
    /// It retracts and refunds, less the retraction fee unless `free`.
    Refund {
        /// Whether the model is disabled, so that nothing is kept.
        free: bool,
    },
}

/// Why a task cannot be retracted yet; the moment from which on it can, unpaused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetractionError {
    /// Too soon after submission (`NotEnoughDelay`).
    NotEnoughDelay {
        /// When the owner can announce.
        from: u64,
    },
    /// Too soon after the announcement (`WaitLonger`).
    WaitLonger {
        /// When the owner can retract.
        from: u64,
    },
}

impl fmt::Display for RetractionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEnoughDelay { from } => {
                write!(
                    f,
                    "an unsolved task can be announced for retraction from {from} on"
                )
            }
            Self::WaitLonger { from } => {
                write!(f, "the announced retraction takes effect from {from} on")
            }
        }
    }
}

impl core::error::Error for RetractionError {}

impl Retraction {
    /// What the owner's call at `now` does. That the task has no solution is the
    /// caller's to check.
    ///
    /// Two steps, so that an owner cannot pull the fee from under a finished computation.
    /// Disabling the model is such a notice to all who compute for it: once that is over,
    /// one call refunds the whole fee, however old the task is. At once, an owner of both
    /// model and task could take the fee back when the answer is on its way.
    ///
    /// # Errors
    ///
    /// [`RetractionError`] before the wait or the notice is over.
    pub const fn step(&self, now: u64) -> Result<RetractionStep, RetractionError> {
        let free = match self.disabled {
            None => u64::MAX,
            Some(disabled) => disabled.saturating_add(RETRACTION_NOTICE),
        };
        if now >= free {
            return Ok(RetractionStep::Refund { free: true });
        }
        let (from, step) = match self.announced {
            None => (
                self.submitted.saturating_add(self.wait),
                RetractionStep::Announce,
            ),
            Some(announced) => (
                announced.saturating_add(RETRACTION_NOTICE),
                RetractionStep::Refund { free: false },
            ),
        };
        if now >= from {
            return Ok(step);
        }
        let from = if free < from { free } else { from };
        Err(match self.announced {
            None => RetractionError::NotEnoughDelay { from },
            Some(_) => RetractionError::WaitLonger { from },
        })
    }
}

// ───────────────────────────── commit and reveal ────────────────────────────

/// Why a commitment does not open a task to a solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitmentError {
    /// Nobody signalled it (`NonExistentCommitment`).
    NonExistent,
    /// It is from this block (`CommitmentMustBeInPast`).
    MustBeInPast,
    /// It is from a block before the task's own (`CommitmentBeforeTask`).
    BeforeTask,
}

impl fmt::Display for CommitmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NonExistent => "signal the commitment first",
            Self::MustBeInPast => "reveal in a block after that of the commitment",
            Self::BeforeTask => "the commitment is older than the task: signal another one",
        })
    }
}

impl core::error::Error for CommitmentError {}

/// Whether a commitment signalled in block `committed` (0: it was not) can be revealed in
/// block `now` for a task of block `submitted`; all are numbers of L2 blocks.
///
/// # Errors
///
/// [`CommitmentError`].
pub const fn revealable(committed: u64, submitted: u64, now: u64) -> Result<(), CommitmentError> {
    if committed == 0 {
        return Err(CommitmentError::NonExistent);
    }
    if committed >= now {
        return Err(CommitmentError::MustBeInPast);
    }
    if committed < submitted {
        return Err(CommitmentError::BeforeTask);
    }
    Ok(())
}

/// Whether a validator that lost a contestation as the accused at `lost` (0: it never
/// did) still has to wait at `now`: for claim delay and vote period. Plain time.
pub const fn cooling_down(now: u64, lost: u64, claim_delay: u64, vote_period: u64) -> bool {
    lost != 0 && now <= lost.saturating_add(claim_delay).saturating_add(vote_period)
}

/// Whether a solver whose last solution came at `last` submits too soon at `now`, with
/// `accepted` solutions in this call: when the limit is above 0 and the time since then
/// is at most `⌊limit × accepted / 1e18⌋` seconds. Plain time.
pub fn rate_limited(now: u64, last: u64, limit: u128, accepted: u32) -> bool {
    if limit == 0 {
        return false;
    }
    // A product too large to represent is longer than any time.
    let least = mul(limit, u128::from(accepted)).unwrap_or(u128::MAX);
    u128::from(now.saturating_sub(last)) <= least
}

// ─────────────────────────────────── claim ──────────────────────────────────

/// Why an uncontested solution cannot be claimed yet; when it can, unpaused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimError {
    /// It can still be contested (`NotEnoughDelay`).
    NotEnoughDelay {
        /// The contest end; after it the solver can claim.
        until: u64,
    },
    /// It is its solver's to claim (`SolverOnly`).
    SolverOnly {
        /// After it anyone can claim.
        until: u64,
    },
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEnoughDelay { until } => {
                write!(
                    f,
                    "the solution can be contested until {until} and claimed after it"
                )
            }
            Self::SolverOnly { until } => {
                write!(f, "until {until} only the solver can claim the solution")
            }
        }
    }
}

impl core::error::Error for ClaimError {}

/// Whether an uncontested, unclaimed solution can be claimed at `now`; both unpaused.
///
/// In the first hour only by its solver: rivals could otherwise claim for it at a moment
/// when the reward is near 0.
///
/// # Errors
///
/// [`ClaimError`].
pub const fn claimable(now: u64, contest_end: u64, by_solver: bool) -> Result<(), ClaimError> {
    if contestable(now, contest_end) {
        return Err(ClaimError::NotEnoughDelay { until: contest_end });
    }
    let until = contest_end.saturating_add(SOLVER_ONLY);
    if !by_solver && now <= until {
        return Err(ClaimError::SolverOnly { until });
    }
    Ok(())
}

/// Gas that the engine keeps beside what it passes on to a consumer: for the call itself
/// (2,600 at most), and for writing down and telling what came of it.
const NOTIFICATION_RESERVE: u64 = 30_000;

/// Gas that has to be left before a consumer is called, so that it gets the `limit` that
/// it was promised: a call passes on 63 of 64 parts at most (EIP-150).
pub const fn gas_to_notify(limit: u64) -> u64 {
    limit
        .saturating_add(limit.div_ceil(63))
        .saturating_add(NOTIFICATION_RESERVE)
}

/// Whether a task of this fee earns emission at all (`minRewardFee`).
pub const fn earns_emission(fee: u128, min_reward_fee: u128) -> bool {
    fee >= min_reward_fee
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::ONE;

    #[test]
    fn a_status_is_the_number_that_the_interface_documents() {
        for number in 0..=6 {
            let status = TaskStatus::try_from(number).expect("0 to 6 are statuses");
            assert_eq!(u8::from(status), number);
            assert_eq!(status.is_settled(), number >= 4);
        }
        assert_eq!(TaskStatus::try_from(7), Err(UnknownStatus(7)));
    }

    #[test]
    fn an_uncontested_solution_is_final_after_its_contest_end() {
        let solved = Some(Progress::Solved { contest_end: 100 });
        assert_eq!(status(solved, 100), TaskStatus::Solved);
        assert_eq!(status(solved, 101), TaskStatus::Final);
        assert_eq!(
            claimable(100, 100, true),
            Err(ClaimError::NotEnoughDelay { until: 100 })
        );
        assert_eq!(claimable(101, 100, true), Ok(()));
    }

    #[test]
    fn a_contested_task_stays_so_until_it_is_settled() {
        let contested = |settled| status(Some(Progress::Contested { settled }), u64::MAX);
        assert_eq!(contested(None), TaskStatus::Contested);
        assert_eq!(contested(Some(Outcome::Upheld)), TaskStatus::Final);
        assert_eq!(contested(Some(Outcome::Rejected)), TaskStatus::Rejected);
    }

    #[test]
    fn what_was_never_submitted_has_no_status_and_what_was_retracted_stays_retracted() {
        assert_eq!(status(None, 0), TaskStatus::None);
        assert_eq!(
            status(Some(Progress::Submitted), u64::MAX),
            TaskStatus::Open
        );
        assert_eq!(status(Some(Progress::Retracted), 0), TaskStatus::Retracted);
    }

    #[test]
    fn strangers_cannot_claim_for_a_solver_in_the_first_hour() {
        let until = 100 + SOLVER_ONLY;
        assert_eq!(
            claimable(101, 100, false),
            Err(ClaimError::SolverOnly { until })
        );
        assert_eq!(
            claimable(until, 100, false),
            Err(ClaimError::SolverOnly { until })
        );
        assert_eq!(claimable(until + 1, 100, false), Ok(()));
    }

    #[test]
    fn a_fee_is_not_pulled_from_under_a_finished_computation() {
        let mut task = Retraction {
            submitted: 1_000,
            announced: None,
            wait: 10_000,
            disabled: None,
        };
        assert_eq!(
            task.step(10_999),
            Err(RetractionError::NotEnoughDelay { from: 11_000 })
        );
        assert_eq!(task.step(11_000), Ok(RetractionStep::Announce));
        task.announced = Some(11_000);
        assert_eq!(
            task.step(11_599),
            Err(RetractionError::WaitLonger { from: 11_600 })
        );
        assert_eq!(
            task.step(11_600),
            Ok(RetractionStep::Refund { free: false })
        );
    }

    #[test]
    fn tasks_of_a_disabled_model_are_refunded_whole_in_one_step_after_the_notice() {
        let task = Retraction {
            submitted: 1_000,
            announced: None,
            wait: 10_000,
            disabled: Some(2_000),
        };
        // Whoever computes for it has as long to reveal as after an announcement.
        assert_eq!(
            task.step(2_599),
            Err(RetractionError::NotEnoughDelay { from: 2_600 })
        );
        assert_eq!(task.step(2_600), Ok(RetractionStep::Refund { free: true }));
        // An announcement that was made before is not taken back by it.
        let announced = Retraction {
            announced: Some(11_000),
            disabled: Some(11_500),
            ..task
        };
        assert_eq!(
            announced.step(11_599),
            Err(RetractionError::WaitLonger { from: 11_600 })
        );
        assert_eq!(
            announced.step(11_600),
            Ok(RetractionStep::Refund { free: false })
        );
        assert_eq!(
            announced.step(12_100),
            Ok(RetractionStep::Refund { free: true })
        );
    }

    #[test]
    fn a_consumer_gets_the_gas_that_it_was_promised() {
        for limit in [0, 1, 62, 63, 64, 100_000, u64::from(u32::MAX)] {
            // What is left after the dearest call has been paid for.
            let left = gas_to_notify(limit) - 2_600;
            assert!(left - left / 64 >= limit, "{limit}");
        }
        assert_eq!(gas_to_notify(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_commitment_lies_between_the_task_and_the_reveal() {
        assert_eq!(revealable(0, 5, 9), Err(CommitmentError::NonExistent));
        assert_eq!(revealable(9, 5, 9), Err(CommitmentError::MustBeInPast));
        assert_eq!(revealable(4, 5, 9), Err(CommitmentError::BeforeTask));
        assert_eq!(revealable(5, 5, 9), Ok(()));
        assert_eq!(revealable(8, 5, 9), Ok(()));
    }

    #[test]
    fn losing_as_the_accused_pauses_new_solutions_for_claim_delay_and_vote_period() {
        assert!(!cooling_down(6_000, 0, 2_000, 4_000));
        assert!(cooling_down(16_000, 10_000, 2_000, 4_000));
        assert!(!cooling_down(16_001, 10_000, 2_000, 4_000));
    }

    #[test]
    fn the_rate_limit_counts_what_is_accepted_and_is_off_at_zero() {
        assert!(!rate_limited(100, 100, 0, 5));
        assert!(rate_limited(100, 100, ONE / 2, 1));
        assert!(rate_limited(105, 100, ONE, 5));
        assert!(!rate_limited(106, 100, ONE, 5));
        assert!(rate_limited(u64::MAX, 0, u128::MAX, u32::MAX));
    }

    #[test]
    fn small_fees_earn_no_emission() {
        assert!(earns_emission(0, 0));
        assert!(earns_emission(5, 5));
        assert!(!earns_emission(4, 5));
    }
}
