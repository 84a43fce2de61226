//! Transactions: sending them, and finding them again.

use alloy_eips::BlockId;
use alloy_primitives::{B256, Bytes};
use alloy_rpc_types_eth::TransactionRequest;
use serde_json::{Value, json};

use super::{
    RpcError,
    blocks::{by_hash, by_number},
    dispatch::Answer,
    json,
    params::Params,
};
use crate::chain::Chain;

pub(super) fn call(chain: &Chain, method: &str, params: &Params) -> Answer {
    Some(match method {
        "eth_sendRawTransaction" => params
            .required::<Bytes>(0, "transaction")
            .and_then(|raw| Ok(json!(chain.send_raw(&raw)?))),
        "eth_sendTransaction" => params
            .required::<TransactionRequest>(0, "transaction")
            .and_then(|request| Ok(json!(chain.send(request)?))),
        "eth_getTransactionByHash" => transaction(chain, params),
        "eth_getRawTransactionByHash" => raw_transaction(chain, params),
        "eth_getTransactionByBlockNumberAndIndex" => {
            by_number(params).and_then(|id| transaction_in(chain, id, params))
        }
        "eth_getTransactionByBlockHashAndIndex" => {
            by_hash(params).and_then(|id| transaction_in(chain, id, params))
        }
        "eth_getRawTransactionByBlockNumberAndIndex" => {
            by_number(params).and_then(|id| raw_transaction_in(chain, id, params))
        }
        "eth_getRawTransactionByBlockHashAndIndex" => {
            by_hash(params).and_then(|id| raw_transaction_in(chain, id, params))
        }
        "eth_getTransactionReceipt" => params.required::<B256>(0, "hash").and_then(|hash| {
            chain
                .mined(hash)
                .map_or(Ok(Value::Null), |mined| json::receipt(&mined))
        }),
        _ => return None,
    })
}

fn transaction(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let hash = params.required::<B256>(0, "hash")?;
    if let Some(mined) = chain.mined(hash) {
        return json::mined_transaction(&mined.block, mined.index);
    }
    chain.waiting(hash).map_or(Ok(Value::Null), |waiting| {
        json::waiting_transaction(&waiting)
    })
}

fn raw_transaction(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let hash = params.required::<B256>(0, "hash")?;
    let bytes = match chain.mined(hash) {
        Some(mined) => Some(mined.transaction().encoded()),
        None => chain.waiting(hash).map(|waiting| waiting.encoded()),
    };
    Ok(bytes.map_or(Value::Null, |bytes| json!(Bytes::from(bytes))))
}

/// The second parameter, as an index.
fn index(params: &Params) -> Result<usize, RpcError> {
    let index = params.required_number(1, "index")?;
    // No block has so many transactions that this could matter.
    Ok(usize::try_from(index).unwrap_or(usize::MAX))
}

fn transaction_in(chain: &Chain, id: BlockId, params: &Params) -> Result<Value, RpcError> {
    let index = index(params)?;
    chain.block(id).map_or(Ok(Value::Null), |block| {
        json::mined_transaction(&block, index)
    })
}

fn raw_transaction_in(chain: &Chain, id: BlockId, params: &Params) -> Result<Value, RpcError> {
    let index = index(params)?;
    let bytes = chain.block(id).ok().and_then(|block| {
        let transaction = block.transactions.get(index)?;
        Some(Bytes::from(transaction.encoded()))
    });
    Ok(json!(bytes))
}
