//! Inference in child processes.
//!
//! A model is somebody else's program. In a child process of its own it may crash, hang,
//! eat memory or be hostile: what the parent sees is a typed error, and the next task gets a
//! new child. The child takes its orders as frames on standard input and answers on standard
//! output; it can open no sockets, write no files and start no programs.
//!
//! | file | what it holds |
//! |---|---|
//! | [`frame`] | messages on a pipe |
//! | [`message`] | what parent and child say |
//! | [`limits`] | what the child may use |
//! | [`serve`](mod@serve) | the child: what `arbius infer-worker` calls |
//! | [`process`] | the parent's end of one child |
//! | `last_words` | what a child says before it ends |
//! | [`station`] | a device of the machine, and what may run on it |
//! | `ledger` | who uses what of each station: tasks and memory |
//! | [`pool`] | children on all stations behind [`Solver`](super::Solver) |

pub mod frame;
pub(in crate::inference) mod last_words;
mod ledger;
pub mod limits;
pub mod message;
pub mod pool;
pub mod process;
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod seccomp;
pub mod serve;
pub mod station;

pub use limits::Limits;
pub use message::RuntimeChoice;
pub use pool::Workers;
pub use process::{WorkerCommand, WorkerError, WorkerOptions};
pub use serve::{ServeError, serve};
pub use station::Station;
