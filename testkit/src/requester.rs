//! The example contract that submits tasks on behalf of whoever calls it
//! (`examples/requester`).

use alloy_primitives::{Address, B256};
use alloy_sol_types::{SolValue, sol};
use arbius_protocol::interfaces::proxy::CONSTRUCTOR_SELECTOR;
use arbius_sdk::{
    chain::Lane,
    deploy::{DeployError, program},
};

sol! {
    /// A contract that asks the network for its callers.
    #[derive(Debug, PartialEq, Eq)]
    interface IRequester {
        /// `task` was submitted for `asker`, who paid `fee` wei of AIUS.
        event Asked(address indexed asker, bytes32 indexed task, uint256 fee);

        /// What the constructor was given is no engine.
        error NotAnEngine(address engine);

        /// Submits a task for the caller, who owns it and pays its fee.
        function ask(bytes32 model, uint256 fee, bytes input) external returns (bytes32 task);

        /// Who asked for a task; zero if nobody did through this contract.
        function asker(bytes32 task) external view returns (address);

        /// The engine that it asks.
        function engine() external view returns (address);

        /// The engine's token.
        function token() external view returns (address);
    }
}

/// Deploys the contract, bound to an engine.
///
/// # Errors
///
/// [`DeployError`]; the constructor's `NotAnEngine` among them.
pub async fn deploy(lane: &Lane, engine: Address) -> Result<Address, DeployError> {
    let name = arbius_artifacts::REQUESTER;
    let artifact = arbius_artifacts::get(name).ok_or_else(|| DeployError::NoArtifact {
        name: name.to_owned(),
    })?;
    let code = program::code(lane, artifact).await?;
    let constructor = [&CONSTRUCTOR_SELECTOR[..], &(engine,).abi_encode_params()].concat();
    program::deploy_with_constructor(lane, name, &code, constructor, B256::ZERO).await
}
