//! From a request to its answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::accept::Form;
use super::asked::Asked;
use super::path::Found;
use super::rate::RateLimit;
use super::refusal::Refused;
use super::source::Source;
use super::{Denied, GatewayLimits, block, car, headers, plain};
use crate::content::store::BlockStore;
use crate::serve::Visitor;

/// How long a visitor waits who found the gateway busy.
const BUSY_FOR: Duration = Duration::from_secs(1);

/// How long a visitor waits whose content was not read in time.
const LATE_FOR: Duration = Duration::from_secs(10);

/// What all answers are made with.
pub(super) struct Shared {
    pub(super) source: Source,
    pub(super) limits: GatewayLimits,
    /// Blocks that all CARs under way together may remember having sent.
    pub(super) remembered: Arc<Semaphore>,
    places: Arc<Semaphore>,
    rate: Option<RateLimit>,
    pub(super) denied: Denied,
}

/// One answer's place among those that are given at a time; it is given back when the answer
/// has been sent.
pub(super) type Place = OwnedSemaphorePermit;

pub(super) fn routes(store: Arc<dyn BlockStore>, limits: GatewayLimits, denied: Denied) -> Router {
    let rate = limits.requests_per_second;
    let shared = Shared {
        source: Source::new(store, limits.block_time),
        remembered: Arc::new(Semaphore::new(car::REMEMBERED)),
        places: Arc::new(Semaphore::new(limits.responses.min(Semaphore::MAX_PERMITS))),
        rate: rate.map(|rate| RateLimit::new(rate, limits.burst)),
        limits,
        denied,
    };
    // Addresses are read here and not by the router: a name may hold a slash's code, and
    // whether a path ends with a slash matters.
    Router::new().fallback(respond).with_state(Arc::new(shared))
}

async fn respond(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, Infallible> {
    let (head, _) = request.into_parts();
    let only_if_cached = headers::only_if_cached(&head.headers);
    let answered = shared.answer(&head).await;
    let mut response = answered.unwrap_or_else(|refused| match only_if_cached {
        true => refused.only_if_cached().into_response(),
        false => refused.into_response(),
    });
    headers::open_to_all(response.headers_mut());
    Ok(response)
}

impl Shared {
    async fn answer(self: &Arc<Self>, head: &Parts) -> Result<Response, Refused> {
        self.admit(head)?;
        match head.method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS => return Ok(StatusCode::NO_CONTENT.into_response()),
            _ => {
                let reason = "content is read alone: GET, HEAD and OPTIONS are answered";
                let refused = Refused::new(StatusCode::METHOD_NOT_ALLOWED, reason);
                let mut response = refused.into_response();
                headers::set(response.headers_mut(), header::ALLOW, "GET, HEAD, OPTIONS");
                return Ok(response);
            }
        }
        let asked = Asked::of(head)?;
        let place = self.place()?;
        let found = Found::at(asked.root, &asked.names, &self.source).await?;
        self.denied.allow(&found.roots)?;
        let mut response = match &asked.form {
            Form::Plain => plain::answer(self, &asked, &found, &head.headers, place).await,
            Form::Block => block::answer(self, &asked, &found, &head.headers).await,
            Form::Car(form) => car::answer(self, &asked, form, &found, &head.headers, place).await,
        }?;
        headers::found(response.headers_mut(), &asked.path, &found.roots);
        if let Some(location) = asked.content_location() {
            headers::set(response.headers_mut(), header::CONTENT_LOCATION, &location);
        }
        Ok(response)
    }

    /// Counts the request against its visitor's rate.
    fn admit(&self, head: &Parts) -> Result<(), Refused> {
        let visitor = head.extensions.get::<Visitor>();
        let (Some(rate), Some(visitor)) = (&self.rate, visitor) else {
            return Ok(());
        };
        rate.admit(*visitor, Instant::now()).map_err(|wait| {
            let reason = "too many requests from this address: ask again in a moment";
            Refused::for_now(StatusCode::TOO_MANY_REQUESTS, reason, wait)
        })
    }

    fn place(&self) -> Result<Place, Refused> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            let reason = "this gateway is busy: ask again in a moment";
            Refused::for_now(StatusCode::SERVICE_UNAVAILABLE, reason, BUSY_FOR)
        })
    }
}

/// The answer to a visitor whose content was not read in time.
pub(super) fn late() -> Refused {
    let reason = "the store behind this gateway did not give that content in time";
    Refused::for_now(StatusCode::GATEWAY_TIMEOUT, reason, LATE_FOR)
}

/// The answer to a visitor who has what it asks for, under this entity tag.
pub(super) fn unchanged(tag: &str, lifetime: &str) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    headers::set(response.headers_mut(), header::ETAG, tag);
    headers::set(response.headers_mut(), header::CACHE_CONTROL, lifetime);
    response
}
