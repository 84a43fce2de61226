//! Timestamped proof of work: an agent's tasks, one a period, for anyone to verify.
//!
//! The contract writes down which task an agent submitted in which period, at most one in
//! each, at the moment of submission: a gap stays a gap. Everything else a verifier needs the
//! engine keeps: the task's model and time, whether its solution stands, its CID.
//!
//! It names itself the consumer of its tasks, so that it can say by itself how many of them
//! became final: other contracts can build on that. Nothing depends on whether it is told.

// The SDK's macros ask for features of its own tooling, and generate entry points that
// cannot carry documentation.
#![allow(missing_docs, unexpected_cfgs)]

mod contract;

pub use contract::Worklog;
