//! Mine, request and verify machine learning tasks on Arbius.
//!
//! | module | what it is for |
//! |---|---|
//! | [`chain`] | RPC endpoints, a key, its transactions, events |
//! | [`contracts`] | the interfaces of engine, token and proxy, and where they are deployed |
//! | [`content`] | CIDs and UnixFS, a folder of blocks, its gateway, verified fetching |
//! | [`deploy`] | the whole protocol onto a Stylus chain, and the file that describes it |
//! | [`client`] | submit a task, await its outcome, fetch and verify the bytes |
//! | [`gov`] | proposals and votes of the DAO |
//! | [`model`] | templates, bundles and passports (feature `inference`) |
//! | [`inference`] | running models, in this process or in a child (feature `inference`) |
//! | [`miner`] | from an event to a claim (feature `miner`) |
//! | [`metrics`] | what is counted, for Prometheus |
//! | [`http`] | the HTTP client beneath them all |
//!
//! Every error is typed and says what was wrong and what would be right. Everything that
//! runs for long is a cancellable tokio task. There is no global state.

pub mod chain;
#[cfg(feature = "client")]
pub mod client;
pub mod content;
pub mod contracts;
pub mod deploy;
#[cfg(feature = "client")]
pub mod gov;
pub mod http;
#[cfg(feature = "inference")]
pub mod inference;
pub mod metrics;
#[cfg(feature = "miner")]
pub mod miner;
#[cfg(feature = "inference")]
pub mod model;
mod serve;
