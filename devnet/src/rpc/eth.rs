//! The methods every client uses: `web3_`, `net_` and `eth_`.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rpc_types_eth::{TransactionRequest, state::StateOverride};
use serde_json::{Value, json};

use super::{
    RpcError,
    dispatch::Answer,
    json::{self, quantity, to_json},
    params::Params,
};
use crate::{
    chain::{Chain, MinedTransaction, UnknownBlock},
    evm::params::BASE_FEE,
};

/// Blocks in one `eth_feeHistory`, as in go-ethereum.
const MAX_FEE_HISTORY: u64 = 1_024;

pub(super) fn call(chain: &Chain, method: &str, params: &Params) -> Answer {
    Some(match method {
        "web3_clientVersion" => Ok(json!(concat!("arbius-devnet/v", env!("CARGO_PKG_VERSION")))),
        "web3_sha3" => params
            .required::<Bytes>(0, "data")
            .map(|data| json!(alloy_primitives::keccak256(data))),
        "net_version" => Ok(json!(chain.chain_id().to_string())),
        "net_listening" => Ok(json!(true)),
        "net_peerCount" => Ok(quantity(0)),
        "eth_chainId" => Ok(quantity(chain.chain_id())),
        "eth_syncing" | "eth_mining" => Ok(json!(false)),
        "eth_accounts" => {
            let addresses: Vec<_> = chain
                .accounts()
                .iter()
                .map(|account| account.address)
                .collect();
            Ok(json!(addresses))
        }
        "eth_blockNumber" => Ok(quantity(chain.block_number())),
        "eth_gasPrice" => Ok(quantity(BASE_FEE)),
        "eth_maxPriorityFeePerGas" => Ok(quantity(0)),
        "eth_feeHistory" => fee_history(chain, params),
        "eth_getBalance" => account(chain, params, 1, |state, address| {
            Ok(json!(state.balance(address)))
        }),
        "eth_getCode" => account(chain, params, 1, |state, address| {
            Ok(json!(state.code(address)))
        }),
        "eth_getTransactionCount" => transaction_count(chain, params),
        "eth_getStorageAt" => params.required::<U256>(1, "slot").and_then(|slot| {
            account(chain, params, 2, |state, address| {
                Ok(json!(B256::from(state.storage(address, slot))))
            })
        }),
        "eth_call" => eth_call(chain, params),
        "eth_estimateGas" => estimate_gas(chain, params),
        "eth_createAccessList" => access_list(chain, params),
        "eth_sendRawTransaction" => params
            .required::<Bytes>(0, "transaction")
            .and_then(|raw| Ok(json!(chain.send_raw(&raw)?))),
        "eth_sendTransaction" => params
            .required::<TransactionRequest>(0, "transaction")
            .and_then(|request| Ok(json!(chain.send(request)?))),
        "eth_getBlockByNumber" => params
            .required::<BlockNumberOrTag>(0, "block")
            .and_then(|number| block(chain, number.into(), params)),
        "eth_getBlockByHash" => params
            .required::<B256>(0, "hash")
            .and_then(|hash| block(chain, hash.into(), params)),
        "eth_getBlockTransactionCountByNumber" => params
            .required::<BlockNumberOrTag>(0, "block")
            .and_then(|number| block_size(chain, number.into())),
        "eth_getBlockTransactionCountByHash" => params
            .required::<B256>(0, "hash")
            .and_then(|hash| block_size(chain, hash.into())),
        "eth_getTransactionByHash" => transaction(chain, params),
        "eth_getRawTransactionByHash" => raw_transaction(chain, params),
        "eth_getTransactionByBlockNumberAndIndex" => params
            .required::<BlockNumberOrTag>(0, "block")
            .and_then(|number| transaction_in(chain, number.into(), params)),
        "eth_getTransactionByBlockHashAndIndex" => params
            .required::<B256>(0, "hash")
            .and_then(|hash| transaction_in(chain, hash.into(), params)),
        "eth_getTransactionReceipt" => params.required::<B256>(0, "hash").and_then(|hash| {
            chain
                .mined(hash)
                .map_or(Ok(Value::Null), |mined| json::receipt(&mined))
        }),
        "eth_getBlockReceipts" => block_receipts(chain, params),
        "eth_getUncleCountByBlockNumber" | "eth_getUncleCountByBlockHash" => Ok(quantity(0)),
        _ => return None,
    })
}

/// A block parameter: absent means latest, as in go-ethereum.
fn block_id(params: &Params, index: usize) -> Result<BlockId, RpcError> {
    Ok(params.optional(index, "block")?.unwrap_or_default())
}

/// Null for what does not exist, as queries by number or hash answer it.
fn or_null(result: Result<Value, UnknownBlock>) -> Value {
    result.unwrap_or(Value::Null)
}

