//! Miners in processes of their own.
//!
//! - [`Config`]: what such a miner is told, and each [`Moment`] when it is to die or to have
//!   no room on its disk;
//! - [`MinerProcess`]: this end of it, with signals, limits and what it takes of memory;
//! - [`run_as_child`]: the other end, with the sdk's miner as operators run it;
//! - `tap`: listens to the miner's spans, for what is to happen at one, and to add up what
//!   each takes.

mod child;
mod config;
mod message;
mod parent;
mod tap;

pub use child::run_as_child;
pub use config::{Config, DISPUTE_STEPS, Edge, Moment, STEPS};
pub use message::{Ended, StepTime};
pub use parent::{Memory, MinerProcess};
