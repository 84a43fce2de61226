//! Waiting for a transaction, or calling it off.

use std::time::{Duration, Instant};

use alloy_primitives::{B256, Bytes};
use tokio::{sync::watch, time::timeout};

use super::{Lane, Receipt, flights::Landing};
use crate::chain::ChainError;

/// A transaction on its way.
///
/// The lane follows it as long as somebody waits for any transaction of the lane. Dropping
/// this calls nothing off.
#[derive(Debug)]
pub struct Sent {
    pub(super) lane: Lane,
    pub(super) nonce: u64,
    pub(super) hash: B256,
    pub(super) purpose: String,
    pub(super) done: watch::Receiver<Option<Landing>>,
}

impl Sent {
    /// The hash of its first version; a replacement has another.
    #[must_use]
    pub const fn hash(&self) -> B256 {
        self.hash
    }

    /// Waits until it is included and successful, as long as that takes: what is stuck is
    /// replaced meanwhile. May be dropped and called again.
    ///
    /// # Errors
    ///
    /// [`ChainError::Reverted`] with the contract's error; [`ChainError::Superseded`] and
    /// [`ChainError::CalledOff`]: it can never be included; [`ChainError::Journal`].
    #[tracing::instrument(name = "await_receipt", level = "debug", skip_all, fields(hash = %self.hash, nonce = self.nonce))]
    pub async fn landed(&mut self) -> Result<Receipt, ChainError> {
        match self.lane.follow(&mut self.done).await? {
            Landing::Included { receipt, .. } if receipt.success => Ok(receipt),
            Landing::Included { receipt, raw } => Err(self.reverted(&receipt, &raw).await),
            Landing::CalledOff => Err(ChainError::CalledOff {
                purpose: self.purpose.clone(),
                hash: self.hash,
            }),
            Landing::Superseded => Err(ChainError::Superseded {
                purpose: self.purpose.clone(),
                account: self.lane.address(),
                nonce: self.nonce,
                hash: self.hash,
            }),
        }
    }

    /// Waits until it is included and successful, but no longer than the
    /// [`receipt_timeout`](super::FeePolicy::receipt_timeout): then it is called off.
    ///
    /// # Errors
    ///
    /// Those of [`Sent::landed`], and [`ChainError::NoReceipt`]: it may be included still,
    /// until an empty transaction has taken its nonce, for which the next one waits.
    pub async fn confirmed(mut self) -> Result<Receipt, ChainError> {
        let (start, limit) = (Instant::now(), self.lane.policy().receipt_timeout);
        match timeout(limit, self.landed()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.no_receipt(start.elapsed())),
        }
    }

    /// Calls it off: replaces it by a transaction that does nothing, and returns the receipt
    /// if it was included all the same.
    ///
    /// # Errors
    ///
    /// [`ChainError::Reverted`], [`ChainError::Journal`], and [`ChainError::NoReceipt`] if
    /// neither is included within the [`receipt_timeout`](super::FeePolicy::receipt_timeout).
    pub async fn cancel(mut self) -> Result<Option<Receipt>, ChainError> {
        self.lane.call_off(self.nonce);
        let (start, limit) = (Instant::now(), self.lane.policy().receipt_timeout);
        match timeout(limit, self.landed()).await {
            Ok(Ok(receipt)) => Ok(Some(receipt)),
            Ok(Err(ChainError::CalledOff { .. } | ChainError::Superseded { .. })) => Ok(None),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(self.no_receipt(start.elapsed())),
        }
    }

    fn no_receipt(&self, waited: Duration) -> ChainError {
        self.lane.call_off(self.nonce);
        ChainError::NoReceipt {
            purpose: self.purpose.clone(),
            hash: self.hash,
            waited,
        }
    }

    async fn reverted(&self, receipt: &Receipt, raw: &Bytes) -> ChainError {
        ChainError::Reverted {
            purpose: self.purpose.clone(),
            hash: receipt.hash,
            revert: Box::new(self.lane.reason(raw, receipt.block).await),
        }
    }
}
