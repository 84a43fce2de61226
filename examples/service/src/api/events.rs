//! Server-Sent Events of one request (HTML Standard, section 9.2).

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::HeaderMap,
    response::{
        IntoResponse as _, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::stream;
use tokio::sync::watch;

use super::{Refusal, requests};
use crate::{Id, Request, desk::Desk};

/// How often something is sent so that nobody in between takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// `GET /v1/requests/{id}/events`: every step from the first on, or those after
/// `Last-Event-ID`; it ends when the request is over.
pub(super) async fn follow(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    id: Result<Path<Id>, PathRejection>,
) -> Result<Response, Refusal> {
    let request = requests::find(&desk, id)?;
    let seen = match headers.get("last-event-id") {
        None => 0,
        Some(value) => {
            let seen = value.to_str().ok().and_then(|text| text.parse().ok());
            seen.ok_or_else(|| Refusal::malformed("Last-Event-ID is no event of this request"))?
        }
    };
    let following = Following {
        // Before the request is read again, so that no step falls between.
        steps: desk.watch(request.id),
        desk,
        request,
        told: seen,
        looked: false,
    };
    let events = stream::unfold(following, |mut following| async {
        let event = following.next().await?;
        Some((Ok::<_, Infallible>(event), following))
    });
    let heartbeat = KeepAlive::new().interval(HEARTBEAT);
    Ok(Sse::new(events).keep_alive(heartbeat).into_response())
}

/// Somebody who follows a request. It holds one record, however slow its reader is.
struct Following {
    desk: Arc<Desk>,
    request: Request,
    /// Nothing once the request is over.
    steps: Option<watch::Receiver<usize>>,
    told: usize,
    /// Whether the record was read since the last change was heard of.
    looked: bool,
}

impl Following {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(timed) = self.request.steps.get(self.told) {
                self.told = self.told.saturating_add(1);
                let event = Event::default()
                    .id(self.told.to_string())
                    .event(timed.step.name())
                    .json_data(timed);
                match event {
                    Ok(event) => return Some(event),
                    Err(error) => tracing::error!(%error, "a step cannot be written"),
                }
                continue;
            }
            if !self.looked {
                self.looked = true;
                match self.desk.store.get(self.request.id) {
                    Ok(request) => self.request = request?,
                    Err(error) => {
                        tracing::error!(%error, "a request cannot be read");
                        return None;
                    }
                }
                continue;
            }
            let steps = self.steps.as_mut()?;
            tokio::select! {
                changed = steps.changed() => if changed.is_err() {
                    // It is over; what was written last is still to be read.
                    self.steps = None;
                },
                () = self.desk.stop.cancelled() => return None,
            }
            self.looked = false;
        }
    }
}
