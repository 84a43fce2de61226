//! From a body to a method, and from its result to a response.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use alloy_primitives::U256;
use serde_json::{Value, json};

use super::{
    RpcError, accounts, blocks, calls, cheats, debug, fees, filters, params::Params, proof,
    session::Session, transactions, txpool, version,
};
use crate::chain::Chain;

/// Requests in one batch.
const MAX_BATCH: usize = 1_000;
/// Bytes of a batch's answers; what comes after them is refused.
const MAX_BATCH_ANSWER: usize = 64 << 20;
/// How long a batch may take; what comes after that is refused.
const MAX_BATCH_TIME: Duration = Duration::from_secs(60);

/// The result of a method; none if the module does not have it.
pub(super) type Answer = Option<Result<Value, RpcError>>;

/// Answers a JSON-RPC 2.0 body, one request or a batch, as the server would, without any
/// socket. None if nothing is to be answered, as all requests were notifications.
///
/// Whatever the body holds, this returns; it neither panics nor takes unbounded time or
/// memory.
///
/// ```
/// use arbius_devnet::{Devnet, rpc};
///
/// let chain = Devnet::builder().build_chain();
/// let body = br#"{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}"#;
/// let answer = rpc::answer(&chain, body).expect("a request with an id is answered");
/// assert_eq!(answer, r#"{"id":1,"jsonrpc":"2.0","result":"0x0"}"#);
/// ```
#[must_use]
pub fn answer(chain: &Chain, body: &[u8]) -> Option<String> {
    Caller::new(chain, None).answer(body)
}

/// Whoever sent a body.
pub(super) struct Caller<'a> {
    chain: &'a Chain,
    /// Where subscriptions go, if the connection can have any.
    session: Option<&'a Session>,
    opened: RefCell<Vec<U256>>,
}

impl<'a> Caller<'a> {
    pub(super) fn new(chain: &'a Chain, session: Option<&'a Session>) -> Self {
        Self {
            chain,
            session,
            opened: RefCell::default(),
        }
    }

    /// Subscriptions that were opened, which the answer tells the client.
    pub(super) fn opened(self) -> Vec<U256> {
        self.opened.into_inner()
    }

    pub(super) fn answer(&self, body: &[u8]) -> Option<String> {
        match serde_json::from_slice::<Value>(body) {
            Err(error) => Some(refusal(RpcError::parse(format!("parse error: {error}")))),
            Ok(Value::Array(requests)) if requests.is_empty() => {
                Some(refusal(RpcError::invalid_request("empty batch")))
            }
            Ok(Value::Array(requests)) if requests.len() > MAX_BATCH => {
                Some(refusal(RpcError::invalid_request(format!(
                    "batch too large: {} requests, at most {MAX_BATCH}",
                    requests.len()
                ))))
            }
            Ok(Value::Array(requests)) => self.answer_batch(requests),
            Ok(request) => self
                .answer_one(request, |method, params| self.run(method, params))
                .map(|response| response.to_string()),
        }
    }

    fn answer_batch(&self, requests: Vec<Value>) -> Option<String> {
        let until = Instant::now() + MAX_BATCH_TIME;
        let mut answers = String::new();
        for request in requests {
            let enough = if answers.len() > MAX_BATCH_ANSWER {
                Some(RpcError::response_too_large(MAX_BATCH_ANSWER))
            } else if Instant::now() > until {
                Some(RpcError::batch_timeout(MAX_BATCH_TIME))
            } else {
                None
            };
            let response = self.answer_one(request, |method, params| match enough {
                Some(error) => Err(error),
                None => self.run(method, params),
            });
            if let Some(response) = response {
                answers.push(if answers.is_empty() { '[' } else { ',' });
                answers.push_str(&response.to_string());
            }
        }
        (!answers.is_empty()).then(|| answers + "]")
    }

    fn answer_one(
        &self,
        request: Value,
        run: impl FnOnce(&str, &Params) -> Result<Value, RpcError>,
    ) -> Option<Value> {
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
                Params::new(request.remove("params")).and_then(|params| run(&method, &params))
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

    fn run(&self, method: &str, params: &Params) -> Result<Value, RpcError> {
        let chain = self.chain;
        if chain.logs_requests() {
            tracing::trace!(method, "request");
        }
        self.subscriptions(method, params)
            .or_else(|| version::call(chain, method, params))
            .or_else(|| accounts::call(chain, method, params))
            .or_else(|| blocks::call(chain, method, params))
            .or_else(|| transactions::call(chain, method, params))
            .or_else(|| calls::call(chain, method, params))
            .or_else(|| fees::call(chain, method, params))
            .or_else(|| filters::call(chain, method, params))
            .or_else(|| proof::call(chain, method, params))
            .or_else(|| txpool::call(chain, method, params))
            .or_else(|| debug::call(chain, method, params))
            .or_else(|| cheats::call(chain, method, params))
            .unwrap_or_else(|| Err(RpcError::unknown_method(method, cheats::nearest(method))))
    }

    fn subscriptions(&self, method: &str, params: &Params) -> Answer {
        if !matches!(method, "eth_subscribe" | "eth_unsubscribe") {
            return None;
        }
        let Some(session) = self.session else {
            return Some(Err(RpcError::no_notifications()));
        };
        Some(if method == "eth_subscribe" {
            session.subscribe(self.chain, params).map(|id| {
                self.opened.borrow_mut().push(id);
                json!(id)
            })
        } else {
            params
                .required::<U256>(0, "subscription id")
                .and_then(|id| {
                    if session.unsubscribe(id) {
                        Ok(json!(true))
                    } else {
                        Err(RpcError::refused("subscription not found"))
                    }
                })
        })
    }
}

fn response(id: Value, result: Result<Value, RpcError>) -> Value {
    match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error.to_json() }),
    }
}

/// The answer to a body of which no request could be made out.
pub(super) fn refusal(error: RpcError) -> String {
    response(Value::Null, Err(error)).to_string()
}
