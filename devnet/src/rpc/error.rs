//! Errors as JSON-RPC shows them.

use alloy_primitives::Bytes;
use alloy_sol_types::{Panic, Revert, SolError};
use serde_json::{Value, json};

use crate::chain::{CallError, ControlError, LogQueryError, TransactionError, UnknownBlock};

/// An error object of JSON-RPC 2.0.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// JSON-RPC's or Ethereum's code: 3 for reverts, -32000 for what the chain refuses.
    pub code: i64,
    /// For people, and for libraries that look for go-ethereum's words.
    pub message: String,
    /// Revert data as a hex string, if it reverted.
    pub data: Option<Value>,
}

impl RpcError {
    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    pub(super) fn parse(message: impl Into<String>) -> Self {
        Self::new(-32700, message)
    }

    pub(super) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(-32600, message)
    }

    pub(super) fn unknown_method(method: &str) -> Self {
        Self::new(
            -32601,
            format!("the method {method} does not exist/is not available"),
        )
    }

    pub(super) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(-32603, message)
    }

    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self::new(-32000, message)
    }

    pub(super) fn to_json(&self) -> Value {
        let mut object = json!({ "code": self.code, "message": self.message });
        if let Some(data) = &self.data {
            object["data"] = data.clone();
        }
        object
    }
}

impl From<TransactionError> for RpcError {
    fn from(error: TransactionError) -> Self {
        Self::refused(error.to_string())
    }
}

impl From<UnknownBlock> for RpcError {
    fn from(error: UnknownBlock) -> Self {
        Self::refused(error.to_string())
    }
}

impl From<ControlError> for RpcError {
    fn from(error: ControlError) -> Self {
        Self::invalid_params(error.to_string())
    }
}

impl From<LogQueryError> for RpcError {
    fn from(error: LogQueryError) -> Self {
        Self::refused(error.to_string())
    }
}

impl From<CallError> for RpcError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Reverted { data, reason } => {
                let reason = reason.or_else(|| in_words(&data));
                Self {
                    code: 3,
                    message: match reason {
                        Some(reason) => format!("execution reverted: {reason}"),
                        None => "execution reverted".into(),
                    },
                    data: Some(Value::String(data.to_string())),
                }
            }
            other => Self::refused(other.to_string()),
        }
    }
}

/// Solidity's own errors say what was wrong.
fn in_words(data: &Bytes) -> Option<String> {
    if let Ok(revert) = Revert::abi_decode(data) {
        return Some(revert.reason);
    }
    Panic::abi_decode(data).ok().map(|panic| panic.to_string())
}
