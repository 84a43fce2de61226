//! Snapshots, and what there is to know about the chain.

use alloy_primitives::Bytes;
use serde_json::{Map, Value, json};

use super::{super::json::quantity, Call, RpcError, refused};
use crate::evm::params::ARBOS_VERSION;

pub(super) fn snapshot(call: &Call<'_>) -> Result<Value, RpcError> {
    Ok(quantity(call.chain.snapshot()))
}

pub(super) fn revert(call: &Call<'_>) -> Result<Value, RpcError> {
    let id = call.params.required_number(0, "snapshot id")?;
    Ok(json!(call.chain.revert(id)))
}

/// Begins anew. To fork another chain, for which others use this too, is refused.
pub(super) fn reset(call: &Call<'_>) -> Result<Value, RpcError> {
    match call.params.get(0) {
        Some(Value::Object(options)) if options.get("forking").is_some_and(|o| !o.is_null()) => {
            refused::forking(call)
        }
        None | Some(Value::Null | Value::Object(_)) => {
            call.chain.reset();
            Ok(json!(true))
        }
        Some(_) => Err(RpcError::invalid_params(
            "invalid argument 0 (options): an object is expected",
        )),
    }
}

/// The chain as bytes, in this crate's own format.
pub(super) fn dump(call: &Call<'_>) -> Result<Value, RpcError> {
    Ok(json!(Bytes::from(call.chain.dump_state())))
}

pub(super) fn load(call: &Call<'_>) -> Result<Value, RpcError> {
    let state = call.params.required::<Bytes>(0, "state")?;
    call.chain
        .load_state(&state)
        .map_err(|error| RpcError::invalid_params(error.to_string()))?;
    Ok(json!(true))
}

pub(super) fn set_logging(call: &Call<'_>) -> Result<Value, RpcError> {
    call.chain.set_logging(call.params.required(0, "on")?);
    Ok(Value::Null)
}

/// `anvil_nodeInfo`.
pub(super) fn node(call: &Call<'_>) -> Result<Value, RpcError> {
    let chain = call.chain;
    let latest = chain.latest_block();
    Ok(json!({
        "currentBlockNumber": quantity(latest.header.number),
        "currentBlockTimestamp": latest.header.timestamp,
        "currentBlockHash": latest.hash,
        "hardFork": format!("ArbOS {ARBOS_VERSION}"),
        "transactionOrder": "fifo",
        "environment": {
            "baseFee": quantity(chain.base_fee()),
            "chainId": chain.chain_id(),
            "gasLimit": quantity(chain.block_gas_limit()),
            "gasPrice": quantity(chain.base_fee()),
        },
        "forkConfig": { "forkUrl": null, "forkBlockNumber": null, "forkRetryBackoff": null },
    }))
}

/// `anvil_metadata` and `hardhat_metadata`.
pub(super) fn metadata(call: &Call<'_>) -> Result<Value, RpcError> {
    let chain = call.chain;
    let latest = chain.latest_block();
    let snapshots: Map<_, _> = chain
        .snapshots()
        .into_iter()
        .map(|snapshot| {
            let block = json!([quantity(snapshot.block_number), snapshot.block_hash]);
            (format!("{:#x}", snapshot.id), block)
        })
        .collect();
    Ok(json!({
        "clientVersion": concat!("arbius-devnet/v", env!("CARGO_PKG_VERSION")),
        "clientSemver": env!("CARGO_PKG_VERSION"),
        "chainId": chain.chain_id(),
        "instanceId": chain.instance(),
        "latestBlockNumber": latest.header.number,
        "latestBlockHash": latest.hash,
        "forkedNetwork": null,
        "snapshots": snapshots,
    }))
}
