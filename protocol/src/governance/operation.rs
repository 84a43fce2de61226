//! What waits in the timelock: the states of an operation, the roles, and the guardian,
//! who may cancel while the network is young.

use crate::fixed::ONE;
use alloy_primitives::{B256, b256};

/// The time that stands for an operation that was executed.
pub const DONE: u64 = 1;

/// The AIUS, in wei, whose emission ends the guardian's time.
pub const GUARDIAN_END: u128 = 100_000 * ONE;

/// The role that administers roles.
pub const DEFAULT_ADMIN_ROLE: B256 = B256::ZERO;

/// The role that schedules: `keccak256("PROPOSER_ROLE")`.
pub const PROPOSER_ROLE: B256 =
    b256!("b09aa5aeb3702cfd50b6b62bc4532604938f21248a27a1d5ca736082b6819cc1");

/// The role that executes, which everybody has if the zero address has it:
/// `keccak256("EXECUTOR_ROLE")`.
pub const EXECUTOR_ROLE: B256 =
    b256!("d8aa0f3194971a2a116679f7c2090f6939c8d4e01a2a8d7e41d55e5351469e63");

/// The role that cancels: `keccak256("CANCELLER_ROLE")`.
pub const CANCELLER_ROLE: B256 =
    b256!("fd643c72710c63c0180259aba6b2d05451e3591a24e58b62239378085726f783");

/// What can be said of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum OperationState {
    /// It was never scheduled, or it was canceled.
    Unset,
    /// Its delay runs.
    Waiting,
    /// It can be executed.
    Ready,
    /// It was executed, or is being executed.
    Done,
}

impl OperationState {
    /// The state at `now` of an operation that can be executed from `timestamp` on; both in
    /// seconds since the epoch, `timestamp` 0 if it is unset and [`DONE`] if it is done.
    pub const fn at(timestamp: u64, now: u64) -> Self {
        match timestamp {
            0 => Self::Unset,
            DONE => Self::Done,
            _ if timestamp > now => Self::Waiting,
            _ => Self::Ready,
        }
    }

    /// Whether it can still be canceled.
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Waiting | Self::Ready)
    }

    /// The set of this state alone, as errors name sets of states.
    pub fn bit(self) -> B256 {
        B256::with_last_byte(1 << self as u8)
    }
}

/// Whether a guardian may still cancel when `emitted` wei of AIUS are emitted.
pub const fn guardian_is_active(emitted: u128) -> bool {
    emitted < GUARDIAN_END
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::keccak256;

    #[test]
    fn roles_are_the_hashes_of_their_names() {
        assert_eq!(PROPOSER_ROLE, keccak256("PROPOSER_ROLE"));
        assert_eq!(EXECUTOR_ROLE, keccak256("EXECUTOR_ROLE"));
        assert_eq!(CANCELLER_ROLE, keccak256("CANCELLER_ROLE"));
    }

    #[test]
    fn an_operation_is_ready_from_its_time_on() {
        assert_eq!(OperationState::at(0, 100), OperationState::Unset);
        assert_eq!(OperationState::at(DONE, 100), OperationState::Done);
        assert_eq!(OperationState::at(101, 100), OperationState::Waiting);
        assert_eq!(OperationState::at(100, 100), OperationState::Ready);
        assert_eq!(OperationState::at(2, 100), OperationState::Ready);
    }

    #[test]
    fn only_what_was_scheduled_and_not_executed_can_be_canceled() {
        assert!(!OperationState::Unset.is_pending());
        assert!(OperationState::Waiting.is_pending());
        assert!(OperationState::Ready.is_pending());
        assert!(!OperationState::Done.is_pending());
        assert_eq!(OperationState::Ready.bit(), B256::with_last_byte(4));
    }

    #[test]
    fn the_guardian_is_over_once_a_hundred_thousand_are_emitted() {
        assert!(guardian_is_active(0));
        assert!(guardian_is_active(GUARDIAN_END - 1));
        assert!(!guardian_is_active(GUARDIAN_END));
    }
}
