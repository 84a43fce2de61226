//! `eth_getProof`.

use alloy_primitives::{Address, KECCAK256_EMPTY, U256};
use serde_json::{Value, json};

use super::{RpcError, blocks::block_id, dispatch::Answer, json::quantity, params::Params};
use crate::chain::Chain;

/// Slots in one request, as in go-ethereum.
const MAX_SLOTS: usize = 1_024;

pub(super) fn call(chain: &Chain, method: &str, params: &Params) -> Answer {
    (method == "eth_getProof").then(|| proof(chain, params))
}

fn proof(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let address = params.required::<Address>(0, "address")?;
    let slots = params
        .optional::<Vec<U256>>(1, "slots")?
        .unwrap_or_default();
    if slots.len() > MAX_SLOTS {
        return Err(RpcError::invalid_params(format!(
            "too many slots: {}, at most {MAX_SLOTS}",
            slots.len()
        )));
    }
    let mut state = chain.state_at(block_id(params, 2)?)?;
    let proof = state.prove(address, &slots);
    // Clients find a slot's proof by the key, as they wrote it.
    let keys = params
        .required::<Vec<Value>>(1, "slots")
        .unwrap_or_default();
    let storage: Vec<_> = keys
        .iter()
        .zip(&proof.slots)
        .map(|(key, slot)| json!({ "key": key, "value": slot.value, "proof": slot.proof }))
        .collect();
    let code_hash = state
        .account(address)
        .map_or(KECCAK256_EMPTY, |account| account.code_hash);
    Ok(json!({
        "address": address,
        "accountProof": proof.proof,
        "balance": state.balance(address),
        "codeHash": code_hash,
        "nonce": quantity(state.nonce(address)),
        "storageHash": proof.storage_root,
        "storageProof": storage,
    }))
}
