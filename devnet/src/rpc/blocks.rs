//! Blocks and their headers.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::B256;
use serde_json::Value;

use super::{
    RpcError,
    dispatch::Answer,
    json::{self, quantity},
    params::Params,
};
use crate::chain::{Chain, MinedTransaction};

pub(super) fn call(chain: &Chain, method: &str, params: &Params) -> Answer {
    Some(match method {
        "eth_blockNumber" => Ok(quantity(chain.block_number())),
        "eth_getBlockByNumber" => by_number(params).and_then(|id| block(chain, id, params)),
        "eth_getBlockByHash" => by_hash(params).and_then(|id| block(chain, id, params)),
        "eth_getHeaderByNumber" => by_number(params).and_then(|id| header(chain, id)),
        "eth_getHeaderByHash" => by_hash(params).and_then(|id| header(chain, id)),
        "eth_getBlockTransactionCountByNumber" => by_number(params).map(|id| size(chain, id)),
        "eth_getBlockTransactionCountByHash" => by_hash(params).map(|id| size(chain, id)),
        "eth_getBlockReceipts" => receipts(chain, params),
        // Arbitrum has no uncles.
        "eth_getUncleCountByBlockNumber" => by_number(params).map(|id| no_uncles(chain, id)),
        "eth_getUncleCountByBlockHash" => by_hash(params).map(|id| no_uncles(chain, id)),
        "eth_getUncleByBlockNumberAndIndex" => by_number(params).map(|_| Value::Null),
        "eth_getUncleByBlockHashAndIndex" => by_hash(params).map(|_| Value::Null),
        _ => return None,
    })
}

/// A block parameter: absent means latest, as in go-ethereum.
pub(super) fn block_id(params: &Params, index: usize) -> Result<BlockId, RpcError> {
    Ok(params.optional(index, "block")?.unwrap_or_default())
}

/// The block that the first parameter names by number or tag.
pub(super) fn by_number(params: &Params) -> Result<BlockId, RpcError> {
    Ok(params.required::<BlockNumberOrTag>(0, "block")?.into())
}

/// The block that the first parameter names by hash.
pub(super) fn by_hash(params: &Params) -> Result<BlockId, RpcError> {
    Ok(params.required::<B256>(0, "hash")?.into())
}

fn block(chain: &Chain, id: BlockId, params: &Params) -> Result<Value, RpcError> {
    let full = params
        .optional::<bool>(1, "full transactions")?
        .unwrap_or(false);
    chain
        .block(id)
        .map_or(Ok(Value::Null), |block| json::block(&block, full))
}

fn header(chain: &Chain, id: BlockId) -> Result<Value, RpcError> {
    chain
        .block(id)
        .map_or(Ok(Value::Null), |block| json::block_header(&block))
}

fn size(chain: &Chain, id: BlockId) -> Value {
    chain.block(id).map_or(Value::Null, |block| {
        quantity(block.transactions.len() as u64)
    })
}

fn no_uncles(chain: &Chain, id: BlockId) -> Value {
    chain.block(id).map_or(Value::Null, |_| quantity(0))
}

fn receipts(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
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
