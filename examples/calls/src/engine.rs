//! The engine that a contract is bound to.

use alloc::vec::Vec;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolError, sol};
use arbius_protocol::interfaces::{engine::IEngine, token::IToken};
use stylus_sdk::prelude::*;

use crate::call::{execute, read};

sol! {
    /// What a constructor was given is no engine.
    #[derive(Debug, PartialEq, Eq)]
    error NotAnEngine(address engine);
    /// Only the engine tells outcomes.
    #[derive(Debug, PartialEq, Eq)]
    error NotEngine(address caller);
    /// The engine has no model of this identifier.
    #[derive(Debug, PartialEq, Eq)]
    error ModelDoesNotExist(bytes32 model);
}

/// The token that an engine takes fees in, AIUS.
///
/// # Errors
///
/// [`NotAnEngine`] if the address does not answer as one.
pub fn token_of(contract: &impl HostAccess, engine: Address) -> Result<Address, Vec<u8>> {
    read(contract, engine, &IEngine::baseTokenCall {})
        .map_err(|_| NotAnEngine { engine }.abi_encode())
}

/// Lets an engine take the fees of what this contract submits. Returns the token that they
/// are paid in, as [`token_of`].
///
/// # Errors
///
/// As [`token_of`]; those of the token's `approve`, as they are.
pub fn approve_engine(
    contract: &mut (impl TopLevelStorage + HostAccess),
    engine: Address,
) -> Result<Address, Vec<u8>> {
    let token = token_of(contract, engine)?;
    let approve = IToken::approveCall {
        spender: engine,
        value: U256::MAX,
    };
    execute(contract, token, &approve)?;
    Ok(token)
}

/// Passes if an engine has a model.
///
/// # Errors
///
/// [`ModelDoesNotExist`].
pub fn require_model(
    contract: &impl HostAccess,
    engine: Address,
    model: B256,
) -> Result<(), Vec<u8>> {
    let known = read(contract, engine, &IEngine::modelsCall { id: model })?;
    if known.addr.is_zero() {
        return Err(ModelDoesNotExist { model }.abi_encode());
    }
    Ok(())
}

/// Passes if it is the engine that calls: what a consumer of outcomes checks first.
///
/// # Errors
///
/// [`NotEngine`].
pub fn require_engine(contract: &impl HostAccess, engine: Address) -> Result<(), Vec<u8>> {
    let caller = contract.vm().msg_sender();
    if caller != engine {
        return Err(NotEngine { caller }.abi_encode());
    }
    Ok(())
}
