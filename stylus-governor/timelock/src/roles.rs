//! Who may what: the calls of OpenZeppelin's `AccessControl`. One role, zero, administers
//! all; the timelock itself has it, and nobody else for long.
//!
//! Accounts are words with an address in their low bytes.

use alloy_primitives::B256;
use arbius_frame::{Refused, event, word_of};
use arbius_host::{self as host, word};
use arbius_protocol::governance::DEFAULT_ADMIN_ROLE;
use arbius_protocol::interfaces::timelock::ITimelock;

use crate::layout;

/// Whether `account` has `role`.
#[must_use]
pub fn has(role: &B256, account: &B256) -> bool {
    layout::member(role, account).load() != B256::ZERO
}

/// Refuses whoever lacks `role`.
///
/// # Errors
///
/// `AccessControlUnauthorizedAccount`.
#[inline(never)]
pub fn only(role: &B256) -> Result<(), Refused> {
    let sender = host::sender();
    if has(role, &sender) {
        return Ok(());
    }
    Err(unauthorized(&sender, role))
}

/// The refusal of an account that lacks a role.
#[must_use]
pub fn unauthorized(account: &B256, role: &B256) -> Refused {
    Refused::with::<ITimelock::AccessControlUnauthorizedAccount>(&[*account, *role])
}

/// Gives `account` a role, if it lacks it.
///
/// # Events
///
/// `RoleGranted`.
#[inline(never)]
pub fn give(role: &B256, account: &B256) {
    let member = layout::member(role, account);
    if member.load() == B256::ZERO {
        member.store(&word_of(1));
        event!(
            ITimelock::RoleGranted,
            &[*role, *account, host::sender()],
            0
        )
        .emit();
    }
}

/// Takes a role from `account`, if it has it.
#[inline(never)]
fn take(role: &B256, account: &B256) {
    let member = layout::member(role, account);
    if member.load() != B256::ZERO {
        member.store(&B256::ZERO);
        event!(
            ITimelock::RoleRevoked,
            &[*role, *account, host::sender()],
            0
        )
        .emit();
    }
}

/// `grantRole(role, account)`.
///
/// # Errors
///
/// `AccessControlUnauthorizedAccount`.
///
/// # Events
///
/// `RoleGranted`.
pub fn grant(role: &B256, account: &B256) -> Result<(), Refused> {
    only(&word!(DEFAULT_ADMIN_ROLE))?;
    give(role, account);
    Ok(())
}

/// `revokeRole(role, account)`.
///
/// # Errors
///
/// `AccessControlUnauthorizedAccount`.
///
/// # Events
///
/// `RoleRevoked`.
pub fn revoke(role: &B256, account: &B256) -> Result<(), Refused> {
    only(&word!(DEFAULT_ADMIN_ROLE))?;
    take(role, account);
    Ok(())
}

/// `renounceRole(role, callerConfirmation)`.
///
/// # Errors
///
/// `AccessControlBadConfirmation` unless the confirmation is the caller.
///
/// # Events
///
/// `RoleRevoked`.
pub fn renounce(role: &B256, confirmation: &B256) -> Result<(), Refused> {
    if *confirmation != host::sender() {
        return Err(Refused::with::<ITimelock::AccessControlBadConfirmation>(&[]));
    }
    take(role, confirmation);
    Ok(())
}
