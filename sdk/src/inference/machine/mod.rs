//! What this machine has for running models.
//!
//! | file | what it holds |
//! |---|---|
//! | [`gpu`] | NVIDIA GPUs and their driver |
//! | [`memory`] | memory, all of it and what is free |
//! | [`limits`] | what the system allows a process |
//! | [`runtimes`] | the runtimes that can be used, each asked in a process of its own |

pub mod gpu;
pub mod limits;
pub mod memory;
pub mod runtimes;

pub use gpu::{Gpu, GpuError, Gpus};
pub use runtimes::{FoundRuntime, find};
