//! The requests that a monitor answers.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, RawQuery, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use reqwest::Url;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_util::io::ReaderStream;

use super::Observer;
use crate::miner::{Job, JobFilter, UnknownState};

/// The media type of the OpenMetrics text format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Jobs in one answer, at most.
const JOBS: usize = 10_000;

#[derive(Clone)]
struct Shared {
    observer: Arc<Observer>,
    /// Held by whatever reads much of the store: one at a time.
    heavy: Arc<Semaphore>,
}

pub(super) fn routes(observer: Arc<Observer>, loopback: bool) -> Router {
    let shared = Shared {
        observer,
        heavy: Arc::new(Semaphore::new(1)),
    };
    let routes = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .route("/jobs", get(jobs))
        .route("/jobs/{task}", get(job))
        .route("/backup", get(backup))
        .fallback(elsewhere)
        .with_state(shared);
    if loopback {
        routes.layer(middleware::from_fn(only_from_here))
    } else {
        routes
    }
}

/// A page of another site may make a browser on this machine ask here under a name of its own.
async fn only_from_here(headers: HeaderMap, request: Request, next: Next) -> Response {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .and_then(|host| host.parse::<axum::http::uri::Authority>().ok());
    let local = host.is_some_and(|host| {
        let host = host.host().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    });
    if local {
        return next.run(request).await;
    }
    refuse(StatusCode::FORBIDDEN, "ask by this machine's own address")
}

async fn elsewhere() -> Response {
    refuse(
        StatusCode::NOT_FOUND,
        "there is nothing here: ask for /health, /metrics or /status",
    )
}

async fn health(shared: State<Shared>) -> Response {
    let Some(look) = shared.observer.look() else {
        return stopped();
    };
    let health = look.health().await;
    let status = match health.healthy {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(health)).into_response()
}

async fn metrics(shared: State<Shared>) -> Response {
    match shared.observer.look() {
        Some(look) => {
            ([(header::CONTENT_TYPE, OPEN_METRICS)], look.metrics().await).into_response()
        }
        None => stopped(),
    }
}

async fn status(shared: State<Shared>) -> Response {
    match shared.observer.look() {
        Some(look) => Json(look.status().await).into_response(),
        None => stopped(),
    }
}

/// Which jobs: `states` with commas between them, `model`, `since` in milliseconds since 1970,
/// `limit`.
fn filter(query: Option<&str>) -> Result<JobFilter, String> {
    let mut filter = JobFilter {
        limit: Some(JOBS),
        ..JobFilter::default()
    };
    let query = Url::parse(&format!("http://localhost/?{}", query.unwrap_or_default()))
        .map_err(|error| error.to_string())?;
    for (name, value) in query.query_pairs() {
        let malformed = |what: &str| format!("`{name}` is {what}");
        match &*name {
            "states" => {
                let states = value.split(',').map(str::parse);
                filter.states = states
                    .collect::<Result<_, _>>()
                    .map_err(|error: UnknownState| error.to_string())?;
            }
            "model" => {
                let model = value.parse();
                filter.model = Some(model.map_err(|_| malformed("0x and 64 digits"))?);
            }
            "since" => {
                let since = value.parse();
                filter.since = Some(since.map_err(|_| malformed("a number of milliseconds"))?);
            }
            "limit" => {
                let limit: usize = value.parse().map_err(|_| malformed("a number"))?;
                filter.limit = Some(limit.min(JOBS));
            }
            _ => return Err(format!("`{name}` is nothing that jobs are chosen by")),
        }
    }
    Ok(filter)
}

async fn jobs(shared: State<Shared>, RawQuery(query): RawQuery) -> Response {
    let filter = match filter(query.as_deref()) {
        Ok(filter) => filter,
        Err(reason) => return refuse(StatusCode::BAD_REQUEST, &reason),
    };
    let Ok(_place) = shared.heavy.try_acquire() else {
        return busy();
    };
    let Some(look) = shared.observer.look() else {
        return stopped();
    };
    match look.jobs(filter).await {
        Ok(jobs) => Json::<Vec<Job>>(jobs).into_response(),
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn job(shared: State<Shared>, Path(task): Path<String>) -> Response {
    let Ok(task) = task.parse() else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "a task's id is 0x and 64 hexadecimal digits",
        );
    };
    let Some(look) = shared.observer.look() else {
        return stopped();
    };
    match look.job(task) {
        Ok(Some(job)) => Json(job).into_response(),
        Ok(None) => refuse(StatusCode::NOT_FOUND, "there is no job for this task"),
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn backup(shared: State<Shared>) -> Response {
    let Ok(_place) = shared.heavy.try_acquire() else {
        return busy();
    };
    let Some(look) = shared.observer.look() else {
        return stopped();
    };
    match look.backup().await {
        Ok(file) => {
            let stream = ReaderStream::new(tokio::fs::File::from_std(file));
            Body::from_stream(stream).into_response()
        }
        Err(error) => refuse(StatusCode::INSUFFICIENT_STORAGE, &error.to_string()),
    }
}

fn stopped() -> Response {
    refuse(StatusCode::SERVICE_UNAVAILABLE, "the miner is stopping")
}

fn busy() -> Response {
    let mut response = refuse(
        StatusCode::SERVICE_UNAVAILABLE,
        "somebody else reads the store just now; try again in a moment",
    );
    let soon = header::HeaderValue::from_static("2");
    response.headers_mut().insert(header::RETRY_AFTER, soon);
    response
}

fn refuse(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "error": reason }))).into_response()
}

#[cfg(test)]
mod tests {
    use alloy_primitives::B256;

    use super::*;
    use crate::miner::State;

    #[test]
    fn what_jobs_are_chosen_by_is_read_or_refused() {
        assert_eq!(filter(None).unwrap().limit, Some(JOBS));
        let model = B256::repeat_byte(3);
        let query = format!("states=claimed,lost&model={model}&since=5&limit=99999999");
        let found = filter(Some(&query)).unwrap();
        assert_eq!(found.states, [State::Claimed, State::Lost]);
        assert_eq!(
            (found.model, found.since, found.limit),
            (Some(model), Some(5), Some(JOBS))
        );
        for bad in [
            "states=gone",
            "model=0x1",
            "since=-1",
            "limit=all",
            "color=red",
        ] {
            assert!(filter(Some(bad)).is_err(), "{bad}");
        }
    }
}
