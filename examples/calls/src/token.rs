//! AIUS, which reverts where it does not transfer. Another token may answer `false` instead.

use alloc::vec::Vec;

use alloy_primitives::{Address, U256};
use arbius_protocol::interfaces::token::IToken;
use stylus_sdk::prelude::*;

use crate::call::execute;

/// Takes `amount` wei from an account that has approved this contract for them.
///
/// # Errors
///
/// Those of the token's `transferFrom`, as they are.
pub fn take(
    contract: &mut (impl TopLevelStorage + HostAccess),
    token: Address,
    from: Address,
    amount: U256,
) -> Result<(), Vec<u8>> {
    let to = contract.vm().contract_address();
    let take = IToken::transferFromCall {
        from,
        to,
        value: amount,
    };
    execute(contract, token, &take).map(drop)
}

/// Pays `amount` wei of this contract's to an account.
///
/// # Errors
///
/// Those of the token's `transfer`, as they are.
pub fn pay(
    contract: &mut (impl TopLevelStorage + HostAccess),
    token: Address,
    to: Address,
    amount: U256,
) -> Result<(), Vec<u8>> {
    let pay = IToken::transferCall { to, value: amount };
    execute(contract, token, &pay).map(drop)
}
