//! The clock. All times are in seconds.

use serde_json::{Value, json};

use super::{Call, RpcError};

pub(super) fn increase(call: &Call<'_>) -> Result<Value, RpcError> {
    let seconds = call.params.required_number(0, "seconds")?;
    Ok(json!(call.chain.increase_time(seconds)?))
}

pub(super) fn set(call: &Call<'_>) -> Result<Value, RpcError> {
    let timestamp = call.params.required_number(0, "timestamp")?;
    Ok(json!(call.chain.set_time(timestamp)?))
}

pub(super) fn set_next(call: &Call<'_>) -> Result<Value, RpcError> {
    let timestamp = call.params.required_number(0, "timestamp")?;
    call.chain.set_next_block_timestamp(timestamp)?;
    Ok(Value::Null)
}

pub(super) fn set_interval(call: &Call<'_>) -> Result<Value, RpcError> {
    let seconds = call.params.required_number(0, "seconds")?;
    call.chain.set_block_timestamp_interval(Some(seconds));
    Ok(Value::Null)
}

pub(super) fn remove_interval(call: &Call<'_>) -> Result<Value, RpcError> {
    let removed = call.chain.set_block_timestamp_interval(None);
    Ok(json!(removed.is_some()))
}

pub(super) fn genesis(call: &Call<'_>) -> Result<Value, RpcError> {
    Ok(json!(call.chain.block(0.into())?.header.timestamp))
}
