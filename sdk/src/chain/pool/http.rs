//! One exchange over HTTP.

use std::time::Duration;

use alloy::rpc::json_rpc::{RequestPacket, ResponsePacket};
use reqwest::{Client, Response, StatusCode, Url, header::RETRY_AFTER};

use super::Fault;

/// How much of an error page is kept for the error.
const EXCERPT: usize = 200;

/// Posts a request and reads at most `limit` bytes of the answer.
pub(super) async fn exchange(
    client: &Client,
    url: &Url,
    packet: &RequestPacket,
    limit: usize,
) -> Result<ResponsePacket, Fault> {
    let sent = client
        .post(url.clone())
        .json(packet)
        .headers(packet.headers())
        .send()
        .await;
    let response = sent.map_err(unreachable)?;
    let status = response.status();
    let pause = retry_after(&response);
    let body = read(response, limit).await?;
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Fault::Limited(pause, excerpt(&body)));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE && pause.is_some() {
        return Err(Fault::Limited(
            pause,
            format!("HTTP status {}", status.as_u16()),
        ));
    }
    if status.is_server_error() {
        return Err(Fault::Status(status.as_u16(), excerpt(&body)));
    }
    // Some answer 400 with a JSON-RPC error in the body.
    match serde_json::from_slice(&body) {
        Ok(packet) => Ok(packet),
        Err(_) if !status.is_success() => Err(Fault::Status(status.as_u16(), excerpt(&body))),
        Err(error) => Err(Fault::Garbage(format!("{error}: `{}`", excerpt(&body)))),
    }
}

async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, Fault> {
    let announced = response.content_length().unwrap_or_default();
    if announced > limit as u64 {
        return Err(Fault::TooLarge(limit));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > limit {
            return Err(Fault::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The delay in seconds; the form with a date is not in use among endpoints.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(EXCERPT)]);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The last cause: reqwest's own text says only that a request to a URL failed (and the URL
/// may hold a key); the reason, connection refused or unknown host, is at the end.
fn unreachable(error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Fault::Unreachable(cause.to_string())
}
