//! What can go wrong while deploying.

use alloy_primitives::{Address, U256};

use crate::chain::ChainError;

/// An error of putting the protocol onto a chain.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The chain, the endpoint or a contract refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// This build carries no artifact of that name.
    #[error("this build carries no contract `{name}`; run `cargo xtask contracts` and build again")]
    NoArtifact {
        /// The artifact's name.
        name: String,
    },
    /// The chain runs no Stylus programs.
    #[error(
        "chain {chain} does not answer at ArbWasm (0x71), so it runs no Stylus programs: {reason}; deploy to an Arbitrum chain with Stylus or to `arbius devnet`"
    )]
    NoStylus {
        /// The chain.
        chain: u64,
        /// What it answered.
        reason: String,
    },
    /// The chain has no StylusDeployer.
    #[error(
        "chain {chain} has no StylusDeployer at {address}, which makes and initialises a proxy in one transaction"
    )]
    NoStylusDeployer {
        /// The chain.
        chain: u64,
        /// Where it should be.
        address: Address,
    },
    /// The program needs more fragments than the chain allows.
    #[error("`{name}` is cut into {needed} fragments, but chain {chain} allows {allowed}")]
    TooManyFragments {
        /// The artifact's name.
        name: String,
        /// Its fragments.
        needed: usize,
        /// What the chain allows.
        allowed: u64,
        /// The chain.
        chain: u64,
    },
    /// A creating transaction was included, but its receipt names no contract.
    #[error(
        "the receipt of creating `{name}` names no contract; the endpoint does not follow the JSON-RPC specification"
    )]
    NoAddress {
        /// What was created.
        name: String,
    },
    /// The allocations do not make up the supply.
    #[error(
        "the allocations beside mining add up to {found} wei of AIUS; protocol section 1 leaves them {expected} wei"
    )]
    Allocations {
        /// Their sum, wei of AIUS.
        found: U256,
        /// What it must be, wei of AIUS.
        expected: U256,
    },
    /// An address of the genesis is zero.
    #[error("the genesis names the zero address as {role}; name an account that somebody holds")]
    ZeroAddress {
        /// Whose address it is.
        role: String,
    },
    /// Progress of another deployment was given.
    #[error(
        "the progress to resume says `{name}` is at {address}, but there is no code on chain {chain}; start anew or use the chain where it began"
    )]
    StaleProgress {
        /// The contract.
        name: String,
        /// Its address in the progress.
        address: Address,
        /// The chain.
        chain: u64,
    },
    /// The step's progress could not be saved.
    #[error("the progress of the deployment cannot be saved: {0}")]
    Save(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An error of the deployment file.
#[derive(Debug, thiserror::Error)]
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
