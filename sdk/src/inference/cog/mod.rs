//! Models in containers, over Cog's HTTP interface.
//!
//! A Cog server runs somebody's Python beside a network interface: it is believed nothing.
//! What it sends is bounded in size and time and checked before it becomes an output, and
//! whatever it does ends as a typed error.
//!
//! | file | what it holds |
//! |---|---|
//! | [`client`] | the requests: health, version, a prediction, its cancellation |
//! | [`output`] | what a prediction returns, as the template's files |
//! | [`process`] | a server of our own, a child process with limits |
//! | [`solver`] | both behind [`Solver`](super::Solver) |
//! | `error` | what can go wrong |

pub mod client;
mod error;
pub mod output;
pub mod process;
pub mod solver;

pub use client::{CogClient, CogLimits};
pub use error::CogError;
pub use process::{CogCommand, CogProcess};
pub use solver::Cog;
