//! What can go wrong with the file that describes a deployment.

use alloy_primitives::Address;

use crate::chain::ChainError;

/// An error of the deployment file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeploymentFileError {
    /// It cannot be read.
    #[error(
        "deployment file {path} cannot be read: {source}; `arbius devnet --deployment {path}` writes one"
    )]
    Read {
        /// The file.
        path: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// It is no deployment.
    #[error(
        "{path} is no deployment file: {source}; it must hold chainId, rpc, contracts and, on a local chain, accounts"
    )]
    Malformed {
        /// The file.
        path: String,
        /// Line, column and field.
        source: serde_json::Error,
    },
    /// It cannot be written.
    #[error("deployment file {path} cannot be written: {source}")]
    Write {
        /// The file.
        path: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A contract is not in it.
    #[error("the deployment names no `{name}` contract; it names: {known}")]
    MissingContract {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// What is at the engine's address does not answer as an engine does.
    #[error(
        "`contracts.engine` is {engine}, where no Arbius engine with the token {token} is: {source}"
    )]
    NoEngine {
        /// The address.
        engine: Address,
        /// The deployment's token.
        token: Address,
        /// What it answered.
        source: Box<ChainError>,
    },
    /// The engine is of another deployment.
    #[error(
        "the engine at {engine} pays in the token {found}, but `contracts.token` is {token}; take both from one deployment"
    )]
    OtherToken {
        /// The engine.
        engine: Address,
        /// Its token.
        found: Address,
        /// The deployment's token.
        token: Address,
    },
    /// The endpoint is not reachable or serves another chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
}
