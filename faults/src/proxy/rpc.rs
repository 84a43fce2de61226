//! One request: what is done to it, to its answer, and to the truth.

use std::time::Duration;

use alloy_primitives::{B256, hex, keccak256};
use serde_json::{Value, json};

use super::{Fault, Script, listener::Shared};

/// An answer as it is to be sent.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// Seconds.
    pub(super) retry_after: Option<u64>,
    pub(super) body: Vec<u8>,
    pub(super) ending: Ending,
}

/// How much of an answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// All of it.
    Whole,
    /// Half of it, and nothing for so long.
    Stalled(Duration),
    /// Nothing: the connection is closed.
    Closed,
}

impl Reply {
    fn whole(body: Vec<u8>) -> Self {
        Self {
            status: 200,
            retry_after: None,
            body,
            ending: Ending::Whole,
        }
    }

    fn status(status: u16, retry_after: Option<u64>) -> Self {
        let body = format!("<html><body>{status}</body></html>").into_bytes();
        Self {
            status,
            retry_after,
            ..Self::whole(body)
        }
    }

    fn is_plain(&self) -> bool {
        self.status == 200 && self.ending == Ending::Whole
    }
}

/// The other chain that an endpoint says to be on: Ethereum's own.
const OTHER_CHAIN: &str = "0x1";

impl Shared {
    /// Answers a request, or a batch of them: one bad answer spoils a batch.
    pub(super) async fn answer(&self, body: &[u8]) -> Reply {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let Value::Array(batch) = request else {
            return self.answer_one(request).await;
        };
        let mut bodies = Vec::new();
        for request in batch {
            let reply = self.answer_one(request).await;
            if !reply.is_plain() {
                return reply;
            }
            bodies.push(reply.body);
        }
        let mut joined = bodies.join(&b","[..]);
        joined.insert(0, b'[');
        joined.push(b']');
        Reply::whole(joined)
    }

    async fn answer_one(&self, request: Value) -> Reply {
        let method = request["method"].as_str().unwrap_or_default().to_owned();
        if method == "eth_sendRawTransaction" {
            self.show(&request).await;
        }
        let met = self.meet(&method);
        let script = &met.script;
        let Some(fault) = met.fault else {
            return self.pass_on(&request).await;
        };
        match fault {
            Fault::Drop => Reply {
                ending: Ending::Closed,
                ..Reply::whole(Vec::new())
            },
            Fault::Delay => {
                tokio::time::sleep(script.delay).await;
                self.pass_on(&request).await
            }
            Fault::Stall => Reply {
                ending: Ending::Stalled(script.stall),
                ..self.pass_on(&request).await
            },
            Fault::Truncate => {
                let mut reply = self.pass_on(&request).await;
                reply.body.truncate(reply.body.len() / 2);
                reply
            }
            Fault::Garbage => Reply::whole(b"<!DOCTYPE html><p>\xff\x00 welcome".to_vec()),
            Fault::TooManyRequests => Reply::status(429, Some(script.retry_after)),
            Fault::BadGateway => Reply::status(502, None),
            Fault::Unavailable => Reply::status(503, Some(script.retry_after)),
            Fault::InternalError => {
                let error = json!({ "code": -32603, "message": "internal error" });
                let body = json!({ "jsonrpc": "2.0", "id": request["id"], "error": error });
                Reply::whole(body.to_string().into_bytes())
            }
            Fault::SwallowTransaction => {
                let hash = transaction(&request).unwrap_or_default();
                let body = json!({ "jsonrpc": "2.0", "id": request["id"], "result": hash });
                Reply::whole(body.to_string().into_bytes())
            }
            Fault::ErrorAfterSending => {
                self.pass_on(&request).await;
                Reply::status(502, None)
            }
            Fault::Duplicate => {
                self.pass_on(&request).await;
                self.pass_on(&request).await
            }
            Fault::StaleHead => self.stale(request, script).await,
            // Of notifications alone.
            Fault::Silence | Fault::LyingHead | Fault::Cut => self.pass_on(&request).await,
            Fault::OtherChain
            | Fault::ForkedHash
            | Fault::MissingLogs
            | Fault::InventedLogs
            | Fault::WrongReceipt
            | Fault::NoReceipt => self.lie(fault, &request).await,
        }
    }

