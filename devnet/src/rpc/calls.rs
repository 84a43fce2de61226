//! Execution that changes nothing.

use alloy_eips::BlockId;
use alloy_rpc_types_eth::{TransactionRequest, state::StateOverride};
use serde_json::{Value, json};

use super::{
    RpcError,
    blocks::block_id,
    dispatch::Answer,
    json::{quantity, to_json},
    params::Params,
};
use crate::chain::Chain;

pub(super) fn call(chain: &Chain, method: &str, params: &Params) -> Answer {
    Some(match method {
        "eth_call" => eth_call(chain, params),
        "eth_estimateGas" => estimate_gas(chain, params),
        "eth_createAccessList" => access_list(chain, params),
        _ => return None,
    })
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
