//! Miners at work on a chain with the whole protocol: from prompt to verified bytes.
//!
//! A file per topic; `world` has the chain and what all of them wait for.

mod choice;
mod disputes;
mod embedding;
mod faulty;
mod groups;
#[path = "../endpoints/world.rs"]
#[allow(dead_code, reason = "the tests of endpoints use more of it")]
mod hostile;
#[path = "../../../sdk/tests/content/pinning/kubo_server.rs"]
#[allow(dead_code, reason = "the sdk's tests use more of it")]
mod kubo_server;
mod liars;
mod models;
mod pinning;
mod reorganisations;
mod requests;
mod restarts;
mod retention;
mod roles;
mod solving;
mod stake;
mod trust;
mod world;
