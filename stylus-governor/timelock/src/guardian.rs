//! The guardian, who may cancel operations until 100,000 AIUS are emitted, and nothing
//! else. Its time ends by itself: the engine's counter, which only rises, is read whenever
//! the guardian cancels.

use alloy_primitives::B256;
use alloy_sol_types::SolCall;
use arbius_frame::{Refused, address_of, ask_word, event};
use arbius_host::word;
use arbius_protocol::governance::{DEFAULT_ADMIN_ROLE, guardian_is_active};
use arbius_protocol::interfaces::{engine::IEngine, timelock::ITimelock};

use crate::{layout, roles};

/// The account in a slot, in the low bytes of a word.
pub(crate) fn account(slot: arbius_frame::Slot) -> B256 {
    address_of(&slot.load()).into_word()
}

/// Whether the guardian may still cancel. An engine that does not say what it has emitted
/// ends its time as well.
#[must_use]
pub fn is_active() -> bool {
    if layout::GUARDIAN.load() == B256::ZERO {
        return false;
    }
    let engine = address_of(&layout::ENGINE.load());
    let answer = ask_word(&engine, &IEngine::emittedCall::SELECTOR);
    let Ok(Some(emitted)) = answer else {
        return false;
    };
    let emitted = alloy_primitives::U256::from_be_bytes(emitted.0);
    guardian_is_active(emitted.saturating_to())
}

/// Whether `sender` is the guardian and may still cancel.
#[must_use]
pub fn may_cancel(sender: &B256) -> bool {
    account(layout::GUARDIAN) == *sender && is_active()
}

/// `setGuardian(newGuardian, engine)`.
///
/// # Errors
///
/// `AccessControlUnauthorizedAccount`.
///
/// # Events
///
/// `GuardianSet`.
pub fn set(guardian: &B256, engine: &B256) -> Result<(), Refused> {
    roles::only(&word!(DEFAULT_ADMIN_ROLE))?;
    for (slot, account) in [(layout::GUARDIAN, guardian), (layout::ENGINE, engine)] {
        // The address goes to the first bytes.
        let mut word = B256::ZERO;
        word[..20].copy_from_slice(&account[12..]);
        slot.store(&word);
    }
    event!(ITimelock::GuardianSet, &[*guardian, *engine], 0).emit();
    Ok(())
}
