//! What can keep a miner from running.

use alloy_primitives::{Address, U256};

use super::{CatalogueError, StoreError};
use crate::{
    chain::{ChainError, SignerError},
    content::GatewayError,
    deploy::DeploymentFileError,
};

/// An error that ends a miner or keeps it from starting. What concerns one job alone is
/// that job's `note`.
#[derive(Debug, thiserror::Error)]
pub enum MinerError {
    /// A part was not given to the builder.
    #[error("a miner needs {0}; give it to the builder before `spawn`")]
    Incomplete(&'static str),
    /// The chain, the endpoint or a contract refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The key cannot be used.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The deployment is of no use.
    #[error(transparent)]
    Deployment(#[from] DeploymentFileError),
    /// The miner's memory failed, so it stopped before it did anything it could forget.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder of blocks cannot be used.
    #[error(transparent)]
    Blocks(#[from] crate::content::StoreError),
    /// A model must not be mined here.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The gateway cannot be served.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The account cannot stake the validator minimum.
    #[error("{account} has {free} wei of AIUS staked and holds {balance}, but the validator minimum is {minimum}; send it {} wei of AIUS", .minimum.saturating_sub(*.free).saturating_sub(*.balance))]
    CannotStake {
        /// The miner's account.
        account: Address,
        /// Its free stake, wei of AIUS.
        free: U256,
        /// What it holds beside that, wei of AIUS.
        balance: U256,
        /// What validators must have free, wei of AIUS.
        minimum: U256,
    },
    /// The miner's task ended without a word; that is a bug.
    #[error("the miner's task ended unexpectedly: {0}")]
    Crashed(String),
}
