//! Balances, nonces, code, storage, and who may send.

use alloy_primitives::{Address, Bytes, U256};
use serde_json::{Value, json};

use super::{Call, RpcError};

fn address(call: &Call<'_>) -> Result<Address, RpcError> {
    call.params.required(0, "address")
}

pub(super) fn set_balance(call: &Call<'_>) -> Result<Value, RpcError> {
    let balance = call.params.required::<U256>(1, "balance")?;
    call.chain.set_balance(address(call)?, balance);
    Ok(Value::Null)
}

pub(super) fn add_balance(call: &Call<'_>) -> Result<Value, RpcError> {
    let amount = call.params.required::<U256>(1, "amount")?;
    call.chain.add_balance(address(call)?, amount);
    Ok(Value::Null)
}

pub(super) fn set_nonce(call: &Call<'_>) -> Result<Value, RpcError> {
    let nonce = call.params.required_number(1, "nonce")?;
    call.chain.set_nonce(address(call)?, nonce);
    Ok(Value::Null)
}

pub(super) fn set_code(call: &Call<'_>) -> Result<Value, RpcError> {
    let code = call.params.required::<Bytes>(1, "code")?;
    call.chain.set_code(address(call)?, code);
    Ok(Value::Null)
}

pub(super) fn set_storage(call: &Call<'_>) -> Result<Value, RpcError> {
    let slot = call.params.required::<U256>(1, "slot")?;
    let value = call.params.required::<U256>(2, "value")?;
    call.chain.set_storage(address(call)?, slot, value);
    Ok(json!(true))
}

pub(super) fn impersonate(call: &Call<'_>) -> Result<Value, RpcError> {
    call.chain.impersonate(address(call)?);
    Ok(Value::Null)
}

pub(super) fn stop_impersonating(call: &Call<'_>) -> Result<Value, RpcError> {
    call.chain.stop_impersonating(address(call)?);
    Ok(Value::Null)
}

pub(super) fn auto_impersonate(call: &Call<'_>) -> Result<Value, RpcError> {
    call.chain
        .set_auto_impersonate(call.params.required(0, "on")?);
    Ok(Value::Null)
}
