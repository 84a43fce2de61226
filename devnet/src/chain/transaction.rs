//! Transactions: decoding, signing for unlocked accounts, and what they cost at most.

use alloy_consensus::{
    SignableTransaction, Transaction as _, TxEnvelope, TypedTransaction,
    transaction::SignerRecoverable,
};
use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{Address, B256, Signature, U256};

use super::error::TransactionError;
use crate::{
    accounts::DevAccount,
    evm::{self, BlockTerms, Message, l1_price::DataFee, params},
};

/// A transaction with its sender.
#[derive(Clone, Debug)]
pub struct Transaction {
    hash: B256,
    from: Address,
    envelope: TxEnvelope,
}

/// What stands in the place of an impersonated account's signature. Nobody can sign so: the
/// sender would have to be known before the signature that it is recovered from.
fn stand_in(from: Address) -> Signature {
    Signature::new(U256::from_be_slice(from.as_slice()), U256::ONE, false)
}

impl Transaction {
    /// Decodes a signed transaction (EIP-2718, or legacy RLP) and recovers its sender.
    ///
    /// # Errors
    ///
    /// [`TransactionError::Malformed`] for bytes that are no transaction,
    /// [`TransactionError::BlobsUnsupported`], or [`TransactionError::BadSignature`].
    pub fn decode(raw: &[u8]) -> Result<Self, TransactionError> {
        let envelope = TxEnvelope::decode_2718_exact(raw)
            .map_err(|error| TransactionError::Malformed(error.to_string()))?;
        if envelope.is_eip4844() {
            return Err(TransactionError::BlobsUnsupported);
        }
        let from = envelope
            .recover_signer()
            .map_err(|_| TransactionError::BadSignature)?;
        Ok(Self {
            hash: *envelope.tx_hash(),
            from,
            envelope,
        })
    }

    /// A transaction whose sender was established before.
    pub(super) fn restore(from: Address, raw: &[u8]) -> Result<Self, TransactionError> {
        let envelope = TxEnvelope::decode_2718_exact(raw)
            .map_err(|error| TransactionError::Malformed(error.to_string()))?;
        if envelope.is_eip4844() {
            return Err(TransactionError::BlobsUnsupported);
        }
        Ok(Self {
            hash: *envelope.tx_hash(),
            from,
            envelope,
        })
    }

    /// Signs a transaction with a known key.
    pub(crate) fn sign(
        account: &DevAccount,
        unsigned: TypedTransaction,
    ) -> Result<Self, TransactionError> {
        let signature = account
            .sign(unsigned.signature_hash())
            .ok_or(TransactionError::BadSignature)?;
        Self::with_signature(account.address, unsigned, signature)
    }

    /// A transaction of an impersonated account. In the place of a signature stands the
    /// sender, so that equal transactions of different senders have different hashes.
    pub(crate) fn impersonate(
        from: Address,
        unsigned: TypedTransaction,
    ) -> Result<Self, TransactionError> {
        Self::with_signature(from, unsigned, stand_in(from))
    }

    fn with_signature(
        from: Address,
        unsigned: TypedTransaction,
        signature: Signature,
    ) -> Result<Self, TransactionError> {
        if matches!(unsigned, TypedTransaction::Eip4844(_)) {
            return Err(TransactionError::BlobsUnsupported);
        }
        let envelope: TxEnvelope = unsigned.into_envelope(signature);
        Ok(Self {
            hash: *envelope.tx_hash(),
            from,
            envelope,
        })
    }

    /// Hash by which the transaction is known.
    #[must_use]
    pub fn hash(&self) -> B256 {
        self.hash
    }

    /// Who sent it.
    #[must_use]
    pub fn from(&self) -> Address {
        self.from
    }

    /// The transaction as it was signed.
    #[must_use]
    pub fn envelope(&self) -> &TxEnvelope {
        &self.envelope
    }

    /// Its bytes as they travel (EIP-2718).
    #[must_use]
    pub fn encoded(&self) -> Vec<u8> {
        self.envelope.encoded_2718()
    }

    /// Length of those bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.envelope.encode_2718_len()
    }

    /// Its nonce.
    #[must_use]
    pub fn nonce(&self) -> u64 {
        self.envelope.nonce()
    }

    /// The most it may cost in wei: value and all its gas at the highest price it offers.
    #[must_use]
    pub fn max_cost(&self) -> U256 {
        U256::from(self.envelope.max_fee_per_gas())
            .saturating_mul(U256::from(self.envelope.gas_limit()))
            .saturating_add(self.envelope.value())
    }

    /// What is executed, at these wei per gas and per unit of data on L1. Arbitrum charges the
    /// base fee alone, whatever tip is offered.
    pub(crate) fn message(&self, base_fee: u64, l1_price: u64) -> Message {
        Message {
            from: self.from,
            to: self.envelope.kind(),
            value: self.envelope.value(),
            input: self.envelope.input().clone(),
            gas_limit: self.envelope.gas_limit(),
            data_fee: DataFee::of_transaction(l1_price, base_fee, || self.encoded()),
            gas_price: u128::from(base_fee),
            nonce: self.envelope.nonce(),
            access_list: self.envelope.access_list().cloned().unwrap_or_default(),
            authorizations: self
                .envelope
                .authorization_list()
                .map(<[_]>::to_vec)
                .unwrap_or_default(),
            unsigned: *self.envelope.signature() == stand_in(self.from),
        }
    }

    /// Checks what does not depend on the sender's account.
    pub(crate) fn check(
        &self,
        chain_id: u64,
        terms: &BlockTerms,
        l1_price: u64,
    ) -> Result<(), TransactionError> {
        let size = self.size();
        if size > params::MAX_TX_SIZE {
            return Err(TransactionError::Oversized {
                size,
                limit: params::MAX_TX_SIZE,
            });
        }
        if let Some(given) = self.envelope.chain_id()
            && given != chain_id
        {
            return Err(TransactionError::WrongChain {
                given,
                expected: chain_id,
            });
        }
        let offered = self.envelope.max_fee_per_gas();
        if offered < u128::from(terms.base_fee) {
            return Err(TransactionError::FeeTooLow {
                offered,
                base_fee: terms.base_fee,
            });
        }
        if let Some(tip) = self.envelope.max_priority_fee_per_gas()
            && tip > offered
        {
            return Err(TransactionError::TipAboveFee { tip, fee: offered });
        }
        if self.envelope.gas_limit() > terms.gas_limit {
            return Err(TransactionError::GasLimit {
                given: self.envelope.gas_limit(),
            });
        }
        let message = self.message(terms.base_fee, l1_price);
        let needed = evm::intrinsic_gas(&message)?.saturating_add(message.data_fee.gas);
        if self.envelope.gas_limit() < needed {
            return Err(TransactionError::IntrinsicGas {
                have: self.envelope.gas_limit(),
                needed,
            });
        }
        Ok(())
    }
}
