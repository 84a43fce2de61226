//! Calls to the token.

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolCall;
use arbius_host::{self as host, Refused, narrow, number};
use arbius_protocol::interfaces::{
    token::{IToken, IVotes},
    vesting::IVesting,
};

/// The longest call: a selector and two words.
const MAX_LEN: usize = 4 + 2 * 32;

/// What the account holds, in wei.
///
/// # Errors
///
/// `TokenCallFailed`.
pub fn balance(token: &B256) -> Result<u128, Refused> {
    let this = host::contract_address();
    let answer = call::<IToken::balanceOfCall>(token, &[&this], true)?;
    answer.as_ref().and_then(narrow).ok_or_else(failed)
}

/// Pays `amount` to `to`. Nothing is called for 0.
///
/// # Errors
///
/// `TokenCallFailed` if the token does not answer that it moved it.
pub fn pay(token: &B256, to: &B256, amount: u128) -> Result<(), Refused> {
    if amount == 0 {
        return Ok(());
    }
    let answer = call::<IToken::transferCall>(token, &[to, &number(amount)], false)?;
    if answer != Some(B256::with_last_byte(1)) {
        return Err(failed());
    }
    Ok(())
}

/// Delegates the account's votes; to nobody if that is the zero address.
///
/// # Errors
///
/// `TokenCallFailed`.
pub fn delegate(token: &B256, delegatee: &B256) -> Result<(), Refused> {
    call::<IVotes::delegateCall>(token, &[delegatee], false).map(|_| ())
}

/// Calls a function of the token with these arguments; returns the word that it answers, if
/// it answers one.
fn call<C: SolCall>(
    token: &B256,
    arguments: &[&B256],
    only_asks: bool,
) -> Result<Option<B256>, Refused> {
    send(token, C::SELECTOR, arguments, only_asks)
}

#[inline(never)]
fn send(
    token: &B256,
    selector: [u8; 4],
    arguments: &[&B256],
    only_asks: bool,
) -> Result<Option<B256>, Refused> {
    let mut buffer = [0; MAX_LEN];
    let (head, tail) = buffer.split_at_mut(4);
    head.copy_from_slice(&selector);
    for (part, word) in tail.chunks_exact_mut(32).zip(arguments) {
        part.copy_from_slice(word.as_slice());
    }
    let calldata = buffer.get(..4 + 32 * arguments.len()).unwrap_or_default();
    let token = Address::from_word(*token);
    let (succeeded, len) = if only_asks {
        host::static_call(&token, calldata)
    } else {
        host::call(&token, calldata, &B256::ZERO)
    };
    if !succeeded {
        return Err(failed());
    }
    let mut answer = B256::ZERO;
    Ok((len == 32 && host::read_returned(answer.as_mut_slice()) == 32).then_some(answer))
}

fn failed() -> Refused {
    Refused::with::<IVesting::TokenCallFailed>(&[])
}
