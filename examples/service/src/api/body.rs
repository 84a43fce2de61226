//! The body of a request.

use axum::{
    body::Bytes,
    extract::{FromRequest as _, Request},
    http::StatusCode,
};

use super::Refusal;
use crate::desk::Desk;

/// Reads a body, which has to arrive whole and in time: who sends it byte by byte would hold
/// a connection for as long as one may last.
pub(super) async fn read(desk: &Desk, request: Request) -> Result<Bytes, Refusal> {
    let limit = desk.limits().body_time;
    match tokio::time::timeout(limit, Bytes::from_request(request, &())).await {
        Ok(body) => Ok(body?),
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "late",
            format!("the body did not arrive within {} s", limit.as_secs_f64()),
        )),
    }
}
