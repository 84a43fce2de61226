//! Deploying the example contracts.

use alloy_primitives::{Address, B256};
use arbius_protocol::interfaces::proxy::CONSTRUCTOR_SELECTOR;
use arbius_sdk::{
    chain::Lane,
    deploy::{DeployError, program},
};

/// Deploys the program called `name`, one of [`arbius_artifacts::examples`], and calls its
/// constructor with `arguments`, as they are encoded for it, in the same transaction.
///
/// # Errors
///
/// [`DeployError`]; what the constructor answers among them.
pub async fn deploy(lane: &Lane, name: &str, arguments: Vec<u8>) -> Result<Address, DeployError> {
    let artifact = arbius_artifacts::get(name).ok_or_else(|| DeployError::NoArtifact {
        name: name.to_owned(),
    })?;
    let code = program::code(lane, artifact).await?;
    let constructor = [&CONSTRUCTOR_SELECTOR[..], &arguments].concat();
    program::deploy_with_constructor(lane, name, &code, constructor, B256::ZERO).await
}
