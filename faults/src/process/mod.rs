//! Miners in processes of their own.
//!
//! - [`Config`]: what such a miner is told, and [`KillPoint`], where it is to die;
//! - [`MinerProcess`]: this end of it, with signals, limits and what it takes of memory;
//! - [`run_as_child`]: the other end, with the sdk's miner as operators run it;
//! - `tap`: listens to the miner's spans, to die at one and to add up what each takes.

mod child;
mod config;
mod message;
mod parent;
mod tap;

pub use child::run_as_child;
pub use config::{Config, Edge, KillPoint, STEPS};
pub use message::{Ended, StepTime};
pub use parent::{Memory, MinerProcess};
