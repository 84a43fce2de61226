//! Solutions of others: computing them again, contesting what is wrong, voting, settling.
//!
//! - [`Case`], [`Stage`]: one watched solution, written down before every step;
//! - `lot`: which solutions are watched, and that nobody else can know;
//! - `docket`: the cases that are open, and which of them is next;
//! - `identify`: what the chain says of a task, and that its input is the chain's;
//! - `judge`: computing a task again, and accusing nobody of what this machine did;
//! - `steps`: which of the following comes next for a case;
//! - `fetch`: whether a solution's outputs can be fetched;
//! - `contest`, `vote`, `settle`, `unclaimed`: the transactions.
//!
//! A solution is contested, and voted against, when two runs here (the second in a fresh
//! process) made the same other outputs and this machine made the golden outputs of the
//! model's passport right then. Whatever else happens is inconclusive and held against
//! nobody. Outputs that nobody can fetch are a reason to compute a task again, and no more:
//! where the same comes out here, the solution stands and this miner serves the outputs.
//!
//! A limit: an input that no machine can compute has no right solution, and none that this
//! miner would call wrong. Such a task is inconclusive whatever is revealed for it.

mod case;
mod contest;
mod docket;
mod fetch;
mod identify;
mod judge;
mod lot;
mod settle;
mod steps;
mod unclaimed;
mod vote;

pub use case::{Case, Cause, Finding, Stage};
pub(super) use docket::Docket;
pub(super) use judge::untrusted;
pub(super) use lot::Lot;
