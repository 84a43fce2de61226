//! Making blocks, taking them back, and what they have in common.

use std::{collections::BTreeMap, time::Duration};

use alloy_primitives::{Address, Bytes};
use alloy_rpc_types_eth::TransactionRequest;
use serde_json::{Value, json};

use super::{
    super::{json as shown, params::Params},
    Call, RpcError,
};
use crate::chain::{Block, Transaction};

/// Blocks that one request may make.
const MAX_BLOCKS: u64 = 100_000;
/// Blocks that one request may make and show.
const MAX_SHOWN: u64 = 1_024;

/// `evm_mine`: one block, at a given time if there is one (a number, or Anvil's object).
/// `anvil_mine` and `hardhat_mine`: a number of blocks, some seconds apart.
pub(super) fn mine(call: &Call<'_>) -> Result<Value, RpcError> {
    if call.prefix == "evm_" {
        let count = prepare(call)?;
        many(call, count, 0, MAX_BLOCKS)?;
        return Ok(json!("0x0"));
    }
    let blocks = call.params.number(0, "blocks")?.unwrap_or(1);
    let interval = call.params.number(1, "interval")?.unwrap_or(0);
    many(call, blocks, interval, MAX_BLOCKS)?;
    Ok(Value::Null)
}

/// As `evm_mine`, and shows the blocks with what their transactions returned.
pub(super) fn mine_detailed(call: &Call<'_>) -> Result<Value, RpcError> {
    let count = prepare(call)?;
    let before = call.chain.block_number();
    many(call, count, 0, MAX_SHOWN)?;
    (before + 1..=before + count)
        .map(|number| detailed(&*call.chain.block(number.into())?))
        .collect::<Result<Vec<_>, _>>()
        .map(Value::Array)
}

fn detailed(block: &Block) -> Result<Value, RpcError> {
    let mut value = shown::block(block, true)?;
    if let Some(transactions) = value["transactions"].as_array_mut() {
        for (transaction, receipt) in transactions.iter_mut().zip(&block.receipts) {
            transaction["output"] = json!(receipt.output);
            if let Some(failure) = &receipt.failure {
                transaction["revertReason"] = json!(failure);
            }
        }
    }
    Ok(value)
}

/// Reads the options of `evm_mine`: sets the time and gives the number of blocks.
fn prepare(call: &Call<'_>) -> Result<u64, RpcError> {
    let (timestamp, blocks) = match call.params.get(0) {
        Some(Value::Object(options)) => {
            let given = Params::new(Some(json!([
                options.get("timestamp"),
                options.get("blocks")
            ])))?;
            (given.number(0, "timestamp")?, given.number(1, "blocks")?)
        }
        _ => (call.params.number(0, "timestamp")?, None),
    };
    if let Some(timestamp) = timestamp {
        call.chain.set_next_block_timestamp(timestamp)?;
    }
    Ok(blocks.unwrap_or(1))
}

fn many(call: &Call<'_>, blocks: u64, interval: u64, limit: u64) -> Result<(), RpcError> {
    if blocks > limit {
        return Err(RpcError::invalid_params(format!(
            "{blocks} blocks are too many at once: at most {limit}"
        )));
    }
    Ok(call.chain.mine_many(blocks, interval)?)
}

pub(super) fn set_automine(call: &Call<'_>) -> Result<Value, RpcError> {
    call.chain.set_automine(call.params.required(0, "on")?);
    Ok(Value::Null)
}

pub(super) fn automine(call: &Call<'_>) -> Result<Value, RpcError> {
    Ok(json!(call.chain.automine()))
}

/// Seconds, as in Anvil.
pub(super) fn set_interval(call: &Call<'_>) -> Result<Value, RpcError> {
    let seconds = call.params.required_number(0, "seconds")?;
    call.chain.set_interval_mining(Duration::from_secs(seconds));
    Ok(Value::Null)
}

pub(super) fn interval(call: &Call<'_>) -> Result<Value, RpcError> {
    let interval = call.chain.mining().interval();
    Ok(json!(interval.map(|interval| interval.as_secs())))
}

pub(super) fn rollback(call: &Call<'_>) -> Result<Value, RpcError> {
    let depth = call.params.number(0, "depth")?.unwrap_or(1);
    call.chain.rollback(depth)?;
    Ok(Value::Null)
}

/// `[depth, [[transaction, block], …]]`: each transaction is signed bytes or an object, the
/// block is counted from the first new one.
pub(super) fn reorg(call: &Call<'_>) -> Result<Value, RpcError> {
    let depth = call.params.required_number(0, "depth")?;
    if depth > MAX_SHOWN {
        return Err(RpcError::invalid_params(format!(
            "{depth} blocks are too many at once: at most {MAX_SHOWN}"
        )));
    }
    let pairs = call
        .params
        .optional::<Vec<(Value, u64)>>(1, "transactions")?
        .unwrap_or_default();
    let mut blocks = BTreeMap::<u64, Vec<Transaction>>::new();
    for (transaction, block) in pairs {
        if block >= depth {
            return Err(RpcError::invalid_params(format!(
                "block {block} does not exist among {depth} new ones, counted from 0"
            )));
        }
        let transaction = Params::new(Some(json!([transaction])))?;
        let transaction = if transaction.get(0).is_some_and(Value::is_string) {
            Transaction::decode(&transaction.required::<Bytes>(0, "transaction")?)?
        } else {
            let request = transaction.required::<TransactionRequest>(0, "transaction")?;
            call.chain.sign(request)?
        };
        blocks.entry(block).or_default().push(transaction);
    }
    call.chain.reorganise(depth, blocks)?;
    Ok(Value::Null)
}

pub(super) fn set_base_fee(call: &Call<'_>) -> Result<Value, RpcError> {
    let wei = call.params.required_number(0, "wei per gas")?;
    call.chain.set_base_fee(wei);
    Ok(Value::Null)
}

pub(super) fn set_l1_price(call: &Call<'_>) -> Result<Value, RpcError> {
    let wei = call.params.required_number(0, "wei per unit")?;
    call.chain.set_l1_price_per_unit(wei);
    Ok(Value::Null)
}

pub(super) fn set_gas_limit(call: &Call<'_>) -> Result<Value, RpcError> {
    let gas = call.params.required_number(0, "gas limit")?;
    call.chain.set_block_gas_limit(gas);
    Ok(json!(true))
}

pub(super) fn set_coinbase(call: &Call<'_>) -> Result<Value, RpcError> {
    call.chain
        .set_coinbase(call.params.required::<Address>(0, "address")?);
    Ok(Value::Null)
}

pub(super) fn set_chain_id(call: &Call<'_>) -> Result<Value, RpcError> {
    call.chain
        .set_chain_id(call.params.required_number(0, "chain id")?);
    Ok(Value::Null)
}
