//! A local chain with the whole Arbius protocol on it, for tests, the demo and benches.
//!
//! [`TestChain::start`] makes a devnet on a free loopback port, deploys every contract by
//! real transactions as [`arbius_sdk::deploy`] does it anywhere, and gives tokens to
//! [actors](Actor). Each test has a chain of its own.
//!
//! - [`TestChain`]: the chain, its deployment, lanes of its actors, time travel;
//! - [`Rehearsal`]: a deployment tried out on a chain that nobody else sees;
//! - [`Validators`]: who answers tasks by hand, contests and votes;
//! - [`Random`]: numbers that follow from a seed;
//! - [`send!`], [`view!`], [`refusal!`], [`event`]: calls through alloy, and what came of them;
//! - [`requester`]: the example contract that submits tasks on behalf of callers;
//! - [`example`]: deploying any of the example contracts.

mod actor;
mod calls;
mod chain;
mod error;
pub mod example;
mod random;
mod rehearsal;
pub mod requester;
mod validators;

pub use actor::Actor;
pub use arbius_devnet as devnet;
pub use arbius_sdk::contracts::AIUS;
pub use calls::{aius, event, events};
pub use chain::{TestChain, TestChainBuilder};
pub use error::TestkitError;
pub use random::Random;
pub use rehearsal::Rehearsal;
pub use validators::Validators;
