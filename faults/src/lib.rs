//! What happens to miners, on purpose and at will.
//!
//! - [`Scene`]: a chain with the whole protocol and a model, and people who submit tasks;
//! - [`FaultProxy`]: an endpoint between miner and chain that fails and lies, by a [`Script`]
//!   that follows from a seed, each [`Fault`] by its name;
//! - [`MinerProcess`]: a miner in a process of its own, which can be killed, also at a
//!   [named step](KillPoint), and have its disk filled or its inference stopped;
//! - [`Audit`]: what the chain says in the end, and what is wrong with it;
//! - [`Load`]: many tasks at once, and what they take of time, requests and memory.
//!
//! | test | what it does |
//! |---|---|
//! | `steps` | kills a miner before and after every named step |
//! | `kills` | kills a miner at random times, under load |
//! | `failures` | lets a miner's only endpoint fail in one way after the other |
//! | `load` | submits two hundred tasks at once; the bench `thousand_tasks` a thousand |
//! | `fault_run` | does everything at once, to three miners and by two rivals |
//!
//! `ARBIUS_SOAK=full` lets `kills` and `fault_run` run for as long as they should, and
//! `ARBIUS_FUZZ_SEED`, which each prints, repeats what they do. `ARBIUS_SOAK_LOGS=DIR` keeps
//! the miners' logs.

mod audit;
mod load;
mod process;
mod proxy;
mod scene;
pub mod settings;

pub use audit::Audit;
pub use load::Load;
pub use process::{
    Config, Edge, Ended, KillPoint, Memory, MinerProcess, STEPS, StepTime, run_as_child,
};
pub use proxy::{Fault, FaultProxy, Script};
pub use scene::{AIUS, Scene};
