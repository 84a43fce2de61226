//! WebSockets: any number of bodies both ways, and subscriptions.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, WebSocket, close_code},
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use super::{
    http::Routes,
    server::end,
    service::{Answered, Service},
    session::{Session, notification},
};
use crate::chain::KEPT_EVENTS;

/// Events that are told in one go, before the socket is read again.
const EVENTS_AT_ONCE: usize = 64;
/// Pings in a row that a client may leave unanswered until the next is due.
const MAX_UNANSWERED: u32 = 2;

/// Why a connection ends.
enum End {
    /// The client left, or the socket broke.
    Gone,
    /// We end it, and say why.
    Close(u16, Cow<'static, str>),
}

/// The socket takes nothing more.
impl From<axum::Error> for End {
    fn from(_: axum::Error) -> Self {
        Self::Gone
    }
}

/// One open WebSocket.
pub(super) struct Connection {
    service: Arc<Service>,
    ending: watch::Receiver<bool>,
    news: watch::Receiver<u64>,
    session: Arc<Session>,
    socket: WebSocket,
    working: JoinSet<Answered>,
}

impl Connection {
    pub(super) fn new(routes: Routes, socket: WebSocket) -> Self {
        let Routes { service, ending } = routes;
        Self {
            news: service.chain.watch_events(),
            session: Arc::new(Session::new(service.limits.subscriptions)),
            working: JoinSet::new(),
            service,
            ending,
            socket,
        }
    }

    /// Serves until either side ends it.
    pub(super) async fn run(mut self) {
        if let Err(End::Close(code, reason)) = self.serve().await {
            tracing::debug!(%reason, "a WebSocket is closed");
            let reason = reason.into_owned().into();
            // To a client that is gone already nothing can be said.
            let _ = self
                .socket
                .send(Message::Close(Some(CloseFrame { code, reason })))
                .await;
        }
    }

    async fn serve(&mut self) -> Result<(), End> {
        let limits = self.service.limits.clone();
        let mut pings = interval(limits.ping.max(Duration::from_millis(1)));
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.reset();
        // Pings are counted and not seconds: a machine that stood still has heard nobody.
        let mut unanswered = 0;
        loop {
            let next = *self.news.borrow_and_update();
            let behind = !self.session.behind(next).is_empty();
            let busy = self.working.len() >= limits.in_flight.max(1);
            if busy {
                // What the client says meanwhile is not read, pongs included.
                unanswered = 0;
            }
            tokio::select! {
                () = end(&mut self.ending) => {
                    return Err(End::Close(close_code::AWAY, "the chain is shut down".into()));
                }
                received = self.socket.recv(), if !busy => {
                    unanswered = 0;
                    self.received(received)?;
                }
                Some(answered) = self.working.join_next() => {
                    // A body that is answered wrongly is answered all the same; see `Service`.
                    if let Ok(answered) = answered {
                        self.respond(answered).await?;
                    }
                }
                () = std::future::ready(()), if behind => self.tell(next).await?,
                _ = self.news.changed(), if !behind => {}
                _ = pings.tick() => {
                    if unanswered == MAX_UNANSWERED {
                        let reason = "no answer to pings".into();
                        return Err(End::Close(close_code::POLICY, reason));
                    }
                    self.socket.send(Message::Ping(Bytes::new())).await?;
                    unanswered += 1;
                }
            }
        }
    }

    fn received(&mut self, received: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        let body = match received {
            Some(Ok(Message::Text(text))) => Bytes::from(text),
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Close(_))) | None => return Err(End::Gone),
            Some(Err(error)) => {
                let reason = format!(
                    "unreadable: {error}; a message has at most {} bytes",
                    self.service.limits.message
                );
                return Err(End::Close(close_code::SIZE, shortened(reason)));
            }
        };
        let (service, session) = (self.service.clone(), self.session.clone());
        self.working
            .spawn(async move { service.answer(body, Some(session)).await });
        Ok(())
    }

    async fn respond(&mut self, answered: Answered) -> Result<(), End> {
        if let Some(text) = answered.text {
            self.socket.send(Message::text(text)).await?;
        }
        self.session.announced(&answered.opened);
        Ok(())
    }

    /// Tells every subscription what it has not heard of yet.
    async fn tell(&mut self, next: u64) -> Result<(), End> {
        for (id, subscription) in self.session.behind(next) {
            let events = self
                .service
                .chain
                .events_since(subscription.place, EVENTS_AT_ONCE)
                .map_err(|_| {
                    let reason = format!("too slow: more than {KEPT_EVENTS} events behind");
                    End::Close(close_code::POLICY, reason.into())
                })?;
            for event in &events {
                for news in subscription.subject.news(event) {
                    let news = news
                        .map_err(|error| End::Close(close_code::ERROR, shortened(error.message)))?;
                    self.socket
                        .send(Message::text(notification(id, &news)))
                        .await?;
                }
            }
            self.session
                .heard(id, subscription.place + events.len() as u64);
        }
        Ok(())
    }
}

/// A reason for closing has at most 123 bytes (RFC 6455, section 5.5).
fn shortened(mut reason: String) -> Cow<'static, str> {
    while reason.len() > 123 {
        reason.pop();
    }
    reason.into()
}
