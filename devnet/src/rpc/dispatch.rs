//! From a request to a method, and from its result to a response.

use serde_json::{Value, json};

use super::{RpcError, cheats, eth, filters, params::Params};
use crate::chain::Chain;

/// Requests in one batch.
const MAX_BATCH: usize = 1_000;

/// The result of a method; none if the module does not have it.
pub(super) type Answer = Option<Result<Value, RpcError>>;

/// Answers a body: one request or a batch. None if nothing is to be answered, as all
/// requests were notifications.
pub(crate) fn answer(chain: &Chain, body: &[u8]) -> Option<Value> {
    match serde_json::from_slice::<Value>(body) {
        Err(error) => Some(response(
            Value::Null,
            Err(RpcError::parse(format!("parse error: {error}"))),
        )),
        Ok(Value::Array(requests)) if requests.is_empty() => Some(response(
            Value::Null,
            Err(RpcError::invalid_request("empty batch")),
        )),
        Ok(Value::Array(requests)) if requests.len() > MAX_BATCH => {
            let error = RpcError::invalid_request(format!(
                "batch too large: {} requests, at most {MAX_BATCH}",
                requests.len()
            ));
            Some(response(Value::Null, Err(error)))
        }
        Ok(Value::Array(requests)) => {
            let responses: Vec<_> = requests
                .into_iter()
                .filter_map(|request| answer_one(chain, request))
                .collect();
            (!responses.is_empty()).then_some(Value::Array(responses))
        }
        Ok(request) => answer_one(chain, request),
    }
}

fn answer_one(chain: &Chain, request: Value) -> Option<Value> {
    let Value::Object(mut request) = request else {
        let error = RpcError::invalid_request("a request must be an object");
        return Some(response(Value::Null, Err(error)));
    };
    let id = request.remove("id");
    if !matches!(
        id,
        None | Some(Value::Null | Value::Number(_) | Value::String(_))
    ) {
        let error = RpcError::invalid_request("an id must be a number, a string or null");
        return Some(response(Value::Null, Err(error)));
    }
    let mut well_formed = true;
    let mut malformed = |reason: &str| {
        well_formed = false;
        Err(RpcError::invalid_request(reason))
    };
    let result = match (request.remove("jsonrpc"), request.remove("method")) {
        (Some(Value::String(version)), _) if version != "2.0" => {
            malformed("jsonrpc must be \"2.0\"")
        }
        (None | Some(Value::String(_)), Some(Value::String(method))) => {
            Params::new(request.remove("params")).and_then(|params| run(chain, &method, &params))
        }
        (None | Some(Value::String(_)), _) => {
            malformed("a request needs a method, which is a string")
        }
        _ => malformed("jsonrpc must be \"2.0\""),
    };
    // Only a well-formed request without an id is a notification.
    match id {
        None if well_formed => None,
        id => Some(response(id.unwrap_or(Value::Null), result)),
    }
}

fn run(chain: &Chain, method: &str, params: &Params) -> Result<Value, RpcError> {
    tracing::trace!(method, "request");
    eth::call(chain, method, params)
        .or_else(|| filters::call(chain, method, params))
        .or_else(|| cheats::call(chain, method, params))
        .unwrap_or_else(|| Err(RpcError::unknown_method(method)))
}

fn response(id: Value, result: Result<Value, RpcError>) -> Value {
    match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error.to_json() }),
    }
}

/// A response to a body that was not even read.
pub(super) fn unread(reason: String) -> Value {
    response(Value::Null, Err(RpcError::invalid_request(reason)))
}
