//! What happens to miners, on purpose and at will.
//!
//! - [`Scene`]: a chain with the whole protocol and a model, and people who submit tasks;
//! - [`FaultProxy`]: an endpoint between miner and chain that fails and lies, by a [`Script`]
//!   that follows from a seed, each [`Fault`] by its name;
//! - [`hold`]: an address that nobody else is given;
//! - [`MinerProcess`]: a miner in a process of its own, which can be killed or have its disk
//!   filled, also at a [named step](Moment), or its inference stopped;
//! - [`Court`]: who cheats, who contests in bad faith, and who votes by the truth;
//! - [`FrontRunner`]: who copies what others have computed;
//! - [`Round`]: one dispute of each kind, and whether a lone miner does its part in each;
//! - [`Audit`]: what the chain says in the end, and what is wrong with it;
//! - [`Load`]: many tasks at once, and what they take of time, requests and memory.
//!
//! | test | what it does |
//! |---|---|
//! | `steps` | kills a miner before and after every named step |
//! | `dispute_steps` | the same for every named step about what others do |
//! | `full_disk` | fills a miner's disk at every named step, at its start, and beneath its log |
//! | `kills` | kills a miner at random times, under load |
//! | `failures` | lets a miner's only endpoint fail in one way after the other, HTTP and WebSocket |
//! | `front_running` | lets everything that a miner sends be copied before it is in a block |
//! | `load` | submits two hundred tasks at once; the bench `thousand_tasks` a thousand |
//! | `fault_run` | does everything at once, to three miners and by two rivals |
//!
//! `ARBIUS_SOAK=full` lets `kills` and `fault_run` run for as long as they should, and
//! `ARBIUS_FUZZ_SEED`, which each prints, repeats what they do. `ARBIUS_SOAK_LOGS=DIR` keeps
//! the miners' logs.

mod audit;
mod court;
mod front_runner;
mod load;
mod model;
mod process;
mod proxy;
mod round;
mod scene;
pub mod settings;

pub use audit::{Audit, Failure};
pub use court::Court;
pub use front_runner::FrontRunner;
pub use load::Load;
pub use process::{
    Config, DISPUTE_STEPS, Edge, Ended, Memory, MinerProcess, Moment, STEPS, StepTime, run_as_child,
};
pub use proxy::{Fault, FaultProxy, Leaked, Script, hold};
pub use round::Round;
pub use scene::Scene;
