//! A contract that submits tasks on behalf of whoever calls it.
//!
//! This is what an app on-chain does with Arbius: it takes its user's fee, submits the task
//! in the same transaction, remembers who asked, and later reads the solution from the
//! engine. Tasks from contracts look to miners like any others, because the engine puts the
//! input into an event of its own (protocol section 5).
//!
//! The engine takes the fee from this contract, so the constructor approves it once; the
//! contract holds nothing between calls.

// The SDK's macros ask for features of its own tooling, and generate entry points that
// cannot carry documentation.
#![allow(missing_docs, unexpected_cfgs)]

mod contract;

pub use contract::Requester;