fn account(
    chain: &Chain,
    params: &Params,
    block: usize,
    read: impl FnOnce(&crate::chain::State, Address) -> Result<Value, RpcError>,
) -> Result<Value, RpcError> {
    let address = params.required::<Address>(0, "address")?;
    read(&chain.state_at(block_id(params, block)?)?, address)
}

fn transaction_count(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let address = params.required::<Address>(0, "address")?;
    let block = block_id(params, 1)?;
    if block.is_pending() {
        return Ok(quantity(chain.pending_nonce(address)));
    }
    Ok(quantity(chain.state_at(block)?.nonce(address)))
}

fn eth_call(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let request = params.required::<TransactionRequest>(0, "call")?;
    let overrides = params.optional::<StateOverride>(2, "state overrides")?;
    Ok(json!(chain.call(
        block_id(params, 1)?,
        &request,
        overrides.as_ref()
    )?))
}

fn estimate_gas(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let request = params.required::<TransactionRequest>(0, "call")?;
    // An estimate is for a transaction to come.
    let block = params.optional(1, "block")?.unwrap_or(BlockId::pending());
    let overrides = params.optional::<StateOverride>(2, "state overrides")?;
    Ok(quantity(chain.estimate_gas(
        block,
        &request,
        overrides.as_ref(),
    )?))
}

fn access_list(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let request = params.required::<TransactionRequest>(0, "call")?;
    let (list, gas) = chain.access_list(block_id(params, 1)?, &request)?;
    Ok(json!({ "accessList": to_json(list)?, "gasUsed": quantity(gas) }))
}

fn block(chain: &Chain, id: BlockId, params: &Params) -> Result<Value, RpcError> {
    let full = params
        .optional::<bool>(1, "full transactions")?
        .unwrap_or(false);
    match chain.block(id) {
        Ok(found) => json::block(&found, full),
        Err(_) => Ok(Value::Null),
    }
}

fn block_size(chain: &Chain, id: BlockId) -> Result<Value, RpcError> {
    Ok(or_null(
        chain
            .block(id)
            .map(|block| quantity(block.transactions.len() as u64)),
    ))
}

fn transaction(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let hash = params.required::<B256>(0, "hash")?;
    if let Some(mined) = chain.mined(hash) {
        return json::mined_transaction(&mined.block, mined.index);
    }
    match chain.waiting(hash) {
        Some(waiting) => json::waiting_transaction(&waiting),
        None => Ok(Value::Null),
    }
}

fn raw_transaction(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let hash = params.required::<B256>(0, "hash")?;
    let bytes = match chain.mined(hash) {
        Some(mined) => Some(mined.transaction().encoded()),
        None => chain.waiting(hash).map(|waiting| waiting.encoded()),
    };
    Ok(bytes.map_or(Value::Null, |bytes| json!(Bytes::from(bytes))))
}

fn transaction_in(chain: &Chain, id: BlockId, params: &Params) -> Result<Value, RpcError> {
    let index = params.required_number(1, "index")?;
    match (chain.block(id), usize::try_from(index)) {
        (Ok(block), Ok(index)) => json::mined_transaction(&block, index),
        _ => Ok(Value::Null),
    }
}

fn block_receipts(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let id = params.required::<BlockId>(0, "block")?;
    let Ok(block) = chain.block(id) else {
        return Ok(Value::Null);
    };
    (0..block.transactions.len())
        .map(|index| {
            json::receipt(&MinedTransaction {
                block: block.clone(),
                index,
            })
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Value::Array)
}

fn fee_history(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let count = params
        .required_number(0, "block count")?
        .min(MAX_FEE_HISTORY);
    let newest = params
        .optional::<BlockNumberOrTag>(1, "newest block")?
        .unwrap_or_default();
    let percentiles = params
        .optional::<Vec<f64>>(2, "percentiles")?
        .unwrap_or_default();
    let newest = chain.block(newest.into())?.header.number;
    let count = count.min(newest + 1);
    let oldest = newest + 1 - count;
    let mut used = Vec::new();
    for number in oldest..=newest {
        if number - oldest < count {
            let header = &chain.block(number.into())?.header;
            used.push(header.gas_used as f64 / header.gas_limit as f64);
        }
    }
    let mut history = json!({
        "oldestBlock": quantity(oldest),
        "baseFeePerGas": vec![quantity(BASE_FEE); used.len() + 1],
        "gasUsedRatio": used,
    });
    if !percentiles.is_empty() {
        // Nobody is paid a tip on Arbitrum.
        history["reward"] = json!(vec![vec![quantity(0); percentiles.len()]; used.len()]);
    }
    Ok(history)
}
