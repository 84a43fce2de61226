//! The HTTP interface: `docs/src/requesters/service.md` describes it.

mod body;
mod events;
mod files;
mod health;
mod refusal;
mod requests;
mod token;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use crate::desk::Desk;
use refusal::Refusal;

/// What the JSON around an input takes at most: its escapes, and the names.
const AROUND: usize = 1 << 10;

/// The routes over a desk.
pub(crate) fn routes(desk: Arc<Desk>) -> Router {
    // Every byte of a text may be escaped by six.
    let body = desk.limits().input_bytes.saturating_mul(6);
    Router::new()
        .route("/v1/requests", post(requests::make))
        .route(
            "/v1/requests/{id}",
            get(requests::show).delete(requests::cancel),
        )
        .route("/v1/requests/{id}/events", get(events::follow))
        .route("/v1/requests/{id}/files/{name}", get(files::read))
        .route("/v1/health", get(health::show))
        .fallback(async || Refusal::not_found("there is nothing at this path"))
        .layer(DefaultBodyLimit::max(body.saturating_add(AROUND)))
        .with_state(desk)
}
