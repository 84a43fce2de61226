//! Blocks, transactions and receipts as an Arbitrum node shows them.

use alloy_consensus::{Transaction as _, Typed2718, transaction::Recovered};
use alloy_primitives::{B256, U64, U256};
use alloy_rpc_types_eth::Transaction as RpcTransaction;
use serde::Serialize;
use serde_json::{Value, json};

use super::RpcError;
use crate::chain::{Block, MinedTransaction, Transaction};

/// Anything serde can write. Failing would be a fault of this crate.
pub(super) fn to_json(value: impl Serialize) -> Result<Value, RpcError> {
    serde_json::to_value(value).map_err(|error| RpcError::internal(error.to_string()))
}

pub(super) fn quantity(number: u64) -> Value {
    Value::String(format!("{number:#x}"))
}

/// A header with what Arbitrum adds to it.
pub(super) fn block_header(block: &Block) -> Result<Value, RpcError> {
    let mut value = to_json(&block.header)?;
    value["hash"] = json!(block.hash);
    value["totalDifficulty"] = json!(U256::from(block.header.number));
    value["l1BlockNumber"] = quantity(block.l1_number);
    value["sendCount"] = quantity(0);
    value["sendRoot"] = json!(B256::ZERO);
    Ok(value)
}

pub(super) fn block(block: &Block, full: bool) -> Result<Value, RpcError> {
    let mut value = block_header(block)?;
    let transactions = if full {
        (0..block.transactions.len())
            .map(|index| mined_transaction(block, index))
            .collect::<Result<Vec<_>, _>>()?
    } else {
        block
            .transactions
            .iter()
            .map(|transaction| json!(transaction.hash()))
            .collect()
    };
    value["transactions"] = Value::Array(transactions);
    value["uncles"] = json!([]);
    value["size"] = quantity(block.size());
    Ok(value)
}

pub(super) fn mined_transaction(block: &Block, index: usize) -> Result<Value, RpcError> {
    let (Some(transaction), Some(receipt)) =
        (block.transactions.get(index), block.receipts.get(index))
    else {
        return Ok(Value::Null);
    };
    to_json(RpcTransaction {
        inner: Recovered::new_unchecked(transaction.envelope().clone(), transaction.from()),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        transaction_index: Some(index as u64),
        effective_gas_price: Some(receipt.effective_gas_price),
        block_timestamp: Some(block.header.timestamp),
    })
}

pub(super) fn waiting_transaction(transaction: &Transaction) -> Result<Value, RpcError> {
    to_json(RpcTransaction {
        inner: Recovered::new_unchecked(transaction.envelope().clone(), transaction.from()),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        effective_gas_price: None,
        block_timestamp: None,
    })
}

pub(super) fn receipt(mined: &MinedTransaction) -> Result<Value, RpcError> {
    let (block, transaction, receipt) = (&mined.block, mined.transaction(), mined.receipt());
    let logs: Vec<_> = block.logs_of(mined.index).collect();
    Ok(json!({
        "type": U64::from(transaction.envelope().ty()),
        "status": if receipt.success { "0x1" } else { "0x0" },
        "transactionHash": transaction.hash(),
        "transactionIndex": quantity(mined.index as u64),
        "blockHash": block.hash,
        "blockNumber": quantity(block.header.number),
        "from": transaction.from(),
        "to": transaction.envelope().to(),
        "contractAddress": receipt.contract_address,
        "gasUsed": quantity(receipt.gas_used),
        "cumulativeGasUsed": quantity(receipt.cumulative_gas_used),
        "effectiveGasPrice": U256::from(receipt.effective_gas_price),
        "logs": to_json(logs)?,
        "logsBloom": receipt.bloom(),
        "gasUsedForL1": quantity(receipt.gas_used_for_l1),
        "l1BlockNumber": quantity(block.l1_number),
        "timeboosted": false,
    }))
}
