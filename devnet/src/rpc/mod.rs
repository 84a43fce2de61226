//! JSON-RPC over HTTP.
//!
//! - [`server`]: HTTP, batches, size limits;
//! - `dispatch`: from a request to a method and back;
//! - `eth`, `filters`, `cheats`: the methods;
//! - `json`: blocks, transactions and receipts as they are shown.
//!
//! A subscription transport or tracing methods would be further modules beside these.

mod cheats;
mod dispatch;
mod error;
mod eth;
mod filters;
mod json;
mod params;

pub(crate) mod server;

pub use error::RpcError;
