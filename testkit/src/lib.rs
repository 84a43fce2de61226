//! A local chain with the whole Arbius protocol on it, for tests, the demo and benches.
//!
//! [`TestChain::start`] makes a devnet on a free loopback port, deploys every contract by
//! real transactions as [`arbius_sdk::deploy`] does it anywhere, and gives tokens to
//! [actors](Actor). Each test has a chain of its own.
//!
//! - [`TestChain`]: the chain, its deployment, lanes of its actors, time travel;
//! - [`Rehearsal`]: a deployment tried out on a chain that nobody else sees;
//! - [`Random`]: numbers that follow from a seed;
//! - [`requester`]: the example contract that submits tasks on behalf of callers.

mod actor;
mod chain;
mod error;
mod random;
mod rehearsal;
pub mod requester;

pub use actor::Actor;
pub use arbius_devnet as devnet;
pub use chain::{TestChain, TestChainBuilder};
pub use error::TestkitError;
pub use random::Random;
pub use rehearsal::Rehearsal;
