//! A chain by its JSON-RPC: reading, signing, sending, and following events.
//!
//! - [`Chain`]: reading, by one endpoint or several ([`ChainBuilder`]), their health
//!   ([`EndpointStatus`]) and how much they were asked ([`RequestCounts`]); its
//!   [`agreed_read`](Chain::agreed_read) is for what money depends on ([`Agreement`]);
//! - [`Signer`]: a key and where it comes from;
//! - [`Lane`]: the transactions of one key, in order, each written down in a [`Journal`]
//!   before it is sent; [`GasWithMargin`] is for those who send through alloy instead;
//! - [`Revert`]: what a contract answered, by the name of its error;
//! - [`Logs`]: events of a range of blocks, in chunks that fit what an endpoint answers;
//! - [`Events`]: events as they happen, in [`Batch`]es with a [`Cursor`] to store.

mod agreement;
mod builder;
mod connection;
mod cursor;
mod error;
mod events;
mod expected;
mod gas;
mod header;
mod journal;
#[cfg(feature = "keystore")]
mod keystore;
mod lane;
mod logs;
mod many;
mod panel;
mod pool;
mod range;
mod revert;
mod signer;
mod subscription;

pub use agreement::Agreement;
pub use builder::ChainBuilder;
pub use connection::{Chain, Head};
pub use cursor::Cursor;
pub use error::ChainError;
pub use events::{Batch, Events};
pub use expected::Expected;
pub use gas::GasWithMargin;
pub use journal::{Intent, Journal, JournalError, Outcome, Replacement, Unrecorded};
pub use lane::{Call, FeePolicy, Lane, LaneStatus, Receipt, Sent, Urgency};
pub use logs::Logs;
pub use pool::{EndpointState, EndpointStatus, RequestCounts};
pub use revert::Revert;
pub use signer::{Signer, SignerError};
