//! What is written down about a transaction before it is sent.

use alloy_primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};

use super::Urgency;

/// A signed transaction that is about to be sent, with those that replace it.
///
/// All have the same nonce, so that the chain includes at most one of them, and sending any
/// of them again is harmless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// The hash of the first version. It tells intents apart.
    pub hash: B256,
    /// Who signed it.
    pub sender: Address,
    /// Its place in the sender's lane.
    pub nonce: u64,
    /// The signed transaction, EIP-2718.
    pub raw: Bytes,
    /// What it is for, in words.
    pub purpose: String,
    /// How much it matters when it is included.
    #[serde(default)]
    pub urgency: Urgency,
    /// What was sent in its place, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replacements: Vec<Replacement>,
}

/// A transaction that was sent in place of another that was stuck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replacement {
    /// The transaction's hash.
    pub hash: B256,
    /// The signed transaction, EIP-2718.
    pub raw: Bytes,
    /// Whether it does nothing but use the nonce up: what it replaces was called off.
    #[serde(default)]
    pub empty: bool,
}

impl Intent {
    /// The hashes of all versions, oldest first.
    pub fn hashes(&self) -> impl Iterator<Item = B256> + '_ {
        std::iter::once(self.hash).chain(self.replacements.iter().map(|version| version.hash))
    }

    /// The bytes of the newest version.
    #[must_use]
    pub fn newest(&self) -> &Bytes {
        self.replacements
            .last()
            .map_or(&self.raw, |version| &version.raw)
    }

    /// The bytes of the version with this hash, and whether it does nothing.
    pub(super) fn version(&self, hash: B256) -> Option<(&Bytes, bool)> {
        if hash == self.hash {
            return Some((&self.raw, false));
        }
        let version = self
            .replacements
            .iter()
            .find(|version| version.hash == hash)?;
        Some((&version.raw, version.empty))
    }
}

/// How an intent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Included and successful.
    Included,
    /// Included and reverted.
    Reverted,
    /// Refused by the endpoint, called off, or its nonce went to another transaction.
    Dropped,
}

/// The journal could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the transaction journal cannot be written: {source}")]
pub struct JournalError {
    /// What the journal says.
    pub source: Box<dyn std::error::Error + Send + Sync>,
    /// Whether it may be over in a moment, as a full disk may.
    pub passing: bool,
}

impl JournalError {
    /// An error that stays.
    pub fn lasting(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            source: source.into(),
            passing: false,
        }
    }
}

/// Where a [`Lane`](super::Lane) writes down what it is about to send.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::{Arc, Mutex};
/// use alloy_primitives::{Address, U256};
/// use arbius_sdk::chain::{Call, FeePolicy, Intent, Journal, JournalError, Lane, Outcome};
/// # let local = arbius_testkit::TestChain::start().await?;
/// # let signer = local.signer(arbius_testkit::Actor::Requester)?;
/// # let chain = local.chain().clone();
///
/// /// One that forgets with the process; write to a disk instead.
/// #[derive(Default)]
/// struct Memory(Mutex<Vec<Intent>>);
///
/// impl Journal for Memory {
///     fn intend(&self, intent: &Intent) -> Result<(), JournalError> {
///         self.0.lock().map_err(|_| JournalError::lasting("poisoned"))?.push(intent.clone());
///         Ok(())
///     }
///
///     fn settle(&self, _intent: &Intent, _outcome: Outcome) -> Result<(), JournalError> {
///         Ok(())
///     }
/// }
///
/// let journal = Arc::new(Memory::default());
/// let lane = Lane::with_journal(chain, signer, FeePolicy::default(), journal.clone());
/// lane.execute(Call::transfer(Address::repeat_byte(0x11), U256::from(1)).for_purpose("a tip")).await?;
/// assert_eq!(journal.0.lock().unwrap()[0].purpose, "a tip");
/// # Ok(())
/// # }
/// ```
pub trait Journal: Send + Sync + 'static {
    /// Records an intent, in place of one with the same hash that has fewer versions; it must
    /// be durable when this returns.
    ///
    /// # Errors
    ///
    /// [`JournalError`]; the transaction, or its newest version, is then not sent.
    fn intend(&self, intent: &Intent) -> Result<(), JournalError>;

    /// Records how an intent ended.
    ///
    /// # Errors
    ///
    /// [`JournalError`]; the intent then stays open. It is settled again as long as the error
    /// is a passing one, and else looked at again after a restart.
    fn settle(&self, intent: &Intent, outcome: Outcome) -> Result<(), JournalError>;

    /// Hears what gas an included transaction has used, for whoever counts that.
    fn used(&self, _intent: &Intent, _gas: u64) {}
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
