//! What a schedule says of each training step, and which of them are taken.

use crate::model::pipeline::schedule::{BetaSchedule, Schedule, Spacing};

/// ᾱ of each training step: how much of the sample is left there, as a variance.
pub fn cumulative_alphas(schedule: &Schedule) -> Vec<f64> {
    let last = f64::from(schedule.training_steps.saturating_sub(1)).max(1.0);
    let between = |start: f64, end: f64, step: u32| start + (end - start) / last * f64::from(step);
    let mut product = 1.0;
    (0..schedule.training_steps)
        .map(|step| {
            let beta = match schedule.beta_schedule {
                BetaSchedule::Linear => between(schedule.beta_start, schedule.beta_end, step),
                BetaSchedule::ScaledLinear => {
                    let root = between(schedule.beta_start.sqrt(), schedule.beta_end.sqrt(), step);
                    root * root
                }
            };
            product *= 1.0 - beta;
            product
        })
        .collect()
}

/// The training steps that are taken, from the noisiest on; `steps` of them.
///
/// Whole numbers but for `linspace`, whose callers round where they need to.
pub fn timesteps(schedule: &Schedule, steps: u32) -> Vec<f64> {
    let training = f64::from(schedule.training_steps);
    let count = f64::from(steps.max(1));
    let last = training - 1.0;
    (0..steps)
        .map(|index| {
            let step = match schedule.spacing {
                Spacing::Leading => {
                    let ratio = schedule.training_steps / steps.max(1);
                    f64::from((steps - 1 - index) * ratio) + f64::from(schedule.steps_offset)
                }
                Spacing::Trailing => {
                    (training - f64::from(index) * (training / count)).round_ties_even() - 1.0
                }
                Spacing::Linspace if steps == 1 => 0.0,
                Spacing::Linspace => f64::from(steps - 1 - index) * (last / (count - 1.0)),
            };
            // An offset may lead beyond the end when every step is taken.
            step.clamp(0.0, last)
        })
        .collect()
}
