//! Positional parameters.

use alloy_primitives::U256;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::RpcError;

/// The parameters of a call.
#[derive(Clone, Debug, Default)]
pub(super) struct Params(Vec<Value>);

impl Params {
    pub(super) fn new(value: Option<Value>) -> Result<Self, RpcError> {
        match value {
            None | Some(Value::Null) => Ok(Self::default()),
            Some(Value::Array(values)) => Ok(Self(values)),
            Some(_) => Err(RpcError::invalid_params("parameters must be an array")),
        }
    }

    /// The parameter at `index`, or none if it is missing or null.
    pub(super) fn optional<T: DeserializeOwned>(
        &self,
        index: usize,
        name: &str,
    ) -> Result<Option<T>, RpcError> {
        match self.0.get(index) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::deserialize(value).map(Some).map_err(|error| {
                RpcError::invalid_params(format!("invalid argument {index} ({name}): {error}"))
            }),
        }
    }

    /// The parameter at `index`.
    pub(super) fn required<T: DeserializeOwned>(
        &self,
        index: usize,
        name: &str,
    ) -> Result<T, RpcError> {
        self.optional(index, name)?.ok_or_else(|| {
            RpcError::invalid_params(format!(
                "missing value for required argument {index} ({name})"
            ))
        })
    }

    /// A number that fits 64 bits, written in hexadecimal, in decimal or as a number.
    pub(super) fn number(&self, index: usize, name: &str) -> Result<Option<u64>, RpcError> {
        let Some(value) = self.optional::<U256>(index, name)? else {
            return Ok(None);
        };
        u64::try_from(value).map(Some).map_err(|_| {
            RpcError::invalid_params(format!("invalid argument {index} ({name}): above 2^64"))
        })
    }

    /// A number that fits 64 bits, which must be given.
    pub(super) fn required_number(&self, index: usize, name: &str) -> Result<u64, RpcError> {
        self.number(index, name)?.ok_or_else(|| {
            RpcError::invalid_params(format!(
                "missing value for required argument {index} ({name})"
            ))
        })
    }

    pub(super) fn get(&self, index: usize) -> Option<&Value> {
        self.0.get(index)
    }
}
