//! The trait of schedulers, and which one a task has.

use super::ddim::Ddim;
use super::euler::Euler;
use crate::model::pipeline::schedule::{Schedule, SchedulerKind};

/// Walks from noise to a sample. Steps are counted from 0.
pub trait Scheduler: std::fmt::Debug + Send {
    /// What the network is told at each step: training steps, which may be fractions.
    fn timesteps(&self) -> &[f64];

    /// What standard normal noise is multiplied with to start from.
    fn initial_scale(&self) -> f64;

    /// The sample as the network takes it at a step.
    fn scaled(&self, step: usize, sample: &[f32]) -> Vec<f32>;

    /// The sample after a step, from the sample before it and what the network predicts.
    fn next(&self, step: usize, sample: &[f32], prediction: &[f32]) -> Vec<f32>;
}

/// The scheduler of a kind, for so many steps of a schedule.
pub fn scheduler(kind: SchedulerKind, schedule: &Schedule, steps: u32) -> Box<dyn Scheduler> {
    match kind {
        SchedulerKind::Ddim => Box::new(Ddim::new(schedule, steps)),
        SchedulerKind::Euler => Box::new(Euler::new(schedule, steps)),
    }
}

/// A new sample, each element from its sample and its prediction.
pub(super) fn each(
    sample: &[f32],
    prediction: &[f32],
    change: impl Fn(f64, f64) -> f64,
) -> Vec<f32> {
    let pairs = sample.iter().zip(prediction);
    pairs
        .map(|(x, p)| change(f64::from(*x), f64::from(*p)) as f32)
        .collect()
}
