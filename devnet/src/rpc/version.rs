//! Who is asked: `web3_`, `net_` and `rpc_`.

use alloy_primitives::Bytes;
use serde_json::json;

use super::{dispatch::Answer, json::quantity, params::Params};
use crate::chain::Chain;

pub(super) fn call(chain: &Chain, method: &str, params: &Params) -> Answer {
    Some(match method {
        "web3_clientVersion" => Ok(json!(concat!("arbius-devnet/v", env!("CARGO_PKG_VERSION")))),
        "web3_sha3" => params
            .required::<Bytes>(0, "data")
            .map(|data| json!(alloy_primitives::keccak256(data))),
        "net_version" => Ok(json!(chain.chain_id().to_string())),
        "net_listening" => Ok(json!(true)),
        "net_peerCount" => Ok(quantity(0)),
        "rpc_modules" => Ok(json!({
            "anvil": "1.0", "debug": "1.0", "eth": "1.0", "evm": "1.0", "hardhat": "1.0",
            "net": "1.0", "personal": "1.0", "rpc": "1.0", "txpool": "1.0", "web3": "1.0",
        })),
        "eth_chainId" => Ok(quantity(chain.chain_id())),
        "eth_protocolVersion" => Ok(json!("0x44")),
        "eth_syncing" | "eth_mining" => Ok(json!(false)),
        "eth_hashrate" => Ok(quantity(0)),
        _ => return None,
    })
}
