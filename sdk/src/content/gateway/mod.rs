//! An HTTP gateway over a block store, as the IPFS specifications of the path gateway and
//! the trustless gateway describe it.
//!
//! | request | answer |
//! |---|---|
//! | `GET /ipfs/<cid>?format=raw` | the block, for whoever hashes it |
//! | `GET /ipfs/<cid>[/path]` | the file, or a list of a directory's entries, for browsers |
//!
//! It serves what its store holds and fetches nothing: asked for anything else it answers
//! 404 at once. What it serves can be cached for ever, because a CID names one content.

mod media;
mod respond;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::store::BlockStore;

/// What one gateway gives to all who ask it together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayLimits {
    /// Connections at a time; more wait to be accepted.
    pub connections: usize,
    /// Files and blocks being sent at a time; more are answered 503 with `Retry-After`.
    pub responses: usize,
    /// The largest file that is served whole, in bytes; larger ones by block alone.
    pub file_bytes: u64,
    /// How long the head of a request may take to arrive.
    pub head_time: Duration,
    /// How long a connection may last, its slowest download included.
    pub connection_time: Duration,
}

impl Default for GatewayLimits {
    /// 128 connections, 64 responses, files up to 1 GiB, 10 s for a head, 15 min in all.
    fn default() -> Self {
        Self {
            connections: 128,
            responses: 64,
            file_bytes: 1 << 30,
            head_time: Duration::from_secs(10),
            connection_time: Duration::from_secs(900),
        }
    }
}

/// A gateway that could not start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The address is taken.
    #[error(
        "the gateway cannot listen on {listen}: another program has that port; choose another \
         or 0 for any free one"
    )]
    PortInUse {
        /// The address that was asked for.
        listen: SocketAddr,
    },
    /// The address cannot be listened on for another reason.
    #[error("the gateway cannot listen on {listen}: {source}")]
    Listen {
        /// The address that was asked for.
        listen: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
}

/// A running gateway. It stops when it is dropped.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    stop: CancellationToken,
    accepting: JoinHandle<()>,
    connections: TaskTracker,
}

impl Gateway {
    /// Serves `store` on `listen`; port 0 takes a free one, see [`Gateway::address`].
    ///
    /// # Errors
    /// [`GatewayError`] if the address cannot be listened on.
    pub async fn start(
        listen: SocketAddr,
        store: Arc<dyn BlockStore>,
    ) -> Result<Self, GatewayError> {
        Self::start_with(listen, store, GatewayLimits::default()).await
    }

    /// [`Gateway::start`] with limits of one's own.
    ///
    /// # Errors
    /// As [`Gateway::start`].
    pub async fn start_with(
        listen: SocketAddr,
        store: Arc<dyn BlockStore>,
        limits: GatewayLimits,
    ) -> Result<Self, GatewayError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => GatewayError::PortInUse { listen },
            _ => GatewayError::Listen { listen, source },
        };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let stop = CancellationToken::new();
        let connections = TaskTracker::new();
        let server = Server {
            routes: respond::routes(store, &limits),
            limits,
            stop: stop.clone(),
            connections: connections.clone(),
        };
        let accepting = tokio::spawn(server.accept(listener));
        tracing::debug!(%address, "content gateway listens");
        Ok(Self {
            address,
            stop,
            accepting,
            connections,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as a URL, without a slash at the end: what a [`super::Fetcher`] takes.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops listening and waits for what is being sent.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        // It ends at the cancellation; a panic in it would have been reported there.
        let _ = (&mut self.accepting).await;
        self.connections.close();
        self.connections.wait().await;
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Server {
    routes: Router,
    limits: GatewayLimits,
    stop: CancellationToken,
    connections: TaskTracker,
}

impl Server {
    async fn accept(self, listener: TcpListener) {
        let places = Arc::new(Semaphore::new(self.limits.connections));
        loop {
            let accept = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = accept => accepted,
            };
            match (place, accepted) {
                (Ok(place), Ok((stream, _))) => self.connection(stream, place),
                // The semaphore is never closed.
                (Err(_), _) => return,
                (_, Err(error)) => {
                    // Out of file descriptors, most likely: wait until some are given back.
                    tracing::warn!(%error, "content gateway cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn connection(&self, stream: TcpStream, place: OwnedSemaphorePermit) {
        let service = TowerToHyperService::new(self.routes.clone());
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head_time)
            .max_buf_size(16 * 1024)
            .serve_connection(TokioIo::new(stream), service);
        let stop = self.stop.clone();
        let lasting = self.limits.connection_time;
        self.connections.spawn(async move {
            let _place = place;
            let mut connection = std::pin::pin!(connection);
            let served = tokio::time::timeout(lasting, async {
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = stop.cancelled() => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                }
            });
            match served.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a connection to the gateway broke"),
                Err(_) => tracing::debug!("a connection to the gateway lasted too long"),
            }
        });
    }
}
