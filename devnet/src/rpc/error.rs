//! Errors as JSON-RPC shows them.

use serde_json::{Value, json};

use crate::{
    chain::{
        CallError, ControlError, LogQueryError, ReorgError, SimulationError, TransactionError,
        UnknownBlock,
    },
    evm::revert_reason,
};

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

    /// `nearest` is a method that may have been meant.
    pub(super) fn unknown_method(method: &str, nearest: Option<String>) -> Self {
        let hint = nearest.map_or_else(String::new, |name| format!(": did you mean {name}?"));
        Self::new(
            -32601,
            format!("the method {method} does not exist/is not available{hint}"),
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

    /// More than may be asked for (EIP-1474).
    pub(super) fn limit(message: impl Into<String>) -> Self {
        Self::new(-32005, message)
    }

    pub(super) fn unknown_subscription(name: &str) -> Self {
        Self::new(
            -32601,
            format!(
                "no {name:?} subscription in eth namespace: there are newHeads, logs, \
                 newPendingTransactions and syncing"
            ),
        )
    }

    pub(super) fn no_notifications() -> Self {
        Self::new(
            -32601,
            "notifications not supported: open a WebSocket to subscribe",
        )
    }

    pub(super) fn batch_timeout(limit: std::time::Duration) -> Self {
        Self::new(
            -32002,
            format!(
                "request timed out: the batch took more than {} s before this request; send \
                 smaller batches",
                limit.as_secs()
            ),
        )
    }

    pub(super) fn response_too_large(limit: usize) -> Self {
        Self::new(
            -32003,
            format!(
                "response too large: the batch has more than {limit} bytes of answers before \
                 this request; send smaller batches"
            ),
        )
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

impl From<ReorgError> for RpcError {
    fn from(error: ReorgError) -> Self {
        match error {
            ReorgError::Control(error) => error.into(),
            ReorgError::Transaction(error) => error.into(),
        }
    }
}

impl From<LogQueryError> for RpcError {
    fn from(error: LogQueryError) -> Self {
        let message = error.to_string();
        match error {
            LogQueryError::Range { .. } | LogQueryError::TooManyAlternatives(_) => {
                Self::invalid_params(message)
            }
            LogQueryError::TooManyLogs
            | LogQueryError::Timeout { .. }
            | LogQueryError::TooManyFilters(_) => Self::limit(message),
            LogQueryError::Block(_)
            | LogQueryError::UnknownFilter
            | LogQueryError::FilterBehind(_)
            | LogQueryError::NotALogFilter(_) => Self::refused(message),
        }
    }
}

/// The codes are those of the execution-apis specification for `eth_simulateV1`.
impl From<SimulationError> for RpcError {
    fn from(error: SimulationError) -> Self {
        let message = error.to_string();
        match error {
            SimulationError::Call(error) => error.into(),
            SimulationError::BlockOrder { .. } => Self::new(-38_020, message),
            SimulationError::TimeOrder { .. } => Self::new(-38_021, message),
            SimulationError::TooManyBlocks | SimulationError::TooManyCalls => {
                Self::new(-38_026, message)
            }
            SimulationError::Empty | SimulationError::Unavailable { .. } => {
                Self::invalid_params(message)
            }
        }
    }
}

impl From<CallError> for RpcError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Reverted { data, reason } => {
                let reason = reason.or_else(|| revert_reason(&data));
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
