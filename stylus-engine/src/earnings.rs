//! The earnings ledger (protocol section 6): what is owed is credited here and paid out
//! on demand, so that crediting calls nobody and nobody's address can block a claim.

use crate::abi::event;
use crate::host;
use crate::layout::STORAGE;
use crate::revert::{Revert, ensure};
use crate::state::{self, Config, Ledger};
use crate::store::Map;
use crate::token;
use crate::validators::Stake;
use alloy_primitives::{Address, U256};

/// Where it is kept what is owed to whom.
#[derive(Clone, Copy)]
pub struct EarningsStorage {
    /// Wei by account.
    owed: Map<Address, u128>,
}

impl EarningsStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self {
            owed: Map::at(base),
        }
    }
}

/// Owes `amount` more to `account`. It is a part of what the ledger holds, so no sum of
/// such amounts outgrows 2^80 wei.
#[inline(never)]
pub(crate) fn credit(account: Address, amount: u128) {
    if amount != 0 {
        let slot = STORAGE.earnings.owed.slot(account);
        slot.set(&(slot.get::<u128>() + amount));
    }
}

/// What is owed to `account`.
pub(crate) fn of(account: Address) -> u128 {
    STORAGE.earnings.owed.get(account)
}

/// Takes from what is owed to `account` an amount that it covers.
pub(crate) fn debit(account: Address, amount: u128) {
    if amount != 0 {
        let slot = STORAGE.earnings.owed.slot(account);
        slot.set(&slot.get::<u128>().saturating_sub(amount));
    }
}

/// `earnings(account)`: what is owed to it.
pub(crate) fn owed(account: Address) -> Result<u128, Revert> {
    Ok(of(account))
}

/// `withdrawEarnings(account)`: pays an account what it is owed. Anyone may call, and it
/// is that account that is paid. Works while the engine is paused.
///
/// # Errors
///
/// `NothingToWithdraw`, `TransferFailed`.
///
/// # Events
///
/// `EarningsWithdrawn`.
pub(crate) fn withdraw(account: Address) -> Result<(), Revert> {
    let slot = STORAGE.earnings.owed.slot(account);
    let amount: u128 = slot.get();
    ensure!(amount != 0, NothingToWithdraw);
    slot.set(&0u128);
    let mut ledger = Ledger::read();
    ledger.release(amount)?;
    ledger.write();
    event!(EarningsWithdrawn)
        .address(&account)
        .uint(amount)
        .log(2);
    token::pay(&STORAGE.state.config.get().token, &account, amount)
}

/// `stakeEarnings(amount)`: moves some of the sender's earnings into its stake.
///
/// # Errors
///
/// `AmntTooSmall`, `AmountTooLarge`, `NothingToWithdraw` if it exceeds them.
///
/// # Events
///
/// `EarningsStaked`.
pub(crate) fn stake(amount: U256) -> Result<(), Revert> {
    Config::running()?;
    ensure!(!amount.is_zero(), AmntTooSmall);
    let amount = state::amount(amount)?;
    let validator = host::sender();
    let slot = STORAGE.earnings.owed.slot(validator);
    let owed: u128 = slot.get();
    ensure!(amount <= owed, NothingToWithdraw);
    slot.set(&(owed - amount));
    Stake::credit_to(validator, amount, Ledger::read().emitted, host::now());
    event!(EarningsStaked)
        .address(&validator)
        .uint(amount)
        .log(2);
    Ok(())
}

/// What [`crate::layout::written`] reads.
#[cfg(test)]
impl EarningsStorage {
    pub(crate) fn write_down(&self, rows: &mut crate::layout::written::Rows) {
        use crate::layout::written::word;
        rows.at("earnings.owed", self.owed, &[word!(u128)]);
    }
}
