//! The example contract that submits tasks on behalf of whoever calls it
//! (`examples/requester`).

use alloy_primitives::Address;
use alloy_sol_types::SolValue;
pub use arbius_example_interfaces::requester::IRequester;
use arbius_sdk::{chain::Lane, deploy::DeployError};

use crate::example;

/// Deploys the contract, bound to an engine.
///
/// # Errors
///
/// [`DeployError`]; the constructor's `NotAnEngine` among them.
pub async fn deploy(lane: &Lane, engine: Address) -> Result<Address, DeployError> {
    let name = arbius_artifacts::examples::REQUESTER;
    example::deploy(lane, name, (engine,).abi_encode_params()).await
}
