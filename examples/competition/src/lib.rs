//! Competitions for the best parameters of a model, with an escrowed prize.
//!
//! An entry is a task: the engine says whose it is, of which model, and whether its result
//! stands, so nothing needs to be trusted but the decision which result is best. That is
//! the organiser's, or the vote of those who hold AIUS; which of the two is fixed when the
//! competition is opened.
//!
//! Every way that a competition can end frees the whole prize: to a winner, in equal parts to
//! those who tie, or back to the organiser if there is nobody to give it to. It is credited,
//! and taken by [`withdraw`](Competitions::withdraw): nobody's account can stand in the way of
//! another's. No call loops over entries or votes.

// The SDK's macros ask for features of its own tooling, and generate entry points that
// cannot carry documentation.
#![allow(missing_docs, unexpected_cfgs)]

mod competition;
mod contract;

pub use contract::Competitions;
