//! Denoising diffusion implicit models (Song et al. 2020) with η = 0: no noise is added.

use super::noise_level::{cumulative_alphas, timesteps};
use super::scheduler::{Scheduler, each};
use crate::model::pipeline::schedule::{Prediction, Schedule};

/// DDIM for a number of steps.
#[derive(Debug)]
pub struct Ddim {
    timesteps: Vec<f64>,
    /// ᾱ at each step and after it.
    alphas: Vec<(f64, f64)>,
    prediction: Prediction,
    clips_sample: bool,
}

impl Ddim {
    /// For so many steps of a schedule.
    pub fn new(schedule: &Schedule, steps: u32) -> Self {
        let levels = cumulative_alphas(schedule);
        let timesteps: Vec<f64> = timesteps(schedule, steps)
            .into_iter()
            .map(f64::round_ties_even)
            .collect();
        let stride = f64::from(schedule.training_steps / steps.max(1));
        let first = levels.first().copied().unwrap_or(1.0);
        let last = if schedule.ends_clean { 1.0 } else { first };
        // Clamped to the schedule, so that every whole step is one of its places.
        let level = |step: f64| levels.get(step as usize).copied().unwrap_or(last);
        let alphas = timesteps.iter().map(|step| {
            let before = step - stride;
            let before = if before >= 0.0 { level(before) } else { last };
            (level(*step), before)
        });
        Self {
            alphas: alphas.collect(),
            timesteps,
            prediction: schedule.prediction,
            clips_sample: schedule.clips_sample,
        }
    }
}

impl Scheduler for Ddim {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn initial_scale(&self) -> f64 {
        1.0
    }

    fn scaled(&self, _: usize, sample: &[f32]) -> Vec<f32> {
        sample.to_vec()
    }

    fn next(&self, step: usize, sample: &[f32], prediction: &[f32]) -> Vec<f32> {
        let Some((here, next)) = self.alphas.get(step).copied() else {
            return sample.to_vec();
        };
        let (signal, noise) = (here.sqrt(), (1.0 - here).sqrt());
        let (next_signal, next_noise) = (next.sqrt(), (1.0 - next).sqrt());
        each(sample, prediction, |x, predicted| {
            let (mut clean, epsilon) = match self.prediction {
                Prediction::Epsilon => ((x - noise * predicted) / signal, predicted),
                Prediction::VPrediction => (
                    signal * x - noise * predicted,
                    signal * predicted + noise * x,
                ),
            };
            if self.clips_sample {
                clean = clean.clamp(-1.0, 1.0);
            }
            next_signal * clean + next_noise * epsilon
        })
    }
}
