//! Euler's method over the noise level σ (algorithm 2 of Karras et al. 2022 without churn).

use super::noise_level::{cumulative_alphas, timesteps};
use super::scheduler::{Scheduler, each};
use crate::model::pipeline::schedule::{Prediction, Schedule, Spacing};

/// Euler's method for a number of steps.
#[derive(Debug)]
pub struct Euler {
    timesteps: Vec<f64>,
    /// σ at each step, and 0 after the last.
    sigmas: Vec<f64>,
    initial_scale: f64,
    prediction: Prediction,
}

impl Euler {
    /// For so many steps of a schedule.
    pub fn new(schedule: &Schedule, steps: u32) -> Self {
        let levels: Vec<f64> = cumulative_alphas(schedule)
            .into_iter()
            .map(|alpha| ((1.0 - alpha) / alpha).sqrt())
            .collect();
        let timesteps = timesteps(schedule, steps);
        let mut sigmas: Vec<f64> = timesteps
            .iter()
            .map(|step| interpolated(&levels, *step))
            .collect();
        let most = sigmas.first().copied().unwrap_or(0.0);
        sigmas.push(0.0);
        let initial_scale = match schedule.spacing {
            Spacing::Leading => (most * most + 1.0).sqrt(),
            Spacing::Trailing | Spacing::Linspace => most,
        };
        Self {
            timesteps,
            sigmas,
            initial_scale,
            prediction: schedule.prediction,
        }
    }
}

/// The value at a place between those of a list.
fn interpolated(values: &[f64], place: f64) -> f64 {
    let below = place.floor();
    let at = |index: usize| values.get(index).or(values.last()).copied().unwrap_or(0.0);
    let (low, high) = (at(below as usize), at(below as usize + 1));
    low + (high - low) * (place - below)
}

impl Scheduler for Euler {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn initial_scale(&self) -> f64 {
        self.initial_scale
    }

    fn scaled(&self, step: usize, sample: &[f32]) -> Vec<f32> {
        let sigma = self.sigmas.get(step).copied().unwrap_or(0.0);
        let norm = (sigma * sigma + 1.0).sqrt();
        let scale = |x: &f32| (f64::from(*x) / norm) as f32;
        sample.iter().map(scale).collect()
    }

    fn next(&self, step: usize, sample: &[f32], prediction: &[f32]) -> Vec<f32> {
        let Some([here, next]) = self.sigmas.get(step..step.saturating_add(2)) else {
            return sample.to_vec();
        };
        let variance = here * here + 1.0;
        each(sample, prediction, |x, predicted| {
            let clean = match self.prediction {
                Prediction::Epsilon => x - here * predicted,
                Prediction::VPrediction => x / variance - predicted * (here / variance.sqrt()),
            };
            x + (x - clean) / here * (next - here)
        })
    }
}
