//! Several endpoints as one.
//!
//! - [`Pool`]: routes each request to the endpoint that is best placed to answer it, moves on
//!   when that fails, and hands transactions to all;
//! - `endpoint`: one URL, its connection, and what is known of it;
//! - `http`, `websocket`: one exchange, bounded in size and time;
//! - `fault`: what went wrong at an endpoint, and what its errors mean;
//! - `health`: latency, failures, back-off, lag, quarantine, as [`EndpointStatus`] shows them;
//! - `rate`: requests per second, as set and as learnt from refusals;
//! - `compare`: heads held against each other, so that a fork, a liar or a laggard is noticed;
//! - `count`: requests by method, [`RequestCounts`].

mod compare;
mod count;
mod endpoint;
mod fault;
mod health;
mod http;
mod rate;
mod route;
mod websocket;

pub use count::RequestCounts;
pub use health::{EndpointState, EndpointStatus};

pub(super) use fault::{Exhausted, Fault, says_pruned};
pub(super) use route::{Pinned, Pool, PoolOptions, Routed};
pub(super) use websocket::Notification;
