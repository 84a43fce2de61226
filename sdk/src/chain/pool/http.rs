//! One exchange over HTTP.

use alloy::rpc::json_rpc::{RequestPacket, ResponsePacket};
use reqwest::{Client, StatusCode, Url};

use super::Fault;
use crate::http::{BodyError, body, cause, excerpt, retry_after};

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
    let mut response = sent.map_err(unreachable)?;
    let status = response.status();
    let pause = retry_after(response.headers());
    let body = body(&mut response, limit)
        .await
        .map_err(|error| match error {
            BodyError::TooLong(_) => Fault::TooLarge(limit),
            BodyError::Broken(error) => unreachable(error),
        })?;
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

fn unreachable(error: reqwest::Error) -> Fault {
    Fault::Unreachable(cause(error))
}
