//! Transactions that wait.

use alloy_primitives::{Address, B256};
use serde_json::{Value, json};

use super::{Call, RpcError};

/// Anvil gives the hash, or null; Hardhat whether it waited.
pub(super) fn drop_one(call: &Call<'_>) -> Result<Value, RpcError> {
    let hash = call.params.required::<B256>(0, "hash")?;
    let dropped = call.chain.drop_transaction(hash);
    Ok(match (call.prefix, dropped) {
        ("hardhat_", dropped) => json!(dropped),
        (_, true) => json!(hash),
        (_, false) => Value::Null,
    })
}

pub(super) fn drop_all(call: &Call<'_>) -> Result<Value, RpcError> {
    call.chain.drop_all_transactions();
    Ok(Value::Null)
}

pub(super) fn drop_of(call: &Call<'_>) -> Result<Value, RpcError> {
    let from = call.params.required::<Address>(0, "address")?;
    call.chain.drop_transactions_of(from);
    Ok(Value::Null)
}
