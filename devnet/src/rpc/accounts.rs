//! Accounts: what they hold, and what those whose keys are known sign.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rpc_types_eth::TransactionRequest;
use serde_json::{Value, json};

use super::{
    RpcError,
    blocks::block_id,
    dispatch::Answer,
    json::{quantity, waiting_transaction},
    params::Params,
};
use crate::chain::{Chain, State};

pub(super) fn call(chain: &Chain, method: &str, params: &Params) -> Answer {
    Some(match method {
        "eth_accounts" | "personal_listAccounts" => {
            let addresses: Vec<_> = chain
                .accounts()
                .iter()
                .map(|account| account.address)
                .collect();
            Ok(json!(addresses))
        }
        "eth_coinbase" => Ok(json!(chain.coinbase())),
        "eth_getBalance" => account(chain, params, 1, |state, address| {
            json!(state.balance(address))
        }),
        "eth_getCode" => account(chain, params, 1, |state, address| {
            json!(state.code(address))
        }),
        "eth_getStorageAt" => params.required::<U256>(1, "slot").and_then(|slot| {
            account(chain, params, 2, |state, address| {
                json!(B256::from(state.storage(address, slot)))
            })
        }),
        "eth_getAccountInfo" => account(chain, params, 1, |state, address| {
            json!({
                "balance": state.balance(address),
                "nonce": quantity(state.nonce(address)),
                "code": state.code(address),
            })
        }),
        "eth_getTransactionCount" => transaction_count(chain, params),
        "eth_sign" => sign(chain, params, 0, 1),
        // The same with its parameters the other way round.
        "personal_sign" => sign(chain, params, 1, 0),
        "eth_signTransaction" => params
            .required::<TransactionRequest>(0, "transaction")
            .and_then(|request| {
                let signed = chain.sign(request)?;
                Ok(json!({
                    "raw": Bytes::from(signed.encoded()),
                    "tx": waiting_transaction(&signed)?,
                }))
            }),
        _ => return None,
    })
}

fn account(
    chain: &Chain,
    params: &Params,
    block: usize,
    read: impl FnOnce(&State, Address) -> Value,
) -> Result<Value, RpcError> {
    let address = params.required::<Address>(0, "address")?;
    let state = chain.state_at(block_id(params, block)?)?;
    Ok(read(&state, address))
}

fn transaction_count(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let address = params.required::<Address>(0, "address")?;
    let block = block_id(params, 1)?;
    if block.is_pending() {
        return Ok(quantity(chain.pending_nonce(address)));
    }
    Ok(quantity(chain.state_at(block)?.nonce(address)))
}

/// A signature of a message as EIP-191 frames it, so that it is no transaction.
fn sign(chain: &Chain, params: &Params, signer: usize, message: usize) -> Result<Value, RpcError> {
    let signer = params.required::<Address>(signer, "signer")?;
    let message = params.required::<Bytes>(message, "message")?;
    let signature = chain.sign_hash(signer, alloy_primitives::eip191_hash_message(message))?;
    Ok(json!(Bytes::from(signature.as_bytes())))
}
