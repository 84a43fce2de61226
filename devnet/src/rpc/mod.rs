//! JSON-RPC 2.0 over HTTP and WebSocket on one port, batches included.
//!
//! [`answer`] answers a body without any socket; the rest is what carries bodies:
//!
//! | module | what it does |
//! |---|---|
//! | `server`, `http`, `websocket` | connections, each bounded by [`Limits`] |
//! | `service` | where bodies are worked on, and how many at a time |
//! | `origin` | which web pages may ask |
//! | `session` | the subscriptions of a WebSocket |
//! | `dispatch` | from a body to its methods |
//! | `version`, `accounts`, `blocks`, `transactions`, `calls`, `fees`, `filters`, `proof`, `txpool`, `debug`, `cheats` | the methods |
//! | `params`, `json`, `error` | what goes in and what comes out |
//!
//! What only a development chain offers, under `evm_`, `anvil_` and `hardhat_` alike, is in
//! the table of cheats in this crate's README.
//!
//! Errors are go-ethereum's where clients look at them: code 3 with the data of a revert,
//! -32000 and go-ethereum's words for what the chain refuses, -32005 for what exceeds a
//! limit, JSON-RPC's own codes for malformed requests.

mod accounts;
mod blocks;
mod calls;
mod cheats;
mod debug;
mod dispatch;
mod error;
mod fees;
mod filters;
mod http;
mod json;
mod limits;
mod origin;
mod params;
mod proof;
mod service;
mod session;
mod transactions;
mod txpool;
mod version;
mod websocket;
mod write_timeout;

pub(crate) mod server;

pub use cheats::cheat_names;
pub use dispatch::answer;
pub use error::RpcError;
pub use limits::Limits;
pub(crate) use origin::AllowedOrigins;
