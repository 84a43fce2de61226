//! What only a development chain can do, under the names that Anvil, Hardhat and Ganache
//! have given it: `anvil_mine`, `hardhat_mine` and `evm_mine` are the same.

use alloy_primitives::{Address, Bytes, U256};
use serde_json::{Value, json};

use super::{RpcError, dispatch::Answer, json::quantity, params::Params};
use crate::chain::Chain;

/// Blocks that one request may make.
const MAX_BLOCKS: u64 = 100_000;

pub(super) fn call(chain: &Chain, method: &str, params: &Params) -> Answer {
    let name = ["evm_", "anvil_", "hardhat_"]
        .iter()
        .find_map(|prefix| method.strip_prefix(prefix))?;
    Some(match name {
        "snapshot" => Ok(quantity(chain.snapshot())),
        "revert" => params
            .required_number(0, "snapshot id")
            .map(|id| json!(chain.revert(id))),
        "mine" if method == "evm_mine" => mine_at(chain, params),
        "mine" => mine_many(chain, params),
        "increaseTime" => params
            .required_number(0, "seconds")
            .and_then(|seconds| Ok(json!(chain.increase_time(seconds)?))),
        "setNextBlockTimestamp" => params
            .required_number(0, "timestamp")
            .and_then(|timestamp| {
                chain.set_next_block_timestamp(timestamp)?;
                Ok(Value::Null)
            }),
        "setAutomine" => params.required::<bool>(0, "on").map(|on| {
            chain.set_automine(on);
            Value::Null
        }),
        "getAutomine" => Ok(json!(chain.automine())),
        "setBalance" => with_address(params, |address| {
            chain.set_balance(address, params.required::<U256>(1, "balance")?);
            Ok(Value::Null)
        }),
        "setCode" => with_address(params, |address| {
            chain.set_code(address, params.required::<Bytes>(1, "code")?);
            Ok(Value::Null)
        }),
        "setNonce" => with_address(params, |address| {
            chain.set_nonce(address, params.required_number(1, "nonce")?);
            Ok(Value::Null)
        }),
        "setStorageAt" => with_address(params, |address| {
            let slot = params.required::<U256>(1, "slot")?;
            chain.set_storage(address, slot, params.required::<U256>(2, "value")?);
            Ok(json!(true))
        }),
        "impersonateAccount" => with_address(params, |address| {
            chain.impersonate(address);
            Ok(Value::Null)
        }),
        "stopImpersonatingAccount" => with_address(params, |address| {
            chain.stop_impersonating(address);
            Ok(Value::Null)
        }),
        _ => return None,
    })
}

fn with_address(
    params: &Params,
    act: impl FnOnce(Address) -> Result<Value, RpcError>,
) -> Result<Value, RpcError> {
    act(params.required::<Address>(0, "address")?)
}

/// `evm_mine`: one block, at a given time if there is one (a number, or Anvil's object).
fn mine_at(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let timestamp = match params.get(0) {
        Some(Value::Object(options)) => {
            let given = Params::new(Some(json!([
                options.get("timestamp"),
                options.get("blocks")
            ])))?;
            if let Some(blocks) = given.number(1, "blocks")? {
                return mine(chain, blocks, 0).map(|()| json!("0x0"));
            }
            given.number(0, "timestamp")?
        }
        _ => params.number(0, "timestamp")?,
    };
    if let Some(timestamp) = timestamp {
        chain.set_next_block_timestamp(timestamp)?;
    }
    chain.mine();
    Ok(json!("0x0"))
}

/// `anvil_mine`: a number of blocks, some seconds apart.
fn mine_many(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let blocks = params.number(0, "blocks")?.unwrap_or(1);
    let interval = params.number(1, "interval")?.unwrap_or(0);
    mine(chain, blocks, interval).map(|()| Value::Null)
}

fn mine(chain: &Chain, blocks: u64, interval: u64) -> Result<(), RpcError> {
    if blocks > MAX_BLOCKS {
        return Err(RpcError::invalid_params(format!(
            "{blocks} blocks are too many at once: at most {MAX_BLOCKS}"
        )));
    }
    Ok(chain.mine_many(blocks, interval)?)
}
