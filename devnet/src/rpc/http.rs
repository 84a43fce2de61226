//! HTTP: one body in, one out.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::{Request, State, ws::WebSocketUpgrade},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use tokio::sync::watch;

use super::{RpcError, dispatch::refusal, origin, service::Service, websocket};

/// A body of up to this many times the limit is received, and thrown away, before it is
/// refused: most clients read no answer while they write.
const TOLERATED: usize = 4;

/// What the routes share.
#[derive(Clone, Debug)]
pub(super) struct Routes {
    pub(super) service: Arc<Service>,
    /// True once the server ends.
    pub(super) ending: watch::Receiver<bool>,
}

pub(super) fn routes(routes: Routes) -> Router {
    Router::new()
        .route(
            "/",
            post(answer)
                .get(open_websocket)
                .options(preflight)
                .fallback(other_method),
        )
        .with_state(routes)
}

async fn answer(State(routes): State<Routes>, request: Request) -> Response {
    let service = routes.service;
    let origin = match service.origins.check(request.headers()) {
        Ok(origin) => origin,
        Err((status, reason)) => return refused(status, reason),
    };
    let mut response = match read(&service, request.into_body()).await {
        Ok((body, _room)) => match service.answer(body, None).await.text {
            Some(text) => json(StatusCode::OK, text),
            None => StatusCode::NO_CONTENT.into_response(),
        },
        Err((status, reason)) => refused(status, reason),
    };
    origin::allow(response.headers_mut(), origin);
    response
}

async fn open_websocket(
    State(routes): State<Routes>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
    request: Request,
) -> Response {
    let service = &routes.service;
    if let Err((status, reason)) = service.origins.check(request.headers()) {
        return refused(status, reason);
    }
    let Ok(upgrade) = upgrade else {
        return other_method().await;
    };
    let Ok(place) = service.websockets.clone().try_acquire_owned() else {
        return refused(
            StatusCode::SERVICE_UNAVAILABLE,
            format!(
                "too many WebSockets: at most {} at a time",
                service.limits.websockets
            ),
        );
    };
    upgrade
        .max_message_size(service.limits.message)
        .max_frame_size(service.limits.message)
        .on_upgrade(move |socket| async move {
            let _place = place;
            websocket::Connection::new(routes, socket).run().await;
        })
}

async fn preflight(State(routes): State<Routes>, request: Request) -> Response {
    match routes.service.origins.check(request.headers()) {
        Ok(origin) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            origin::allow(response.headers_mut(), origin);
            origin::allow_preflight(response.headers_mut());
            response
        }
        Err((status, reason)) => refused(status, reason),
    }
}

async fn other_method() -> Response {
    let mut response = refused(
        StatusCode::METHOD_NOT_ALLOWED,
        "send JSON-RPC by POST, or open a WebSocket here".into(),
    );
    response.headers_mut().insert(
        header::ALLOW,
        HeaderValue::from_static("POST, GET, OPTIONS"),
    );
    response
}

/// Reads a body, and holds the room that it takes.
async fn read(
    service: &Service,
    body: Body,
) -> Result<(Bytes, Vec<tokio::sync::OwnedSemaphorePermit>), (StatusCode, String)> {
    let limit = service.limits.body;
    let too_large = || {
        let reason = format!("the body has more than {limit} bytes");
        (StatusCode::PAYLOAD_TOO_LARGE, reason)
    };
    let tolerated = limit.saturating_mul(TOLERATED);
    if body.size_hint().lower() > tolerated as u64 {
        return Err(too_large());
    }
    let reading = async {
        let mut body = std::pin::pin!(body);
        let mut read = Vec::new();
        let mut room = Vec::new();
        let mut received = 0;
        loop {
            let frame = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await;
            let Some(frame) = frame else {
                return if received > limit {
                    Err(too_large())
                } else {
                    Ok((read.into(), room))
                };
            };
            let frame = frame.map_err(|error| {
                let reason = format!("the body cannot be read: {error}");
                (StatusCode::BAD_REQUEST, reason)
            })?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            received += data.len();
            if received > tolerated {
                return Err(too_large());
            } else if received > limit {
                (read, room) = (Vec::new(), Vec::new());
            } else {
                room.extend(service.room(data.len()).await);
                read.extend_from_slice(&data);
            }
        }
    };
    match tokio::time::timeout(service.limits.receiving, reading).await {
        Ok(read) => read,
        Err(_) => Err((
            StatusCode::REQUEST_TIMEOUT,
            format!(
                "the body did not arrive within {} s",
                service.limits.receiving.as_secs_f32()
            ),
        )),
    }
}

fn refused(status: StatusCode, reason: String) -> Response {
    json(status, refusal(RpcError::invalid_request(reason)))
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
