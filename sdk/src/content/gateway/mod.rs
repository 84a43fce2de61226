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

use super::store::BlockStore;
use crate::serve::{Bounds, HttpServer};

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
    server: HttpServer,
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
        let bounds = Bounds {
            connections: limits.connections,
            head_time: limits.head_time,
            connection_time: limits.connection_time,
        };
        let routes = respond::routes(store, &limits);
        let server = HttpServer::start("content gateway", listen, routes, bounds)
            .await
            .map_err(|source| match source.kind() {
                io::ErrorKind::AddrInUse => GatewayError::PortInUse { listen },
                _ => GatewayError::Listen { listen, source },
            })?;
        Ok(Self { server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Its address as a URL, without a slash at the end: what a [`super::Fetcher`] takes.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Stops listening and waits for what is being sent.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}
