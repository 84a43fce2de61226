//! Requests over a WebSocket: subscriptions go through to the other end's own, everything
//! else is answered as over HTTP.

use std::{io, sync::Arc};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{accept_async, connect_async, tungstenite::Message};

use super::{
    Fault,
    listener::Shared,
    rpc::{Ending, Reply},
};

/// Answers waiting to be written.
const WAITING: usize = 64;

/// Answers requests until one side closes.
pub(super) async fn serve(shared: Arc<Shared>, stream: TcpStream) -> io::Result<()> {
    let mut down = accept_async(stream).await.map_err(io::Error::other)?;
    let url = shared.upstream.replacen("http", "ws", 1);
    let (mut up, _) = connect_async(url).await.map_err(io::Error::other)?;
    let (answers, mut waiting) = mpsc::channel::<Reply>(WAITING);
    loop {
        tokio::select! {
            asked = down.next() => {
                let Some(asked) = asked else { return Ok(()) };
                let asked = asked.map_err(io::Error::other)?;
                let Message::Text(text) = &asked else { continue };
                if subscribes(text) {
                    if shared.meet("eth_subscribe").fault == Some(Fault::Drop) {
                        return Ok(());
                    }
                    up.send(asked).await.map_err(io::Error::other)?;
                    continue;
                }
                let (shared, answers) = (Arc::clone(&shared), answers.clone());
                let body = text.as_bytes().to_vec();
                tokio::spawn(async move {
                    let reply = shared.answer(&body).await;
                    // Whoever asked may be gone.
                    let _ = answers.send(reply).await;
                });
            }
            told = up.next() => {
                let Some(told) = told else { return Ok(()) };
                let mut told = told.map_err(io::Error::other)?;
                if let Message::Text(text) = &told && notifies(text) {
                    match shared.meet("eth_subscription").fault {
                        Some(Fault::Silence) => continue,
                        Some(Fault::Cut) => return Ok(()),
                        Some(Fault::LyingHead) => told = far_ahead(text),
                        _ => {}
                    }
                }
                down.send(told).await.map_err(io::Error::other)?;
            }
            Some(reply) = waiting.recv() => {
                if let Ending::Stalled(pause) = reply.ending {
                    tokio::time::sleep(pause).await;
                }
                // A WebSocket knows no status: what would be one ends the connection.
                if reply.status != 200 || reply.ending != Ending::Whole {
                    return Ok(());
                }
                let text = String::from_utf8_lossy(&reply.body).into_owned();
                down.send(Message::text(text)).await.map_err(io::Error::other)?;
            }
        }
    }
}

/// A notification of a block as if the chain were much longer; others as they are.
fn far_ahead(text: &str) -> Message {
    let mut message: Value = serde_json::from_str(text).unwrap_or_default();
    let number = &mut message["params"]["result"]["number"];
    if number.is_string() {
        *number = Value::from("0xffffffffffff");
        return Message::text(message.to_string());
    }
    Message::text(text)
}

fn method(text: &str) -> Option<String> {
    let message: Value = serde_json::from_str(text).ok()?;
    Some(message.get("method")?.as_str()?.to_owned())
}

fn subscribes(text: &str) -> bool {
    method(text).is_some_and(|method| matches!(&*method, "eth_subscribe" | "eth_unsubscribe"))
}

fn notifies(text: &str) -> bool {
    method(text).is_some_and(|method| method == "eth_subscription")
}
