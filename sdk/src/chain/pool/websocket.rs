//! One connection over WebSocket: requests, their answers, and what a subscription tells.

use std::{collections::HashMap, sync::Arc, time::Duration};

use alloy::{
    rpc::json_rpc::{Id, Request, RequestPacket, Response, ResponsePacket, SerializedRequest},
    transports::Authorization,
};
use futures_util::{SinkExt, StreamExt};
use rustls::ClientConfig;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot},
    time::MissedTickBehavior,
};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{
        self, Message, client::IntoClientRequest, http::HeaderValue, protocol::WebSocketConfig,
    },
};

use super::Fault;

/// How often a silent peer is pinged; one that says nothing for two of these is gone.
const PING_EVERY: Duration = Duration::from_secs(15);

/// Requests that may wait to be written.
const QUEUE: usize = 256;

/// Notifications that may wait to be read; beyond it they are dropped, as they only wake.
const NOTIFICATIONS: usize = 256;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What a subscription told.
#[derive(Debug, Deserialize)]
pub(crate) struct Notification {
    /// The subscription, as `eth_subscribe` answered it.
    pub(crate) subscription: String,
    /// A header or a log.
    pub(crate) result: Box<RawValue>,
}

/// A live connection. Dropping it closes the socket.
#[derive(Clone, Debug)]
pub(crate) struct Socket {
    requests: mpsc::Sender<Outgoing>,
}

#[derive(Debug)]
struct Outgoing {
    request: SerializedRequest,
    reply: oneshot::Sender<Result<Response, Fault>>,
}

impl Socket {
    /// Connects, reading no message beyond `limit` bytes.
    pub(crate) async fn connect(
        url: &reqwest::Url,
        tls: Arc<ClientConfig>,
        limit: usize,
    ) -> Result<(Self, mpsc::Receiver<Notification>), Fault> {
        let mut plain = url.clone();
        // Credentials go into a header; what has none cannot fail here.
        let _ = (plain.set_username(""), plain.set_password(None));
        let mut request = plain.as_str().into_client_request().map_err(fault)?;
        if let Some(value) = Authorization::extract_from_url(url) {
            let mut value = HeaderValue::from_str(&value.to_string())
                .map_err(|error| Fault::Unreachable(error.to_string()))?;
            value.set_sensitive(true);
            request.headers_mut().insert("authorization", value);
        }
        let config = WebSocketConfig::default()
            .max_message_size(Some(limit))
            .max_frame_size(Some(limit));
        let connector = (url.scheme() == "wss").then_some(Connector::Rustls(tls));
        let (stream, _) = connect_async_tls_with_config(request, Some(config), true, connector)
            .await
            .map_err(fault)?;
        let (requests, outgoing) = mpsc::channel(QUEUE);
        let (told, notifications) = mpsc::channel(NOTIFICATIONS);
        tokio::spawn(drive(stream, limit, outgoing, told));
        Ok((Self { requests }, notifications))
    }

    /// Whether the socket is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }

    /// Sends every request of a packet and awaits the answers.
    pub(super) async fn exchange(&self, packet: &RequestPacket) -> Result<ResponsePacket, Fault> {
        match packet {
            RequestPacket::Single(request) => self
                .request(request.clone())
                .await
                .map(ResponsePacket::Single),
            RequestPacket::Batch(requests) => {
                let answers = requests.iter().map(|request| self.request(request.clone()));
                futures_util::future::try_join_all(answers)
                    .await
                    .map(ResponsePacket::Batch)
            }
        }
    }

    pub(crate) async fn request(&self, request: SerializedRequest) -> Result<Response, Fault> {
        let (reply, answer) = oneshot::channel();
        let gone = || Fault::Unreachable("the WebSocket was closed".to_owned());
        self.requests
            .send(Outgoing { request, reply })
            .await
            .map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// An incoming message: an answer, or a notification.
#[derive(Deserialize)]
struct Incoming {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    params: Option<Box<RawValue>>,
}

/// Works until the socket or its last user is gone. What still waits then is answered by the
/// dropped channels.
async fn drive(
    mut stream: Stream,
    limit: usize,
    mut outgoing: mpsc::Receiver<Outgoing>,
    told: mpsc::Sender<Notification>,
) {
    let mut waiting: HashMap<u64, (Id, oneshot::Sender<Result<Response, Fault>>)> = HashMap::new();
    let mut next = 0_u64;
    let mut ticks = tokio::time::interval(PING_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = true;
    loop {
        tokio::select! {
            request = outgoing.recv() => {
                let Some(Outgoing { request, reply }) = request else { break };
                // Clients of one socket number their requests by themselves.
                let id = next;
                next += 1;
                let Some(text) = renumbered(&request, id) else {
                    let _ = reply.send(Err(Fault::Garbage("a request without JSON".to_owned())));
                    continue;
                };
                waiting.retain(|_, (_, reply)| !reply.is_closed());
                waiting.insert(id, (request.id().clone(), reply));
                if !sends(&mut stream, Message::text(text)).await {
                    break;
                }
            }
            message = stream.next() => {
                heard = true;
                let text = match message {
                    Some(Ok(Message::Text(text))) => text,
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                    Some(Err(tungstenite::Error::Capacity(_))) => {
                        for (_, (_, reply)) in waiting.drain() {
                            let _ = reply.send(Err(Fault::TooLarge(limit)));
                        }
                        break;
                    }
                    Some(Ok(Message::Binary(_) | Message::Close(_)) | Err(_)) | None => break,
                };
                let Ok(Incoming { method, params }) = serde_json::from_str(&text) else { break };
                if method.as_deref() == Some("eth_subscription") {
                    let params = params.as_deref().map_or("", RawValue::get);
                    if let Ok(notification) = serde_json::from_str(params) {
                        // A full queue has plenty to wake up for.
                        let _ = told.try_send(notification);
                    }
                } else if let Ok(mut response) = serde_json::from_str::<Response>(&text)
                    && let Id::Number(number) = response.id
                    && let Some((id, reply)) = waiting.remove(&number)
                {
                    response.id = id;
                    let _ = reply.send(Ok(response));
                }
            }
            _ = ticks.tick() => {
                if !heard {
                    break;
                }
                heard = false;
                if !sends(&mut stream, Message::Ping(Default::default())).await {
                    break;
                }
            }
        }
    }
    // A farewell that is not heard is none that matters.
    let _ = tokio::time::timeout(PING_EVERY, stream.close(None)).await;
}

/// Whether a peer takes a message: one that reads nothing is as good as gone.
async fn sends(stream: &mut Stream, message: Message) -> bool {
    let sent = tokio::time::timeout(PING_EVERY, stream.send(message)).await;
    matches!(sent, Ok(Ok(())))
}

fn renumbered(request: &SerializedRequest, id: u64) -> Option<String> {
    let (method, id) = (request.method().to_owned(), Id::Number(id));
    match request.params() {
        Some(params) => serde_json::to_string(&Request::new(method, id, params)),
        None => serde_json::to_string(&Request::new(method, id, ())),
    }
    .ok()
}

fn fault(error: tungstenite::Error) -> Fault {
    match error {
        tungstenite::Error::Http(response) => {
            let status = response.status().as_u16();
            if status == 429 {
                Fault::Limited(None, "HTTP status 429".to_owned())
            } else {
                Fault::Status(status, "no WebSocket is served there".to_owned())
            }
        }
        other => Fault::Unreachable(other.to_string()),
    }
}
