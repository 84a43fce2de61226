//! The treasury's side of the books (protocol section 9): accrued fees, what is held, and
//! what was sent unasked.

use crate::abi::event;
use crate::layout::STORAGE;
use crate::revert::{Revert, ensure};
use crate::state::{self, Config, Ledger};
use crate::token;
use arbius_protocol::solvency;

/// `accruedFees()`: fees that wait for the treasury.
pub(crate) fn accrued() -> Result<u128, Revert> {
    Ok(Ledger::read().accrued)
}

/// `withdrawAccruedFees()`: pays them to the treasury. Anyone may call, also while the
/// engine is paused.
///
/// # Errors
///
/// `NothingToWithdraw`, `TransferFailed`.
///
/// # Events
///
/// `AccruedFeesWithdrawn`.
pub(crate) fn withdraw_accrued() -> Result<(), Revert> {
    let treasury = STORAGE.state.treasury.get();
    let mut config = Config::read();
    let mut ledger = Ledger::read();
    let amount = ledger.accrued;
    ensure!(amount != 0, NothingToWithdraw);
    ledger.accrued = 0;
    ledger.write();
    config.release(amount)?;
    event!(AccruedFeesWithdrawn)
        .address(&treasury)
        .uint(amount)
        .log(2);
    token::pay(&config.token, &treasury, amount)
}

/// `totalHeld()`: everything that the engine holds for somebody.
pub(crate) fn held() -> Result<u128, Revert> {
    Ok(Config::read().held(Ledger::read().emitted))
}

/// `sweepSurplus()`: credits what the engine holds for nobody, because it was sent
/// unasked, to the treasury.
///
/// # Errors
///
/// `Paused`, `NothingToWithdraw`, `AmountTooLarge` if the token claims more than exists.
///
/// # Events
///
/// `SurplusSwept`.
pub(crate) fn sweep() -> Result<(), Revert> {
    let mut config = Config::running()?;
    let balance = state::amount(token::balance(&config.token)?)?;
    let mut ledger = Ledger::read();
    let held = config.held(ledger.emitted);
    let surplus = solvency::surplus(balance, ledger.emitted, held);
    ensure!(surplus != 0, NothingToWithdraw);
    config.receive(surplus)?;
    ledger.accrued += surplus;
    ledger.write();
    event!(SurplusSwept).uint(surplus).log(1);
    Ok(())
}
