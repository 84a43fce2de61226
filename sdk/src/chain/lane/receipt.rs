//! What is known of an included transaction.

use alloy::rpc::types::{Log, TransactionReceipt};
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent;

/// What is known of an included transaction.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The transaction.
    pub hash: B256,
    /// The block that includes it.
    pub block: u64,
    /// That block's hash.
    pub block_hash: B256,
    /// Whether it succeeded.
    pub success: bool,
    /// Gas used, intrinsic gas included.
    pub gas_used: u64,
    /// What a gas cost, wei.
    pub gas_price: u128,
    /// The contract it created, if it did.
    pub created: Option<Address>,
    /// Its events, in order.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// The events of one type that one contract emitted, in order.
    pub fn events<E: SolEvent>(&self, emitter: Address) -> impl Iterator<Item = E> + '_ {
        self.logs
            .iter()
            .filter(move |log| log.address() == emitter)
            .filter_map(|log| E::decode_log(&log.inner).ok())
            .map(|log| log.data)
    }
}

impl From<TransactionReceipt> for Receipt {
    fn from(receipt: TransactionReceipt) -> Self {
        Self {
            hash: receipt.transaction_hash,
            block: receipt.block_number.unwrap_or_default(),
            block_hash: receipt.block_hash.unwrap_or_default(),
            success: receipt.status(),
            gas_used: receipt.gas_used,
            gas_price: receipt.effective_gas_price,
            created: receipt.contract_address,
            logs: receipt.inner.into_receipt().logs,
        }
    }
}
