//! What can keep a miner from running.

use alloy_primitives::{Address, U256, utils::format_ether};

use super::{CatalogueError, DenyListError, MonitorError, StoreError};
use crate::{
    chain::{ChainError, SignerError},
    client::ClientError,
    content::{FetchError, GatewayError},
    deploy::DeploymentFileError,
};

/// An error that ends a miner or keeps it from starting. What concerns one job alone is
/// that job's `note`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    /// The list of what not to compute is of no use.
    #[error(transparent)]
    DenyList(#[from] DenyListError),
    /// A gateway to fetch from is of no use.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The contracts cannot be spoken to.
    #[error(transparent)]
    Client(Box<ClientError>),
    /// Two stores cannot be told apart.
    #[error("two stores to keep results with are called {0}; name each once")]
    SamePinStore(String),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandomness,
    /// The gateway cannot be served.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The monitor cannot be served.
    #[error(transparent)]
    Monitor(#[from] MonitorError),
    /// The account cannot stake the validator minimum.
    #[error(
        "{account} has {} AIUS staked and holds {}, but the validator minimum is {} AIUS; deposit {} AIUS for it, or send it {} AIUS",
        aius(*.free), aius(*.balance), aius(*.minimum), aius(.minimum.saturating_sub(*.free)),
        aius(.minimum.saturating_sub(*.free).saturating_sub(*.balance))
    )]
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
    /// The account has too little staked, and the settings forbid depositing.
    #[error(
        "{account} has {} AIUS staked, but the validator minimum is {} AIUS; deposit {} AIUS for it, or let the miner stake",
        aius(*.free), aius(*.minimum), aius(.minimum.saturating_sub(*.free))
    )]
    StakeTooLow {
        /// The miner's account.
        account: Address,
        /// Its free stake, wei of AIUS.
        free: U256,
        /// What validators must have free, wei of AIUS.
        minimum: U256,
    },
    /// The miner's task ended without a word; that is a bug.
    #[error("the miner's task ended unexpectedly: {0}")]
    Crashed(String),
}

// Boxed, so that every result of a miner stays small.
impl From<ClientError> for MinerError {
    fn from(error: ClientError) -> Self {
        Self::Client(Box::new(error))
    }
}

/// An amount of AIUS without the zeros that say nothing.
fn aius(wei: U256) -> String {
    let text = format_ether(wei);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_stake_are_in_aius() {
        let wei = |milli: u64| U256::from(milli) * U256::from(1_000_000_000_000_000_u64);
        let error = MinerError::CannotStake {
            account: Address::ZERO,
            free: wei(1_100),
            balance: wei(300),
            minimum: wei(20_000),
        };
        let text = error.to_string();
        assert!(text.contains("has 1.1 AIUS staked and holds 0.3"), "{text}");
        assert!(
            text.ends_with("is 20 AIUS; deposit 18.9 AIUS for it, or send it 18.6 AIUS"),
            "{text}"
        );
        assert_eq!(aius(U256::ZERO), "0");
    }
}
