//! The states of a proposal, and which calls each of them takes.

use super::OperationState;
use alloy_primitives::{Address, B256};

/// What is kept of a proposal beside its actions and votes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Who proposed it; zero if there is none such.
    pub proposer: Address,
    /// When votes are looked up, in seconds since the epoch; voting begins a second later.
    pub vote_start: u64,
    /// Seconds from then to the last in which one can vote.
    pub vote_duration: u32,
    /// Its operation was executed, or is being executed.
    pub executed: bool,
    /// Its proposer took it back.
    pub canceled: bool,
    /// Its operation was scheduled.
    pub queued: bool,
}

/// What can be said of a proposal. The numbers are those of OpenZeppelin's `IGovernor` and
/// of Governor Bravo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ProposalState {
    /// Voting has not begun.
    Pending,
    /// Voting goes on.
    Active,
    /// Its proposer took it back, or its operation was canceled in the timelock.
    Canceled,
    /// Voting is over, and it failed or missed the quorum.
    Defeated,
    /// It passed and waits to be queued.
    Succeeded,
    /// Its operation waits in the timelock.
    Queued,
    /// Never here: a proposal that passed can be queued without limit of time.
    Expired,
    /// Its operation was executed.
    Executed,
}

impl ProposalState {
    /// The set of this state alone, as errors name sets of states.
    pub fn bit(self) -> B256 {
        B256::with_last_byte(1 << self as u8)
    }
}

impl Proposal {
    /// Whether there is such a proposal.
    pub const fn exists(&self) -> bool {
        self.vote_start != 0
    }

    /// The last second in which one can vote; the last there is, where their sum would be
    /// past it.
    pub const fn deadline(&self) -> u64 {
        self.vote_start.saturating_add(self.vote_duration as u64)
    }

    /// Its state at `now`, in seconds since the epoch.
    ///
    /// `passed` says whether its votes are enough and `operation` what the timelock has of
    /// its operation; each is asked only where the answer matters.
    ///
    /// # Errors
    ///
    /// Those of `passed` and `operation`.
    pub fn state<E>(
        &self,
        now: u64,
        passed: impl FnOnce() -> Result<bool, E>,
        operation: impl FnOnce() -> Result<OperationState, E>,
    ) -> Result<ProposalState, E> {
        Ok(if self.executed {
            ProposalState::Executed
        } else if self.canceled {
            ProposalState::Canceled
        } else if now <= self.vote_start {
            ProposalState::Pending
        } else if now <= self.deadline() {
            ProposalState::Active
        } else if self.queued {
            match operation()? {
                OperationState::Waiting | OperationState::Ready => ProposalState::Queued,
                OperationState::Done => ProposalState::Executed,
                OperationState::Unset => ProposalState::Canceled,
            }
        } else if passed()? {
            ProposalState::Succeeded
        } else {
            ProposalState::Defeated
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::convert::Infallible;

    const PROPOSAL: Proposal = Proposal {
        proposer: Address::repeat_byte(1),
        vote_start: 100,
        vote_duration: 50,
        executed: false,
        canceled: false,
        queued: false,
    };

    fn state(proposal: Proposal, now: u64, passed: bool) -> ProposalState {
        operation_state(proposal, now, passed, OperationState::Unset)
    }

    fn operation_state(
        proposal: Proposal,
        now: u64,
        passed: bool,
        operation: OperationState,
    ) -> ProposalState {
        let Ok(state) = proposal.state::<Infallible>(now, || Ok(passed), || Ok(operation));
        state
    }

    #[test]
    fn votes_are_taken_after_the_start_and_up_to_the_deadline() {
        for (now, expected) in [
            (0, ProposalState::Pending),
            (100, ProposalState::Pending),
            (101, ProposalState::Active),
            (150, ProposalState::Active),
            (151, ProposalState::Succeeded),
            (u64::MAX, ProposalState::Succeeded),
        ] {
            assert_eq!(state(PROPOSAL, now, true), expected, "{now}");
        }
        assert_eq!(state(PROPOSAL, 151, false), ProposalState::Defeated);
        assert_eq!(state(PROPOSAL, 150, false), ProposalState::Active);
    }

    #[test]
    fn a_vote_that_would_end_after_all_time_ends_with_it() {
        let last = Proposal {
            vote_start: u64::MAX - 1,
            ..PROPOSAL
        };
        assert_eq!(last.deadline(), u64::MAX);
        assert_eq!(state(last, u64::MAX, true), ProposalState::Active);
    }

    #[test]
    fn a_queued_proposal_is_what_the_timelock_says() {
        let queued = Proposal {
            queued: true,
            ..PROPOSAL
        };
        for (operation, expected) in [
            (OperationState::Unset, ProposalState::Canceled),
            (OperationState::Waiting, ProposalState::Queued),
            (OperationState::Ready, ProposalState::Queued),
            (OperationState::Done, ProposalState::Executed),
        ] {
            // Its votes are not looked at again.
            assert_eq!(operation_state(queued, 151, false, operation), expected);
        }
    }

    #[test]
    fn what_was_taken_back_or_executed_stays_so() {
        for now in [0, 101, 151] {
            let canceled = Proposal {
                canceled: true,
                ..PROPOSAL
            };
            assert_eq!(state(canceled, now, true), ProposalState::Canceled);
            let executed = Proposal {
                executed: true,
                queued: true,
                ..PROPOSAL
            };
            assert_eq!(state(executed, now, true), ProposalState::Executed);
        }
    }

    #[test]
    fn sets_of_states_have_a_bit_for_each() {
        assert_eq!(ProposalState::Pending.bit(), B256::with_last_byte(1));
        assert_eq!(ProposalState::Executed.bit(), B256::with_last_byte(0x80));
    }
}
