//! What all connections of a server share: the chain, and the room to work in.

use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    RpcError,
    dispatch::{Caller, refusal},
    limits::Limits,
    origin::AllowedOrigins,
    session::Session,
};
use crate::chain::Chain;

/// Bodies above this size are parsed two at a time, as parsed JSON takes many times the
/// room of its text.
const LARGE_BODY: usize = 1 << 20;

/// What an answered body left.
pub(super) struct Answered {
    /// The response, if there is anything to respond to.
    pub(super) text: Option<String>,
    /// Subscriptions that it opened.
    pub(super) opened: Vec<alloy_primitives::U256>,
}

#[derive(Debug)]
pub(super) struct Service {
    pub(super) chain: Chain,
    pub(super) limits: Limits,
    pub(super) origins: AllowedOrigins,
    /// One place for each body that is worked on. Executing takes processor time, so that
    /// more of them than processors would only take turns.
    working: Arc<Semaphore>,
    large: Arc<Semaphore>,
    /// Bytes that bodies may still take.
    room: Arc<Semaphore>,
    pub(super) websockets: Arc<Semaphore>,
}

impl Service {
    pub(super) fn new(chain: Chain, limits: Limits, origins: AllowedOrigins) -> Self {
        Self {
            chain,
            working: Arc::new(Semaphore::new(workers())),
            large: Arc::new(Semaphore::new(2)),
            room: Arc::new(Semaphore::new(limits.bodies.max(limits.body))),
            websockets: Arc::new(Semaphore::new(limits.websockets)),
            limits,
            origins,
        }
    }

    /// Waits for room for a part of a body. The room is given back with the permit.
    pub(super) async fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).ok()?;
        self.room.clone().acquire_many_owned(bytes).await.ok()
    }

    /// Answers a body on a thread for such work, so that neither other connections nor the
    /// sockets wait for it.
    pub(super) async fn answer(&self, body: Bytes, session: Option<Arc<Session>>) -> Answered {
        let large = if body.len() > LARGE_BODY {
            self.large.clone().acquire_owned().await.ok()
        } else {
            None
        };
        let place = self.working.clone().acquire_owned().await.ok();
        let chain = self.chain.clone();
        let answered = tokio::task::spawn_blocking(move || {
            let _held = (large, place);
            let caller = Caller::new(&chain, session.as_deref());
            Answered {
                text: caller.answer(&body),
                opened: caller.opened(),
            }
        });
        answered.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a request was not answered");
            Answered {
                text: Some(refusal(RpcError::internal("internal error"))),
                opened: Vec::new(),
            }
        })
    }
}

/// Bodies that are worked on at a time. Two at least, so that a long call does not hold up
/// everything else.
pub(super) fn workers() -> usize {
    std::thread::available_parallelism()
        .map_or(2, usize::from)
        .clamp(2, 8)
}
