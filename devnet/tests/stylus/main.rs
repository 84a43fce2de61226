//! Stylus programs: the executor alone, in a world in memory, and on a chain.
//!
//! - `world` runs a program without a chain; `ink`, `hostio`, `stack_and_memory`, `calls`,
//!   `activation`, `sizes` and `hostile` use it, `host_call` one host function at a time;
//! - `published` has totals that were not worked out here: Nitro's tests and documentation;
//! - `common` has a chain; `frames`, `lifecycle`, `rules` and `deployer` use it.

#[path = "../common/mod.rs"]
mod common;
mod host_call;
mod world;

mod activation;
mod calls;
mod deployer;
mod frames;
mod hostile;
mod hostio;
mod ink;
mod lifecycle;
mod published;
mod rules;
mod sizes;
mod stack_and_memory;
