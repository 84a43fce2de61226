//! Execution that changes nothing.

use alloy_eips::BlockId;
use alloy_rpc_types_eth::{TransactionRequest, simulate::SimulatePayload, state::EvmOverrides};
use serde_json::{Value, json};

use super::{
    RpcError,
    blocks::block_id,
    dispatch::Answer,
    json::{self, quantity, to_json},
    params::Params,
};
use crate::chain::{Block, CallError, Chain, Receipt};

/// go-ethereum's code for a call of a simulation that failed without reverting.
const VM_ERROR: i64 = -32015;

pub(super) fn call(chain: &Chain, method: &str, params: &Params) -> Answer {
    Some(match method {
        "eth_call" => eth_call(chain, params),
        "eth_estimateGas" => estimate_gas(chain, params),
        "eth_createAccessList" => access_list(chain, params),
        "eth_simulateV1" => simulate(chain, params),
        _ => return None,
    })
}

fn eth_call(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let request = params.required::<TransactionRequest>(0, "call")?;
    let overrides = overrides(params)?;
    Ok(json!(chain.call(
        block_id(params, 1)?,
        &request,
        Some(&overrides)
    )?))
}

/// State and block overrides, which follow call and block.
fn overrides(params: &Params) -> Result<EvmOverrides, RpcError> {
    Ok(EvmOverrides {
        state: params.optional(2, "state overrides")?,
        block: params.optional(3, "block overrides")?,
    })
}

fn estimate_gas(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let request = params.required::<TransactionRequest>(0, "call")?;
    // An estimate is for a transaction to come.
    let block = params.optional(1, "block")?.unwrap_or(BlockId::pending());
    let overrides = overrides(params)?;
    Ok(quantity(chain.estimate_gas(
        block,
        &request,
        Some(&overrides),
    )?))
}

fn access_list(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let request = params.required::<TransactionRequest>(0, "call")?;
    let overrides = overrides(params)?;
    to_json(chain.access_list(block_id(params, 1)?, &request, Some(&overrides))?)
}

fn simulate(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let payload = params.required::<SimulatePayload>(0, "simulation")?;
    let full = payload.return_full_transactions;
    chain
        .simulate(block_id(params, 1)?, &payload)?
        .iter()
        .map(|block| {
            let mut value = json::block(block, full)?;
            value["calls"] = block
                .receipts
                .iter()
                .enumerate()
                .map(|(index, receipt)| simulated_call(block, index, receipt))
                .collect::<Result<_, _>>()?;
            Ok(value)
        })
        .collect()
}

/// One call of a simulation. Its error has go-ethereum's codes.
fn simulated_call(block: &Block, index: usize, receipt: &Receipt) -> Result<Value, RpcError> {
    let logs: Vec<_> = block.logs_of(index).collect();
    let mut call = json!({
        "returnData": receipt.output,
        "logs": to_json(logs)?,
        "gasUsed": quantity(receipt.gas_used),
        "status": if receipt.success { "0x1" } else { "0x0" },
    });
    if let Some(failure) = &receipt.failure {
        let error = if receipt.reverted {
            RpcError::from(CallError::Reverted {
                data: receipt.output.clone(),
                reason: Some(failure.clone()).filter(|_| receipt.output.is_empty()),
            })
        } else {
            RpcError::new(VM_ERROR, failure.clone())
        };
        call["error"] = error.to_json();
    }
    Ok(call)
}
