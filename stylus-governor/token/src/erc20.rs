//! Balances, allowances and the supply: the rules of ERC-20, with errors of ERC-6093.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use arbius_calldata::Tuples;
use arbius_host as host;
use arbius_protocol::interfaces::token::{CAP, IToken};

use crate::{layout, refusal::Refusal};

/// The version of the storage layout that [`initialize`] leads to.
const VERSION: u8 = 1;

/// Allocates the whole supply, each allocation an account and an amount.
///
/// # Errors
///
/// - [`Refusal::InvalidInitialization`] if that happened before.
/// - [`Refusal::InvalidReceiver`] for the zero address or the token itself.
/// - [`Refusal::SupplyNotCap`] unless the amounts add up to the cap.
///
/// # Events
///
/// `Transfer` from the zero address for each allocation, then `Initialized`.
pub fn initialize(allocations: Tuples<'_>) -> Result<(), Refusal> {
    if host::load(&layout::VERSION) != B256::ZERO {
        return Err(Refusal::InvalidInitialization);
    }
    let mut supply = U256::ZERO;
    for allocation in allocations {
        let account = allocation.address(0)?;
        let amount = allocation.uint(1)?;
        check_receiver(account)?;
        // A sum that overflows is far above the cap.
        supply = supply.saturating_add(amount);
        let slot = layout::balance(account);
        let balance = U256::from_be_bytes(host::load(&slot).0).saturating_add(amount);
        host::cache(&slot, &balance.into());
        emit_transfer(Address::ZERO, account, amount);
    }
    if supply != U256::from(CAP) {
        return Err(Refusal::SupplyNotCap(supply));
    }
    host::cache(&layout::TOTAL_SUPPLY, &supply.into());
    let version = B256::with_last_byte(VERSION);
    host::cache(&layout::VERSION, &version);
    host::emit(&[IToken::Initialized::SIGNATURE_HASH, version], 1);
    Ok(())
}

/// Sends `value` of the caller's to `to`.
///
/// # Errors
///
/// - [`Refusal::InvalidReceiver`] for the zero address or the token itself.
/// - [`Refusal::InsufficientBalance`] if the caller holds less.
///
/// # Events
///
/// `Transfer`.
pub fn transfer(to: Address, value: U256) -> Result<(), Refusal> {
    send(host::sender(), to, value)
}

/// Lets `spender` spend `value` of the caller's; the maximum stands for no limit.
///
/// # Errors
///
/// [`Refusal::InvalidSpender`] for the zero address.
///
/// # Events
///
/// `Approval`.
pub fn approve(spender: Address, value: U256) -> Result<(), Refusal> {
    if spender == Address::ZERO {
        return Err(Refusal::InvalidSpender(spender));
    }
    let owner = host::sender();
    host::cache(&layout::allowance(owner, spender), &value.into());
    host::emit(
        &[
            IToken::Approval::SIGNATURE_HASH,
            owner.into_word(),
            spender.into_word(),
            value.into(),
        ],
        3,
    );
    Ok(())
}

/// Sends `value` of `from`'s to `to` and takes it off the caller's allowance, unless that
/// is without limit.
///
/// # Errors
///
/// - [`Refusal::InsufficientAllowance`] if the caller may spend less.
/// - [`Refusal::InvalidSender`] for the zero address.
/// - [`Refusal::InvalidReceiver`] for the zero address or the token itself.
/// - [`Refusal::InsufficientBalance`] if `from` holds less.
///
/// # Events
///
/// `Transfer`.
pub fn transfer_from(from: Address, to: Address, value: U256) -> Result<(), Refusal> {
    let spender = host::sender();
    let slot = layout::allowance(from, spender);
    let allowance = U256::from_be_bytes(host::load(&slot).0);
    if allowance != U256::MAX {
        let rest = allowance
            .checked_sub(value)
            .ok_or(Refusal::InsufficientAllowance(spender, allowance, value))?;
        host::cache(&slot, &rest.into());
    }
    if from == Address::ZERO {
        return Err(Refusal::InvalidSender(from));
    }
    send(from, to, value)
}

/// Moves `value` between two accounts, which may be the same.
fn send(from: Address, to: Address, value: U256) -> Result<(), Refusal> {
    check_receiver(to)?;
    let slot = layout::balance(from);
    let balance = U256::from_be_bytes(host::load(&slot).0);
    let rest = balance
        .checked_sub(value)
        .ok_or(Refusal::InsufficientBalance(from, balance, value))?;
    host::cache(&slot, &rest.into());

    let slot = layout::balance(to);
    // All balances together are the supply, so this cannot overflow.
    let balance = U256::from_be_bytes(host::load(&slot).0).wrapping_add(value);
    host::cache(&slot, &balance.into());
    emit_transfer(from, to, value);
    Ok(())
}

/// Refuses receivers whose tokens nobody could ever move.
fn check_receiver(account: Address) -> Result<(), Refusal> {
    if account == Address::ZERO || account == host::contract_address() {
        Err(Refusal::InvalidReceiver(account))
    } else {
        Ok(())
    }
}

fn emit_transfer(from: Address, to: Address, value: U256) {
    host::emit(
        &[
            IToken::Transfer::SIGNATURE_HASH,
            from.into_word(),
            to.into_word(),
            value.into(),
        ],
        3,
    );
}
