//! Content from gateways, none of which is believed.
//!
//! A block is believed when its bytes hash to its CID and not before. Blocks are asked for by
//! `/ipfs/<cid>?format=raw`, several at a time, and where one gateway is slow the next is
//! asked beside it; the first whose bytes are right is taken. A tree of several blocks is asked
//! for as one CAR where a gateway gives that, and its blocks are believed no more. A gateway that sent other bytes
//! is left alone for a while that grows with every lie.
//!
//! - [`Fetcher`]: fetches files, directories and single blocks; remembers how each gateway
//!   does;
//! - [`FetchLimits`]: what a fetch may take;
//! - [`FetchError`], [`Refusal`]: what went wrong, and what each gateway did;
//! - `peer`: one gateway, and what is remembered of it;
//! - `request`: one request, its redirects followed where that is safe;
//! - `car`: many blocks in one answer;
//! - `public`: which addresses a stranger may send this machine to.

mod car;
mod error;
mod fetcher;
mod limits;
mod peer;
mod public;
mod request;

pub use error::{FetchError, Refusal};
pub use fetcher::Fetcher;
pub use limits::{FetchLimits, Fetched};
pub use peer::GatewayHealth;