    /// The truth.
    async fn pass_on(&self, request: &Value) -> Reply {
        let sent = self
            .client
            .post(&self.upstream)
            .header("content-type", "application/json")
            .body(request.to_string())
            .send()
            .await;
        let body = match sent {
            Ok(response) => response.bytes().await,
            Err(error) => Err(error),
        };
        match body {
            Ok(body) => Reply::whole(body.to_vec()),
            Err(_) => Reply::status(502, None),
        }
    }

    async fn ask(&self, method: &str) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 0, "method": method, "params": [] });
        let reply = self.pass_on(&request).await;
        let mut answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        answer["result"].take()
    }

    /// As if the newest blocks had not been made.
    async fn stale(&self, mut request: Value, script: &Script) -> Reply {
        let head = quantity(&self.ask("eth_blockNumber").await);
        let stale = json!(format!("{:#x}", head.saturating_sub(script.lag)));
        if request["method"] == "eth_blockNumber" {
            let body = json!({ "jsonrpc": "2.0", "id": request["id"], "result": stale });
            return Reply::whole(body.to_string().into_bytes());
        }
        if matches!(request["params"][0].as_str(), Some("latest" | "pending")) {
            request["params"][0] = stale;
        }
        self.pass_on(&request).await
    }

    /// The truth, and then something else.
    async fn lie(&self, fault: Fault, request: &Value) -> Reply {
        let reply = self.pass_on(request).await;
        let Ok(mut answer) = serde_json::from_slice::<Value>(&reply.body) else {
            return reply;
        };
        let result = &mut answer["result"];
        match fault {
            Fault::OtherChain => *result = json!(OTHER_CHAIN),
            Fault::ForkedHash if result.is_object() => {
                result["hash"] = json!(other(&result["hash"]));
            }
            Fault::MissingLogs => {
                if let Value::Array(logs) = result {
                    logs.truncate(logs.len() / 2);
                }
            }
            Fault::InventedLogs => {
                if let Value::Array(logs) = result {
                    invent(logs, request);
                }
            }
            Fault::WrongReceipt if result.is_object() => {
                let succeeded = result["status"] == "0x1";
                result["status"] = json!(if succeeded { "0x0" } else { "0x1" });
                result["logs"] = json!([]);
            }
            Fault::NoReceipt => *result = Value::Null,
            _ => {}
        }
        Reply::whole(answer.to_string().into_bytes())
    }
}

/// The hash of the transaction that a request sends.
fn transaction(request: &Value) -> Option<B256> {
    let raw = hex::decode(request["params"][0].as_str()?).ok()?;
    Some(keccak256(raw))
}

fn quantity(value: &Value) -> u64 {
    let digits = value.as_str().unwrap_or_default().trim_start_matches("0x");
    u64::from_str_radix(digits, 16).unwrap_or_default()
}

/// A hash that is not this one.
fn other(hash: &Value) -> B256 {
    keccak256(hash.as_str().unwrap_or_default())
}

/// Adds events that are like those asked for and never happened.
fn invent(logs: &mut Vec<Value>, request: &Value) {
    let filter = &request["params"][0];
    let like = |log: &Value| {
        let mut log = log.clone();
        log["topics"][1] = json!(other(&log["topics"][1]));
        log
    };
    let address = match &filter["address"] {
        Value::Array(addresses) => addresses.first().cloned().unwrap_or_default(),
        one => one.clone(),
    };
    let made_up: Vec<Value> = match (&filter["topics"][0], logs.is_empty()) {
        (Value::Array(topics), true) => topics
            .iter()
            .map(|topic| {
                let id = other(&filter["toBlock"]);
                json!({
                    "address": address,
                    "topics": [topic, id, id, id],
                    "data": format!("0x{:064x}", 1_000),
                    "blockNumber": filter["toBlock"],
                    "blockHash": id,
                    "transactionHash": id,
                    "transactionIndex": "0x0",
                    "logIndex": "0x0",
                    "removed": false,
                })
            })
            .collect(),
        _ => logs.iter().take(3).map(like).collect(),
    };
    logs.extend(made_up);
}
