//! One URL, the connection to it, and what is known of it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use alloy::rpc::json_rpc::{Id, RequestPacket, ResponsePacket, SerializedRequest};
use reqwest::{Client, Url};
use rustls::ClientConfig;

use super::{
    Fault,
    count::Counter,
    fault::{Meaning, meaning, message},
    health::Health,
    http,
    websocket::Socket,
};
use crate::metrics::{Metrics, RpcOutcome};

/// One endpoint.
pub(crate) struct Endpoint {
    url: Url,
    name: String,
    link: Link,
    health: Mutex<Health>,
}

enum Link {
    Http(Client),
    WebSocket {
        tls: Arc<ClientConfig>,
        /// The socket of the moment; connected when it is needed.
        socket: tokio::sync::Mutex<Option<Socket>>,
    },
}

impl Endpoint {
    /// An endpoint at a URL that was checked to be HTTP or WebSocket.
    pub(super) fn new(
        url: Url,
        client: &Client,
        tls: &Arc<ClientConfig>,
        rate: Option<f64>,
    ) -> Self {
        let link = if is_websocket(&url) {
            Link::WebSocket {
                tls: Arc::clone(tls),
                socket: tokio::sync::Mutex::new(None),
            }
        } else {
            Link::Http(client.clone())
        };
        Self {
            name: crate::http::redacted(&url),
            url,
            link,
            health: Mutex::new(Health::new(rate, Instant::now())),
        }
    }

    /// Its URL, credentials included.
    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// Its URL as it may be shown.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it can push.
    pub(crate) const fn is_websocket(&self) -> bool {
        matches!(self.link, Link::WebSocket { .. })
    }

    pub(super) fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops asking it for a while, and says so once.
    pub(crate) fn quarantine(&self, reason: String) {
        let now = Instant::now();
        let mut health = self.health();
        if health.barred(now).is_none() {
            tracing::error!(
                endpoint = self.name,
                reason,
                "an endpoint is not believed any more"
            );
        }
        health.quarantine(reason, now);
    }

    /// Sends a request and notes how that went.
    pub(super) async fn ask(
        &self,
        packet: &RequestPacket,
        limits: Limits,
        tally: &Tally,
    ) -> Result<ResponsePacket, Fault> {
        let start = Instant::now();
        self.health().sent(packet.len());
        tally.counter.add(packet);
        let answer = tokio::time::timeout(limits.time, self.exchange(packet, limits.bytes)).await;
        let answer = match answer {
            Ok(answer) => answer.and_then(|response| matching(packet, response)),
            Err(_) => Err(Fault::TimedOut(limits.time)),
        };
        let now = Instant::now();
        let outcome = match &answer {
            Ok(response) if response.is_error() => RpcOutcome::Refused,
            Ok(_) => RpcOutcome::Ok,
            Err(_) => RpcOutcome::Unreachable,
        };
        for method in packet.method_names() {
            tally.metrics.rpc(&self.name, method, outcome, now - start);
        }
        match answer {
            Ok(response) => {
                self.health().answered(now - start, now);
                Ok(response)
            }
            Err(fault) => {
                if self.health().failed(&fault, now) {
                    let error = fault.to_string();
                    tracing::warn!(endpoint = self.name, error, "an endpoint keeps failing");
                }
                Err(fault)
            }
        }
    }

    async fn exchange(
        &self,
        packet: &RequestPacket,
        limit: usize,
    ) -> Result<ResponsePacket, Fault> {
        match &self.link {
            Link::Http(client) => http::exchange(client, &self.url, packet, limit).await,
            Link::WebSocket { tls, socket } => {
                let live = {
                    let mut socket = socket.lock().await;
                    match &*socket {
                        Some(live) if !live.is_closed() => live.clone(),
                        _ => {
                            let tls = Arc::clone(tls);
                            // What it pushes is nobody's: subscriptions have their own socket.
                            let (live, _) = Socket::connect(&self.url, tls, limit).await?;
                            socket.insert(live).clone()
                        }
                    }
                };
                live.exchange(packet).await
            }
        }
    }
}

/// Without the URL, which may hold a key.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.name).finish()
    }
}

/// Where requests are counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) counter: Counter,
    pub(super) metrics: Metrics,
}

/// How long and how large an answer may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) time: Duration,
    pub(super) bytes: usize,
}

/// Holds an answer against its request, and takes errors for faults that are the endpoint's.
fn matching(packet: &RequestPacket, response: ResponsePacket) -> Result<ResponsePacket, Fault> {
    let other = || Fault::Garbage("an answer to another request".to_owned());
    let response = match (packet, response) {
        (RequestPacket::Single(request), ResponsePacket::Single(mut response)) => {
            // An error before the request was read has no id.
            if response.id == Id::None && response.is_error() {
                response.id = request.id().clone();
            }
            if response.id != *request.id() {
                return Err(other());
            }
            ResponsePacket::Single(response)
        }
        // Many refuse a batch as a whole.
        (RequestPacket::Batch(requests), ResponsePacket::Single(refusal)) if refusal.is_error() => {
            let refuse = |request: &SerializedRequest| {
                let mut refusal = refusal.clone();
                refusal.id = request.id().clone();
                refusal
            };
            ResponsePacket::Batch(requests.iter().map(refuse).collect())
        }
        (RequestPacket::Batch(requests), ResponsePacket::Batch(responses)) => {
            let answered = |request: &SerializedRequest| {
                responses
                    .iter()
                    .any(|response| response.id == *request.id())
            };
            if !requests.iter().all(answered) {
                return Err(other());
            }
            ResponsePacket::Batch(responses)
        }
        _ => return Err(other()),
    };
    let method = packet.method_names().next().unwrap_or_default();
    if let Some(error) = response.as_error() {
        match meaning(method, error) {
            Meaning::Limited => return Err(Fault::Limited(None, message(error))),
            Meaning::Broken => return Err(Fault::Broken(error.code, message(error))),
            Meaning::Answer | Meaning::Elsewhere => {}
        }
    }
    Ok(response)
}

pub(super) fn is_websocket(url: &Url) -> bool {
    matches!(url.scheme(), "ws" | "wss")
}
