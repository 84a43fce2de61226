//! The earnings ledger (protocol section 6): what is owed is credited here and paid out
//! on demand, so that crediting calls nobody and nobody's address can block a claim.
//!
//! What a solver's own solutions earned lies in the word of its number
//! ([`crate::solvers`]), everything else in a word of the account. Both are its earnings.

use crate::abi::event;
use crate::host;
use crate::layout::STORAGE;
use crate::revert::{Revert, ensure};
use crate::solvers::Solver;
use crate::state::{self, Config, Ledger};
use crate::store::{Map, Slot};
use crate::token;
use crate::validators::Stake;
use alloy_primitives::{Address, U256};

/// Where it is kept what is owed to whom.
#[derive(Clone, Copy)]
pub struct EarningsStorage {
    /// Wei by account, less what lies in the word of its number.
    owed: Map<Address, u128>,
}

impl EarningsStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self {
            owed: Map::at(base),
        }
    }
}

/// Owes `amount` more to `account`. It is a part of what the engine holds, so no sum
/// of such amounts outgrows 2^80 wei.
#[inline(never)]
pub(crate) fn credit(account: Address, amount: u128) {
    if amount != 0 {
        let slot = STORAGE.earnings.owed.slot(account);
        slot.set(&(slot.get::<u128>() + amount));
    }
}

/// What is owed to an account, in both places where it lies.
struct Balance {
    slot: Slot,
    /// What lies in the account's own word.
    owed: u128,
    number: u32,
    /// The word of its number; nobody's if it has none.
    solver: Solver,
}

impl Balance {
    #[inline(never)]
    fn of(account: Address) -> Self {
        let slot = STORAGE.earnings.owed.slot(account);
        let number = Stake::of(account).number;
        Self {
            slot,
            owed: slot.get(),
            number,
            solver: if number == 0 {
                Solver {
                    address: Address::ZERO,
                    earned: 0,
                }
            } else {
                Solver::of(number)
            },
        }
    }

    fn total(&self) -> u128 {
        self.owed + self.solver.earned
    }

    /// Takes an amount that the total covers: what solutions earned first.
    #[inline(never)]
    fn debit(mut self, amount: u128) {
        let earned = amount.min(self.solver.earned);
        if earned != 0 {
            self.solver.earned -= earned;
            self.solver.write(self.number);
        }
        if amount != earned {
            self.slot.set(&self.owed.saturating_sub(amount - earned));
        }
    }
}

/// What is owed to `account`.
pub(crate) fn of(account: Address) -> u128 {
    Balance::of(account).total()
}

/// Takes from what is owed to `account` an amount that it covers.
pub(crate) fn debit(account: Address, amount: u128) {
    if amount != 0 {
        Balance::of(account).debit(amount);
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
    let balance = Balance::of(account);
    let amount = balance.total();
    ensure!(amount != 0, NothingToWithdraw);
    balance.debit(amount);
    let mut config = Config::read();
    config.release(amount)?;
    event!(EarningsWithdrawn)
        .address(&account)
        .uint(amount)
        .log(2);
    token::pay(&config.token, &account, amount)
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
    let balance = Balance::of(validator);
    ensure!(amount <= balance.total(), NothingToWithdraw);
    balance.debit(amount);
    Stake::credit_to(validator, amount, &Ledger::read(), host::now());
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
