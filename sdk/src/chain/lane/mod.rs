//! The transactions of one key, in order: simulated, written down, sent, followed until each
//! has an outcome that the chain states.
//!
//! | file | what it holds |
//! |---|---|
//! | `call` | something to be done by a transaction, and how much it matters when |
//! | `fees` | what a transaction may cost, and what its replacement offers |
//! | `sending` | [`Lane`]: simulation, nonce, journal, first broadcast |
//! | `answer` | what an endpoint's answer to a broadcast means |
//! | `flights` | the transactions that are underway, by nonce |
//! | `following` | receipts, replacements, gaps: one look for all that is underway |
//! | `sent` | [`Sent`]: waiting for one of them, or calling it off |
//! | `receipt` | what is known of an included transaction |
//!
//! The rules that the rest follows from:
//!
//! - What is signed is written down before a byte of it leaves; after a restart it is followed
//!   on, and nothing new is sent before its outcome is known.
//! - A nonce is given up only when an endpoint has refused the bytes without doubt, or the
//!   chain's nonce has passed it and there is no receipt of any version. So nothing is done
//!   twice under two nonces.
//! - A transaction that is stuck is replaced under its nonce; each version is written down,
//!   and whichever is included counts.

mod answer;
mod call;
mod fees;
mod first;
mod flights;
mod following;
mod receipt;
mod sending;
mod sent;

pub use call::{Call, Urgency};
pub use fees::FeePolicy;
pub use receipt::Receipt;
pub use sending::{Lane, LaneStatus};
pub use sent::Sent;
