//! From noise to a sample in steps: the loop around a diffusion network.
//!
//! | file | what it holds |
//! |---|---|
//! | [`noise_level`] | what a schedule says of each training step, and which are taken |
//! | [`mod@scheduler`] | the trait, and which one a task has |
//! | [`ddim`] | denoising diffusion implicit models |
//! | [`euler`] | Euler's method over the noise level |
//!
//! Coefficients are f64 throughout. A sample is f32: each of its elements is computed in f64
//! from f32 and rounded once a step.

pub mod ddim;
pub mod euler;
pub mod noise_level;
pub mod scheduler;

pub use scheduler::{Scheduler, scheduler};
