//! What is written down about a transaction before it is sent.

use alloy_primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};

/// A signed transaction that is about to be sent.
///
/// Since the bytes are signed, sending them again is harmless: they can be included once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// The transaction's hash.
    pub hash: B256,
    /// Who signed it.
    pub sender: Address,
    /// Its place in the sender's lane.
    pub nonce: u64,
    /// The signed transaction, EIP-2718.
    pub raw: Bytes,
    /// What it is for, in words.
    pub purpose: String,
}

/// How an intent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Included and successful.
    Included,
    /// Included and reverted.
    Reverted,
    /// Never sent, or refused by the endpoint, or its nonce went to another transaction.
    Dropped,
}

/// The journal could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the transaction journal cannot be written: {0}; nothing was sent")]
pub struct JournalError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Where a [`Lane`](super::Lane) writes down what it is about to send.
pub trait Journal: Send + Sync + 'static {
    /// Records an intent; it must be durable when this returns.
    ///
    /// # Errors
    ///
    /// [`JournalError`]; the transaction is then not sent.
    fn intend(&self, intent: &Intent) -> Result<(), JournalError>;

    /// Records how an intent ended.
    ///
    /// # Errors
    ///
    /// [`JournalError`]; the intent then stays open and is looked at again after a restart.
    fn settle(&self, intent: &Intent, outcome: Outcome) -> Result<(), JournalError>;
}

/// A journal for programs that end with their transactions: it keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unrecorded;

impl Journal for Unrecorded {
    fn intend(&self, _: &Intent) -> Result<(), JournalError> {
        Ok(())
    }

    fn settle(&self, _: &Intent, _: Outcome) -> Result<(), JournalError> {
        Ok(())
    }
}
