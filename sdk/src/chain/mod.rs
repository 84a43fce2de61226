//! A chain by its JSON-RPC: reading, signing, sending, and following events.
//!
//! - [`Chain`]: a connection whose chain id was checked;
//! - [`Signer`]: a key and where it comes from;
//! - [`Lane`]: the transactions of one key, in order, each written down in a [`Journal`]
//!   before it is sent;
//! - [`Revert`]: what a contract answered, by the name of its error;
//! - [`Logs`]: events in chunks that fit what an endpoint answers.

mod connection;
mod error;
mod journal;
mod lane;
mod logs;
mod revert;
mod signer;

pub use connection::{Chain, Head};
pub use error::ChainError;
pub use journal::{Intent, Journal, JournalError, Outcome, Replacement, Unrecorded};
pub use lane::{Call, FeePolicy, Lane, LaneStatus, Receipt, Sent, Urgency};
pub use logs::Logs;
pub use revert::Revert;
pub use signer::{Signer, SignerError};
