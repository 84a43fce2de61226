//! What a running miner tells of itself, over HTTP on an address of its own.
//!
//! | request | answer |
//! |---|---|
//! | `GET /health` | 200 while the miner can mine, else 503; JSON with the reasons |
//! | `GET /metrics` | numbers for Prometheus ([`crate::metrics`]) |
//! | `GET /status` | a [`Status`] as JSON |
//! | `GET /jobs`, `/jobs/0x…` | jobs as they are stored; for `arbius jobs` |
//! | `GET /backup` | a backup of the store; for `arbius store backup` |
//!
//! Nothing that is asked changes anything, what it may cost is bounded, and what the chain
//! says is asked for once in a few seconds however many ask. There is nothing secret in the
//! answers: no key, and no endpoint's credentials.
//!
//! - [`Status`], [`Health`]: what is told;
//! - `observer`: where it comes from;
//! - `routes`: the requests; `server`: the address, and the file in the miner's folder that
//!   names it;
//! - [`MonitorClient`]: asks the miner that runs with a folder.

mod client;
mod disk;
mod observer;
mod routes;
mod server;
mod status;

pub use client::{AskError, MonitorClient};
pub(super) use observer::Observer;
pub(super) use server::Monitor;
pub use server::{MonitorAddress, MonitorError};
pub use status::{
    ChainStatus, Disk, Disputes, Funds, Health, ModelStatus, PinStoreStatus, Process, Reason,
    Status, Transactions,
};
