//! What happens to miners, on purpose and at will.
//!
//! - [`Scene`]: a chain with the whole protocol and a model, and people who submit tasks;
//! - [`FaultProxy`]: an endpoint between miner and chain that fails and lies, by a [`Script`]
//!   that follows from a seed, each [`Fault`] by its name;
//! - [`MinerProcess`]: a miner in a process of its own, which can be killed, also at a
//!   [named step](KillPoint), and have its disk filled or its inference stopped;
//! - [`Audit`]: what the chain says in the end, and what is wrong with it.
//!
//! The test `steps` kills a miner before and after every named step, `kills` at random times.

mod audit;
mod process;
mod proxy;
mod scene;
pub mod settings;

pub use audit::Audit;
pub use process::{
    Config, Edge, Ended, KillPoint, Memory, MinerProcess, STEPS, StepTime, run_as_child,
};
pub use proxy::{Fault, FaultProxy, Script};
pub use scene::{AIUS, Scene};
