//! Blocks and receipts.

use std::sync::Arc;

use alloy_consensus::{
    EMPTY_OMMER_ROOT_HASH, Eip658Value, Header, Receipt as ConsensusReceipt, ReceiptEnvelope,
    TxType,
    proofs::{calculate_receipt_root, calculate_transaction_root},
};
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, Log, U256};
use alloy_rlp::Encodable;

use super::Transaction;
use crate::evm::{BlockTerms, params};

/// What a transaction did.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Whether it succeeded. A failed transaction changes nothing but the sender's nonce
    /// and balance.
    pub success: bool,
    /// Whether it failed by reverting, which leaves the gas that it did not use.
    pub reverted: bool,
    /// Gas used after refunds, that of the data on L1 included.
    pub gas_used: u64,
    /// Gas that paid for the transaction's data on L1.
    pub gas_used_for_l1: u64,
    /// Gas used by the block up to and with this transaction.
    pub cumulative_gas_used: u64,
    /// Logs, in order.
    pub logs: Vec<Log>,
    /// Place of the first log among the block's.
    pub first_log_index: u64,
    /// Contract made by a creation that succeeded.
    pub contract_address: Option<Address>,
    /// Wei paid per gas.
    pub effective_gas_price: u128,
    /// Return or revert data, which real chains do not keep.
    pub output: Bytes,
    /// Why it failed, in words.
    pub failure: Option<String>,
}

impl Receipt {
    /// Bloom filter of the logs.
    #[must_use]
    pub fn bloom(&self) -> Bloom {
        self.logs.iter().collect()
    }

    fn envelope(&self, tx_type: TxType) -> ReceiptEnvelope {
        let receipt = ConsensusReceipt {
            status: Eip658Value::Eip658(self.success),
            cumulative_gas_used: self.cumulative_gas_used,
            logs: self.logs.clone(),
        }
        .with_bloom();
        match tx_type {
            TxType::Eip2930 => ReceiptEnvelope::Eip2930(receipt),
            TxType::Eip1559 => ReceiptEnvelope::Eip1559(receipt),
            TxType::Eip4844 => ReceiptEnvelope::Eip4844(receipt),
            TxType::Eip7702 => ReceiptEnvelope::Eip7702(receipt),
            _ => ReceiptEnvelope::Legacy(receipt),
        }
    }
}

/// A block with its transactions and what they did.
#[derive(Clone, Debug)]
pub struct Block {
    /// Header; its hash is the block's.
    pub header: Header,
    /// Keccak-256 of the header's RLP.
    pub hash: B256,
    /// Estimate of L1's block number at that time.
    pub l1_number: u64,
    /// Transactions, in order.
    pub transactions: Vec<Arc<Transaction>>,
    /// One receipt for each transaction.
    pub receipts: Vec<Receipt>,
}

/// What a block is made of, before it has a hash.
pub(super) struct BlockParts {
    pub(super) parent: B256,
    pub(super) number: u64,
    pub(super) timestamp: u64,
    pub(super) l1_number: u64,
    pub(super) terms: BlockTerms,
    pub(super) state_root: B256,
    pub(super) transactions: Vec<Arc<Transaction>>,
    pub(super) receipts: Vec<Receipt>,
}

impl Block {
    /// Bytes of the block's RLP: header, transactions, and no uncles.
    #[must_use]
    pub fn size(&self) -> u64 {
        let transactions: usize = self
            .transactions
            .iter()
            .map(|transaction| transaction.envelope().length())
            .sum();
        let list = |payload_length| alloy_rlp::Header {
            list: true,
            payload_length,
        };
        let payload = self.header.length() + list(transactions).length_with_payload() + 1;
        list(payload).length_with_payload() as u64
    }

    /// A block that was made before.
    pub(super) fn restore(
        header: Header,
        transactions: Vec<Arc<Transaction>>,
        receipts: Vec<Receipt>,
    ) -> Self {
        let mut l1_number = [0; 8];
        l1_number.copy_from_slice(&header.mix_hash[8..16]);
        Self {
            hash: header.hash_slow(),
            l1_number: u64::from_be_bytes(l1_number),
            header,
            transactions,
            receipts,
        }
    }

    pub(super) fn seal(parts: BlockParts) -> Self {
        let BlockParts {
            parent,
            number,
            timestamp,
            l1_number,
            terms,
            state_root,
            transactions,
            receipts,
        } = parts;
        let envelopes: Vec<_> = transactions.iter().map(|tx| tx.envelope()).collect();
        let receipt_envelopes: Vec<_> = transactions
            .iter()
            .zip(&receipts)
            .map(|(tx, receipt)| receipt.envelope(tx.envelope().tx_type()))
            .collect();
        let logs_bloom = receipts
            .iter()
            .fold(Bloom::ZERO, |bloom, receipt| bloom | receipt.bloom());
        let header = Header {
            parent_hash: parent,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: terms.beneficiary,
            state_root,
            transactions_root: calculate_transaction_root(&envelopes),
            receipts_root: calculate_receipt_root(&receipt_envelopes),
            logs_bloom,
            difficulty: U256::ONE,
            number,
            gas_limit: terms.gas_limit,
            gas_used: receipts
                .last()
                .map_or(0, |receipt| receipt.cumulative_gas_used),
            timestamp,
            // Nitro puts the root of messages to L1 here; there are none.
            extra_data: B256::ZERO.into(),
            mix_hash: mix_hash(l1_number),
            nonce: B64::ZERO,
            base_fee_per_gas: Some(terms.base_fee),
            ..Header::default()
        };
        let hash = header.hash_slow();
        Self {
            header,
            hash,
            l1_number,
            transactions,
            receipts,
        }
    }
}

/// Nitro's use of the field: messages sent to L1, L1 block number, ArbOS version.
fn mix_hash(l1_number: u64) -> B256 {
    let mut mix = [0; 32];
    mix[8..16].copy_from_slice(&l1_number.to_be_bytes());
    mix[16..24].copy_from_slice(&params::ARBOS_VERSION.to_be_bytes());
    mix.into()
}

/// L1's block number at a time, from the twelve-second slots that it has had since the
/// merge. Like Arbitrum's own it is an estimate, and it has nothing to do with the number
/// of L2 blocks.
#[must_use]
pub fn l1_block_number(timestamp: u64) -> u64 {
    const MERGE_BLOCK: u64 = 15_537_394;
    const MERGE_TIME: u64 = 1_663_224_179;
    const SLOT: u64 = 12;
    MERGE_BLOCK + timestamp.saturating_sub(MERGE_TIME) / SLOT
}
