//! The contract for competitions (`examples/competition`).

use alloy_primitives::Address;
use alloy_sol_types::SolValue;
pub use arbius_example_interfaces::competition::ICompetition;
use arbius_sdk::{chain::Lane, deploy::DeployError};
use arbius_testkit::example;

/// Deploys the contract, bound to an engine.
///
/// # Errors
///
/// [`DeployError`]; the constructor's [`NotAnEngine`](ICompetition::NotAnEngine) among them.
pub async fn deploy(lane: &Lane, engine: Address) -> Result<Address, DeployError> {
    let name = arbius_artifacts::examples::COMPETITION;
    example::deploy(lane, name, (engine,).abi_encode_params()).await
}
