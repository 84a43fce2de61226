//! What can go wrong while a test chain is made.

use arbius_devnet::{
    DevnetError,
    chain::{AttachmentTooLarge, ControlError, TraceError},
};
use arbius_sdk::{
    chain::{ChainError, SignerError},
    deploy::{DeployError, check::CheckError},
};

/// An error of making or driving a test chain.
#[derive(Debug, thiserror::Error)]
pub enum TestkitError {
    /// The chain does not start.
    #[error(transparent)]
    Devnet(#[from] DevnetError),
    /// The chain's clock cannot be set so.
    #[error(transparent)]
    Clock(#[from] ControlError),
    /// What is attached to a saved chain is no deployment.
    #[error("the saved chain does not say where the contracts are: {0}")]
    Attachment(#[from] serde_json::Error),
    /// The deployment is too large to be saved with the chain.
    #[error(transparent)]
    Attach(#[from] AttachmentTooLarge),
    /// A transaction cannot be traced.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A transaction or a call failed.
    #[error(transparent)]
    Chain(Box<ChainError>),
    /// The protocol cannot be deployed.
    #[error(transparent)]
    Deploy(Box<DeployError>),
    /// A deployment cannot be checked.
    #[error(transparent)]
    Check(Box<CheckError>),
    /// An alloy provider for an actor cannot be made.
    #[error("there is no provider for the actor: {0}")]
    Provider(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An account's key is none.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The chain has too few accounts for an actor.
    #[error(
        "the chain has {accounts} accounts, so there is no account {index}; build it with more"
    )]
    NoAccount {
        /// The actor's account.
        index: usize,
        /// How many there are.
        accounts: usize,
    },
}

// Boxed, so that every result of a test chain stays small.

impl From<ChainError> for TestkitError {
    fn from(error: ChainError) -> Self {
        Self::Chain(Box::new(error))
    }
}

impl From<DeployError> for TestkitError {
    fn from(error: DeployError) -> Self {
        Self::Deploy(Box::new(error))
    }
}

impl From<CheckError> for TestkitError {
    fn from(error: CheckError) -> Self {
        Self::Check(Box::new(error))
    }
}
