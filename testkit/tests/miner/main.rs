//! Miners at work on a chain with the whole protocol: from prompt to verified bytes.
//!
//! A file per topic; `world` has the chain and what all of them wait for.

mod choice;
mod disputes;
mod faulty;
mod groups;
#[path = "../endpoints/world.rs"]
#[allow(dead_code, reason = "the tests of endpoints use more of it")]
mod hostile;
mod liars;
mod models;
mod reorganisations;
mod requests;
mod restarts;
mod retention;
mod roles;
mod solving;
mod stake;
mod trust;
mod world;
