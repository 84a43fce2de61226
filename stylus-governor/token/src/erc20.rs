//! Balances, allowances and the supply: the rules of ERC-20, with errors of ERC-6093.
//!
//! Accounts and amounts are words as they lie in calldata and storage; an account is an
//! address in the low bytes of its word.

use alloy_primitives::{B256, U256};
use alloy_sol_types::SolEvent;
use arbius_calldata::Tuples;
use arbius_host::{self as host, Refused, word};
use arbius_protocol::interfaces::{
    proxy::IMPLEMENTATION_SLOT,
    token::{CAP, IToken},
};

use crate::{account::Account, amount, history, layout, votes};

/// What exists once the supply is allocated, as a word.
pub const SUPPLY: B256 =
    B256::new(U256::from_limbs([CAP as u64, (CAP >> 64) as u64, 0, 0]).to_be_bytes());

/// The allowance that stands for no limit.
const UNLIMITED: B256 = B256::repeat_byte(0xff);

/// The version of the storage layout that [`initialize`] leads to.
const VERSION: B256 = B256::with_last_byte(1);

/// Allocates the whole supply, each allocation an account and an amount.
///
/// # Errors
///
/// - `NotBehindProxy` for the program at its own address, which would be a token of whoever
///   came first.
/// - `InvalidInitialization` if that happened before.
/// - `ERC20InvalidReceiver` for the zero address or the token itself.
/// - `SupplyNotCap` unless the amounts add up to the cap.
///
/// # Events
///
/// `Transfer` from the zero address for each allocation, then `Initialized`.
pub fn initialize(allocations: Tuples<'_>) -> Result<(), Refused> {
    if host::load(&word!(IMPLEMENTATION_SLOT)) == B256::ZERO {
        return Err(Refused::with::<IToken::NotBehindProxy>(&[]));
    }
    if host::load(&word!(layout::VERSION)) != B256::ZERO {
        return Err(Refused::with::<IToken::InvalidInitialization>(&[]));
    }
    let mut supply = B256::ZERO;
    for allocation in allocations {
        let account = allocation.account(0)?;
        let value = allocation.word(1)?;
        // A sum that overflows stays at the greatest amount, far above the cap.
        supply = amount::plus(&supply, value);
        check_receiver(account)?;
        credit(&B256::ZERO, &B256::ZERO, account, value);
    }
    let cap = word!(SUPPLY);
    if supply != cap {
        return Err(Refused::with::<IToken::SupplyNotCap>(&[&supply, &cap]));
    }
    set_supply(&supply);
    host::cache(&word!(layout::VERSION), &word!(VERSION));
    host::emit(
        &[word!(IToken::Initialized::SIGNATURE_HASH), word!(VERSION)],
        1,
    );
    Ok(())
}

/// Sends `value` of the caller's to `to`.
///
/// # Errors
///
/// - `ERC20InvalidReceiver` for the zero address or the token itself.
/// - `ERC20InsufficientBalance` if the caller holds less.
///
/// # Events
///
/// `Transfer`, and `DelegateVotesChanged` for each delegate whose votes change.
pub fn transfer(to: &B256, value: &B256) -> Result<(), Refused> {
    send(&host::sender(), to, value)
}

/// Lets `spender` spend `value` of `owner`'s; the maximum stands for no limit.
///
/// # Errors
///
/// `ERC20InvalidSpender` for the zero address.
///
/// # Events
///
/// `Approval`.
#[inline(never)]
pub fn approve(owner: &B256, spender: &B256, value: &B256) -> Result<(), Refused> {
    if *spender == B256::ZERO {
        return Err(Refused::with::<IToken::ERC20InvalidSpender>(&[spender]));
    }
    host::cache(&layout::allowance(owner, spender), value);
    host::emit(
        &[
            word!(IToken::Approval::SIGNATURE_HASH),
            *owner,
            *spender,
            *value,
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
/// - `ERC20InvalidSender` for the zero address.
/// - `ERC20InsufficientAllowance` if the caller may spend less.
/// - `ERC20InvalidReceiver` for the zero address or the token itself.
/// - `ERC20InsufficientBalance` if `from` holds less.
///
/// # Events
///
/// As of [`transfer`].
pub fn transfer_from(from: &B256, to: &B256, value: &B256) -> Result<(), Refused> {
    if *from == B256::ZERO {
        return Err(Refused::with::<IToken::ERC20InvalidSender>(&[from]));
    }
    let spender = host::sender();
    let slot = layout::allowance(from, &spender);
    let allowance = host::load(&slot);
    if allowance != UNLIMITED {
        let Some(rest) = amount::less(&allowance, value) else {
            return Err(Refused::with::<IToken::ERC20InsufficientAllowance>(&[
                &spender, &allowance, value,
            ]));
        };
        host::cache(&slot, &rest);
    }
    send(from, to, value)
}

/// Moves `value` between two accounts, which may be the same.
#[inline(never)]
fn send(from: &B256, to: &B256, value: &B256) -> Result<(), Refused> {
    check_receiver(to)?;
    let delegate = debit(from, value)?;
    credit(from, &delegate, to, value);
    Ok(())
}

/// Refuses receivers that could never move what they get.
///
/// # Errors
///
/// `ERC20InvalidReceiver` for the zero address and the token itself.
#[inline(never)]
pub fn check_receiver(to: &B256) -> Result<(), Refused> {
    if *to == B256::ZERO || *to == host::contract_address() {
        return Err(Refused::with::<IToken::ERC20InvalidReceiver>(&[to]));
    }
    Ok(())
}

/// Takes `value` off what `from` holds; returns whom `from` delegates to, whose votes these
/// were.
///
/// # Errors
///
/// `ERC20InsufficientBalance` if `from` holds less.
#[inline(never)]
pub fn debit(from: &B256, value: &B256) -> Result<B256, Refused> {
    let slot = layout::account(from);
    let account = Account(host::load(&slot));
    let balance = account.balance();
    let Some(rest) = amount::less(&balance, value) else {
        return Err(Refused::with::<IToken::ERC20InsufficientBalance>(&[
            from, &balance, value,
        ]));
    };
    host::cache(&slot, &account.with_balance(&rest).0);
    Ok(account.delegate())
}

/// Adds `value`, which was taken from `from` and from the votes of `delegate`, to what `to`
/// holds and to the votes of its delegate.
///
/// All balances together are at most the supply once it is allocated, so none overflows.
#[inline(never)]
pub fn credit(from: &B256, delegate: &B256, to: &B256, value: &B256) {
    let slot = layout::account(to);
    let account = Account(host::load(&slot));
    let balance = amount::plus(&account.balance(), value);
    host::cache(&slot, &account.with_balance(&balance).0);
    transferred(from, to, value);
    votes::moved(delegate, &account.delegate(), value);
}

/// Says that `value` went from `from` to `to`.
#[inline(never)]
pub fn transferred(from: &B256, to: &B256, value: &B256) {
    host::emit(
        &[word!(IToken::Transfer::SIGNATURE_HASH), *from, *to, *value],
        3,
    );
}

/// What exists from now on.
pub fn set_supply(supply: &B256) {
    host::cache(&word!(layout::TOTAL_SUPPLY), supply);
    history::push(&word!(layout::SUPPLY_HISTORY), supply);
}
