//! What can go wrong while deploying.

use alloy_primitives::{Address, U256, utils::format_ether};
use arbius_protocol::{governance::SettingError, params::ParameterError};

use super::supply::Part;
use crate::chain::ChainError;

/// An error of putting the protocol onto a chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    /// What is allocated of a part of the supply is not the part.
    #[error(
        "the allocations of `{part}` add up to {} AIUS, and protocol section 1 has {}",
        format_ether(*.found), format_ether(*.expected)
    )]
    Allocations {
        /// The part.
        part: Part,
        /// Their sum, wei of AIUS.
        found: U256,
        /// What it must be, wei of AIUS.
        expected: U256,
    },
    /// A parameter cannot be set so.
    #[error("the parameter `{name}` cannot be set so: {source}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// Its bounds.
        source: ParameterError,
    },
    /// A parameter of governance cannot be set so.
    #[error("`{name}` of governance cannot be set so: {source}")]
    Governance {
        /// Its name.
        name: &'static str,
        /// Its bounds.
        source: SettingError,
    },
    /// A model would earn too much.
    #[error("the rate of the model `{model}` is above 100, the greatest (protocol section 2)")]
    Rate {
        /// The model.
        model: String,
    },
    /// Two things have one name.
    #[error("`{name}` is there twice; give each a name of its own")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// An address of the settings is zero.
    #[error("the settings name the zero address as {role}; name an account that somebody holds")]
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
    /// What is written down was begun with something else.
    #[error(
        "the deployment was begun with other settings, and goes on with those alone: {}",
        .differences.join("; ")
    )]
    OtherDeployment {
        /// What differs, a line each.
        differences: Vec<String>,
    },
    /// Another run goes on with the same progress.
    #[error("another run uses {path}; wait for it, or end it")]
    InUse {
        /// The file.
        path: String,
    },
    /// The progress cannot be read or written.
    #[error("the progress of the deployment in {path} cannot be read or written: {source}")]
    Progress {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The settings are for another chain.
    #[error("the settings are for chain {expected}, and the endpoint serves chain {found}")]
    WrongChain {
        /// What the settings have.
        expected: u64,
        /// What the endpoint has.
        found: u64,
    },
    /// Whoever listens has stopped the deployment.
    #[error("the deployment was stopped: {0}")]
    Stopped(#[source] Box<dyn std::error::Error + Send + Sync>),
}
