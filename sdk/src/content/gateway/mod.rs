//! An HTTP gateway over a block store, as the IPFS specifications of the trustless gateway and
//! the path gateway describe it.
//!
//! | request | answer |
//! |---|---|
//! | `GET /ipfs/<cid>?format=raw` | the block, for whoever hashes it |
//! | `GET /ipfs/<cid>[/path]?format=car` | the blocks of the path and of what it leads to, depth first, as a CAR of version 1; `dag-scope`, `entity-bytes` and `car-dups` say which |
//! | `GET /ipfs/<cid>[/path]` | the file, or the page of a directory, for browsers and curl |
//!
//! Instead of `format` the header `Accept` may say what is wanted. Files and blocks are sent
//! by ranges, too, several at a time as well. HEAD gives the head of what GET gives.
//!
//! It serves what its store holds and fetches nothing: asked for anything else it answers
//! 404 at once (412 if the request says `only-if-cached`). What it serves can be cached for
//! ever, because a CID names one content. There are no names that change (`/ipns`), and of the
//! forms that the path gateway's specification lets a gateway leave out (TAR, dag-json, …) none.
//!
//! # What a stranger's file may do
//!
//! All content shares the gateway's origin, and anybody's output may be in it. So answers
//! carry a policy that lets a browser run no script in them, register no worker and load nothing
//! but pictures, sounds, fonts and styles of the same gateway (`Content-Security-Policy: sandbox;
//! default-src 'none'; …`), and `nosniff`, so that a file is never taken for what its type does
//! not say. Pages that need scripts want a gateway with an origin for each CID; this is none.
//!
//! # What strangers may take
//!
//! [`GatewayLimits`] bounds connections, requests and answers, in all and for each address. An
//! answer holds a block and 256 KiB at a time, so that memory is bounded by the connections: at
//! most about 2 MiB for each, 256 KiB as a rule. Addresses that are remembered for their rate and
//! blocks that CARs remember having sent are bounded, too (under 1 MB, and about 64 MB for all
//! CARs at once). Behind a proxy all requests have the proxy's address: let it limit them, and switch the
//! limits for one address off here.

mod accept;
mod answer;
mod asked;
mod block;
mod body;
mod car;
mod denied;
mod disposition;
mod headers;
mod listing;
mod media;
mod path;
mod plain;
mod query;
mod range;
mod rate;
mod refusal;
mod source;

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::store::BlockStore;
use crate::serve::{Bounds, HttpServer};

use denied::Denied;
pub use denied::{DeniedContent, DeniedContentError};

/// What one gateway gives to all who ask it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayLimits {
    /// Connections at a time; more wait to be accepted.
    pub connections: usize,
    /// Connections of one address (of IPv6, one network of 64 bits) at a time; more are
    /// closed.
    pub connections_each: usize,
    /// Requests of one address a second, if they are limited; more are answered 429 with
    /// `Retry-After`.
    pub requests_per_second: Option<NonZeroU32>,
    /// Requests of one address at once, after it has asked for nothing for a while.
    pub burst: u32,
    /// Files, CARs and pages being sent at a time; more are answered 503 with `Retry-After`.
    pub responses: usize,
    /// The largest answer in bytes; larger files are sent by ranges, and a CAR ends there.
    pub response_bytes: u64,
    /// How long the store may take for a block before the answer is 504.
    pub block_time: Duration,
    /// How long the head of a request may take to arrive, and the next request to begin.
    pub head_time: Duration,
    /// How long a visitor may take none of what is sent to it.
    pub stall_time: Duration,
    /// How long a connection may last, its slowest download included.
    pub connection_time: Duration,
}

impl Default for GatewayLimits {
    /// 512 connections, 256 of one address, because clients ask for all blocks of a node, 174 as a
    /// rule, at once; 200 requests a second of one address, and 2,000 at once; 256 responses of up
    /// to 64 GiB; 10 s for a block and for a head, 30 s without progress, an hour in all.
    fn default() -> Self {
        Self {
            connections: 512,
            connections_each: 256,
            requests_per_second: NonZeroU32::new(200),
            burst: 2_000,
            responses: 256,
            response_bytes: 64 << 30,
            block_time: Duration::from_secs(10),
            head_time: Duration::from_secs(10),
            stall_time: Duration::from_secs(30),
            connection_time: Duration::from_secs(3_600),
        }
    }
}

/// A gateway that could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use arbius_sdk::content::{Gateway, MemoryStore, unixfs::{self, Layout}};
///
/// let store = Arc::new(MemoryStore::new());
/// let cid = unixfs::import_files(Layout::KUBO, &[("out.txt", "seven")], &*store).await?.cid;
/// let gateway = Gateway::start(([127, 0, 0, 1], 0).into(), store).await?;
///
/// let url = format!("{}/ipfs/{cid}/out.txt", gateway.url());
/// let answer = arbius_sdk::http::client()?.get(url).send().await?;
/// assert_eq!(answer.text().await?, "seven");
/// gateway.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Gateway {
    server: HttpServer,
    denied: Denied,
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
            connections_each: limits.connections_each,
            head_time: limits.head_time,
            stall_time: limits.stall_time,
            connection_time: limits.connection_time,
        };
        let denied = Denied::default();
        let routes = answer::routes(store, limits, denied.clone());
        let server = HttpServer::start("content gateway", listen, routes, bounds)
            .await
            .map_err(|source| match source.kind() {
                io::ErrorKind::AddrInUse => GatewayError::PortInUse { listen },
                _ => GatewayError::Listen { listen, source },
            })?;
        Ok(Self { server, denied })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Its address as a URL, without a slash at the end: what a [`super::Fetcher`] takes.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Serves nothing of this list from now on, and what an earlier list named again.
    pub fn deny(&self, list: DeniedContent) {
        self.denied.replace(list);
    }

    /// Stops listening, and waits two seconds at most for what is being sent.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}
