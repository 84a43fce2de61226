//! Calls to the AIUS token: what is taken, what is paid out, what is there.
//!
//! State is final before any of them, and a permit comes before any change. A token that reverts, answers `false` or answers
//! nothing has not moved anything, and the whole call fails with `TransferFailed`.

use crate::abi::Words;
use crate::host::{self, CallKind};
use crate::revert::{Revert, ensure, error};
use crate::state::Config;
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use arbius_protocol::interfaces::token::{IPermit, IToken};

/// Takes `amount` from `from`, who has allowed it. Nothing is called for 0.
///
/// # Errors
///
/// `TransferFailed`.
#[inline(never)]
pub(crate) fn take(token: &Address, from: &Address, amount: u128) -> Result<(), Revert> {
    if amount == 0 {
        return Ok(());
    }
    let mut arguments = Words::with_capacity(3);
    arguments.address(from).address(&host::this()).uint(amount);
    moved(token, IToken::transferFromCall::SELECTOR, arguments)
}

/// Pays `amount` to `to`. Nothing is called for 0.
///
/// # Errors
///
/// `TransferFailed`.
#[inline(never)]
pub(crate) fn pay(token: &Address, to: &Address, amount: u128) -> Result<(), Revert> {
    if amount == 0 {
        return Ok(());
    }
    let mut arguments = Words::with_capacity(2);
    arguments.address(to).uint(amount);
    moved(token, IToken::transferCall::SELECTOR, arguments)
}

/// Calls a function of the token that answers whether it moved anything.
fn moved(token: &Address, selector: [u8; 4], arguments: Words) -> Result<(), Revert> {
    let input = input(selector, arguments);
    let answer = host::call(CallKind::Call, token, &input, 32).unwrap_or_default();
    let (last, zeros) = answer.split_last().ok_or_else(|| error!(TransferFailed))?;
    ensure!(
        answer.len() == 32 && *last == 1 && zeros.iter().all(|byte| *byte == 0),
        TransferFailed
    );
    Ok(())
}

/// Has the token take a permit of `owner` for `amount`.
///
/// # Errors
///
/// `PermitFailed` if the token refuses it and the allowance does not cover the amount.
pub(crate) fn permit(
    token: &Address,
    owner: &Address,
    amount: U256,
    deadline: U256,
    v: u8,
    r: B256,
    s: B256,
) -> Result<(), Revert> {
    let this = host::this();
    let mut arguments = Words::with_capacity(7);
    arguments
        .address(owner)
        .address(&this)
        .uint256(&amount)
        .uint256(&deadline)
        .uint(v.into())
        .word(&r.0)
        .word(&s.0);
    let permit = input(IPermit::permitCall::SELECTOR, arguments);
    if host::call(CallKind::Call, token, &permit, 0).is_ok() {
        return Ok(());
    }
    let mut arguments = Words::with_capacity(2);
    arguments.address(owner).address(&this);
    let allowance = input(IToken::allowanceCall::SELECTOR, arguments);
    let answer = host::call(CallKind::Static, token, &allowance, 32).unwrap_or_default();
    let word = answer.try_into().map_err(|_| error!(PermitFailed))?;
    ensure!(U256::from_be_bytes::<32>(word) >= amount, PermitFailed);
    Ok(())
}

/// The calldata of a call.
fn input(selector: [u8; 4], arguments: Words) -> Vec<u8> {
    let mut input = selector.to_vec();
    input.extend_from_slice(&arguments.into_data());
    input
}

/// What the token says that the engine has.
///
/// # Errors
///
/// `TransferFailed` if it does not say.
#[inline(never)]
pub(crate) fn balance(token: &Address) -> Result<U256, Revert> {
    let mut input = IToken::balanceOfCall::SELECTOR.to_vec();
    input.extend_from_slice(host::this().into_word().as_slice());
    let answer = host::call(CallKind::Static, token, &input, 32).unwrap_or_default();
    let word = answer.try_into().map_err(|_| error!(TransferFailed))?;
    Ok(U256::from_be_bytes::<32>(word))
}

/// Whether mining can start: once the engine was seen to hold its reserve, it could only
/// have lost what it had emitted, so that is remembered and never asked again.
///
/// # Errors
///
/// `ReserveNotFunded`.
#[inline]
pub(crate) fn ensure_funded(config: &mut Config) -> Result<(), Revert> {
    if config.funded {
        return Ok(());
    }
    find_funded(config)
}

#[inline(never)]
fn find_funded(config: &mut Config) -> Result<(), Revert> {
    let reserve = U256::from(config.assets);
    ensure!(balance(&config.token)? >= reserve, ReserveNotFunded);
    config.funded = true;
    config.write();
    Ok(())
}
