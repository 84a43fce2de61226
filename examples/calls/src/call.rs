//! Calls by the types of an interface, as `arbius-protocol` has them.

use alloc::vec::Vec;

use alloy_primitives::Address;
use alloy_sol_types::{SolCall, SolError, sol};
use stylus_sdk::{
    call::{call, static_call},
    prelude::*,
};

sol! {
    /// A contract answered with something else than its interface says; `from` is no such
    /// contract.
    #[derive(Debug, PartialEq, Eq)]
    error UnexpectedAnswer(address from);
}

/// Calls a contract, which may change its state.
///
/// # Errors
///
/// What it reverts with, as it is; [`UnexpectedAnswer`] if it is no such contract.
pub fn execute<C: SolCall>(
    contract: &mut (impl TopLevelStorage + HostAccess),
    to: Address,
    data: &C,
) -> Result<C::Return, Vec<u8>> {
    let context = Call::new_mutating(contract);
    let answer = call(contract.vm(), context, to, &data.abi_encode())?;
    decode::<C>(to, &answer)
}

/// Asks a contract, which changes nothing.
///
/// # Errors
///
/// As [`execute`].
pub fn read<C: SolCall>(
    contract: &impl HostAccess,
    from: Address,
    data: &C,
) -> Result<C::Return, Vec<u8>> {
    let answer = static_call(contract.vm(), Call::new(), from, &data.abi_encode())?;
    decode::<C>(from, &answer)
}

fn decode<C: SolCall>(from: Address, answer: &[u8]) -> Result<C::Return, Vec<u8>> {
    C::abi_decode_returns(answer).map_err(|_| UnexpectedAnswer { from }.abi_encode())
}
