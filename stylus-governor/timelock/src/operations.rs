//! Operations: scheduled, canceled, executed.

use alloy_primitives::{B256, U256};
use arbius_frame::{Refused, call, event, word_of};
use arbius_host::{self as host, word};
use arbius_protocol::governance::{
    Action, CANCELLER_ROLE, DONE, EXECUTOR_ROLE, OperationState, PROPOSER_ROLE,
};
use arbius_protocol::interfaces::timelock::ITimelock;

use crate::{guardian, layout, roles};

/// When the operation can be executed; 0 if it is unset, 1 if it is done.
#[must_use]
pub fn timestamp(id: &B256) -> u64 {
    U256::from_be_bytes(layout::timestamp(id).load().0).saturating_to()
}

/// The state of an operation.
#[must_use]
pub fn state(id: &B256) -> OperationState {
    OperationState::at(timestamp(id), host::timestamp())
}

/// Schedules `actions` as the operation `id`, which can be executed after `delay` seconds.
///
/// # Errors
///
/// `AccessControlUnauthorizedAccount`, `TimelockUnexpectedOperationState` unless it is
/// unset, `TimelockInsufficientDelay`.
///
/// # Events
///
/// `CallScheduled` for each call, `CallSalt` for a salt other than zero.
pub fn schedule(
    id: &B256,
    actions: &[Action<'_>],
    predecessor: &B256,
    salt: &B256,
    delay: u64,
) -> Result<(), Refused> {
    roles::only(&word!(PROPOSER_ROLE))?;
    if state(id) != OperationState::Unset {
        return Err(unexpected(id, OperationState::Unset.bit()));
    }
    let least = layout::MIN_DELAY.get(&layout::STATE.load());
    if u128::from(delay) < least {
        return Err(Refused::with::<ITimelock::TimelockInsufficientDelay>(&[
            word_of(delay.into()),
            word_of(least),
        ]));
    }
    // Beyond the end of time an operation waits for ever.
    let ready = host::timestamp().saturating_add(delay);
    layout::timestamp(id).store(&word_of(ready.into()));
    for (i, action) in actions.iter().enumerate() {
        let mut event = event!(ITimelock::CallScheduled, &[*id, word_of(i as u128)], 5);
        event
            .arguments()
            .address(&action.target)
            .word(&action.value.into())
            .bytes(action.data)
            .word(predecessor)
            .number(delay.into());
        event.emit();
    }
    if *salt != B256::ZERO {
        let mut event = event!(ITimelock::CallSalt, &[*id], 1);
        event.arguments().word(salt);
        event.emit();
    }
    Ok(())
}

/// `cancel(id)`.
///
/// # Errors
///
/// `AccessControlUnauthorizedAccount` for whoever is neither canceller nor, in its time,
/// the guardian; `TimelockUnexpectedOperationState` unless the operation is pending.
///
/// # Events
///
/// `Cancelled`.
pub fn cancel(id: &B256) -> Result<(), Refused> {
    let (sender, role) = (host::sender(), word!(CANCELLER_ROLE));
    if !roles::has(&role, &sender) && !guardian::may_cancel(&sender) {
        return Err(roles::unauthorized(&sender, &role));
    }
    if !state(id).is_pending() {
        let pending = OperationState::Waiting.bit() | OperationState::Ready.bit();
        return Err(unexpected(id, pending));
    }
    layout::timestamp(id).store(&B256::ZERO);
    event!(ITimelock::Cancelled, &[*id], 0).emit();
    Ok(())
}

/// Makes the calls of the operation `id`, all or none.
///
/// It is done before the first of them, so that none of them can make it run again.
///
/// # Errors
///
/// `AccessControlUnauthorizedAccount`, `TimelockUnexpectedOperationState` unless it is
/// ready, `TimelockUnexecutedPredecessor`, and what a call reverts with, or `FailedCall`.
///
/// # Events
///
/// `CallExecuted` after each call.
pub fn execute(id: &B256, actions: &[Action<'_>], predecessor: &B256) -> Result<(), Refused> {
    let role = word!(EXECUTOR_ROLE);
    if !roles::has(&role, &B256::ZERO) {
        roles::only(&role)?;
    }
    if state(id) != OperationState::Ready {
        return Err(unexpected(id, OperationState::Ready.bit()));
    }
    if *predecessor != B256::ZERO && state(predecessor) != OperationState::Done {
        return Err(Refused::with::<ITimelock::TimelockUnexecutedPredecessor>(
            &[*predecessor],
        ));
    }
    layout::timestamp(id).store(&word_of(DONE.into()));
    for (i, action) in actions.iter().enumerate() {
        let value = B256::from(action.value);
        call(&action.target, action.data, &value)?;
        let mut event = event!(ITimelock::CallExecuted, &[*id, word_of(i as u128)], 3);
        event
            .arguments()
            .address(&action.target)
            .word(&value)
            .bytes(action.data);
        event.emit();
    }
    Ok(())
}

fn unexpected(id: &B256, expected: B256) -> Refused {
    Refused::with::<ITimelock::TimelockUnexpectedOperationState>(&[*id, expected])
}
