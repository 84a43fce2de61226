//! The noise schedule of a diffusion model, and who walks down it.

use serde::{Deserialize, Serialize};

use super::description::Parts;
use super::setting::VariableName;
use crate::model::BundleError;
use crate::model::template::Kind;

/// The schedule that a diffusion model was trained with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Steps of noise in training, such as 1000.
    pub training_steps: u32,
    /// Variance that the first step adds.
    pub beta_start: f64,
    /// Variance that the last step adds.
    pub beta_end: f64,
    /// How the variance grows between them.
    pub beta_schedule: BetaSchedule,
    /// What the network predicts.
    pub prediction: Prediction,
    /// Which training steps are taken when fewer are taken.
    pub spacing: Spacing,
    /// Added to every step with the spacing `leading`.
    #[serde(default)]
    pub steps_offset: u32,
    /// Whether the last step of DDIM ends without any noise; otherwise with that of the
    /// first training step.
    #[serde(default)]
    pub ends_clean: bool,
    /// Whether DDIM clips the estimate of the clean sample to −1 … 1.
    #[serde(default)]
    pub clips_sample: bool,
}

/// How the variance grows from step to step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BetaSchedule {
    /// Evenly.
    Linear,
    /// Its square root evenly.
    ScaledLinear,
}

/// What a diffusion model's network predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prediction {
    /// The noise.
    Epsilon,
    /// The velocity, `√ᾱ · noise − √(1 − ᾱ) · sample` (Salimans and Ho 2022).
    VPrediction,
}

/// Which training steps are taken, as table 2 of Lin et al. 2023 names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// Multiples of `training_steps / steps`, rounded down, from 0.
    Leading,
    /// From the last step downwards.
    Trailing,
    /// Evenly from the first to the last; DDIM rounds them, Euler does not.
    Linspace,
}

/// Who walks down the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchedulerKind {
    /// Denoising diffusion implicit models, without added noise (Song et al. 2020).
    Ddim,
    /// Euler's method over the noise level (Karras et al. 2022, without churn).
    Euler,
}

impl SchedulerKind {
    /// The scheduler that a template calls so: `DDIM`, `K_EULER` or `Euler`, in any case.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "ddim" => Some(Self::Ddim),
            "euler" | "k_euler" => Some(Self::Euler),
            _ => None,
        }
    }
}

/// A scheduler: itself, or `{"variable": "scheduler"}` for a `string_enum` of the template
/// whose choices are all known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a scheduler, ddim or euler, or {\"variable\": NAME} is needed"
)]
pub enum SchedulerChoice {
    /// The same for every task.
    Fixed(SchedulerKind),
    /// The task's own.
    Variable(VariableName),
}

impl SchedulerChoice {
    /// Checks it and says which schedulers tasks may choose.
    ///
    /// # Errors
    /// [`BundleError::Field`].
    pub fn check(&self, parts: &Parts<'_>, field: &str) -> Result<Vec<SchedulerKind>, BundleError> {
        let name = match self {
            Self::Fixed(kind) => return Ok(vec![*kind]),
            Self::Variable(name) => &name.variable,
        };
        let input = parts.variable(field, name, &["string_enum"])?;
        let Kind::StringEnum { choices, .. } = &input.kind else {
            return Ok(Vec::new());
        };
        choices
            .iter()
            .map(|choice| match SchedulerKind::named(choice) {
                Some(kind) => Ok(kind),
                None => Parts::wrong(
                    field,
                    format!("the template offers `{choice}`; DDIM and K_EULER are known"),
                ),
            })
            .collect()
    }
}

/// The most steps that a schedule may have.
pub const MAX_TRAINING_STEPS: u32 = 10_000;

impl Schedule {
    /// Checks its numbers.
    ///
    /// # Errors
    /// [`BundleError::Field`].
    pub fn check(&self, field: &str) -> Result<(), BundleError> {
        if !(1..=MAX_TRAINING_STEPS).contains(&self.training_steps) {
            return Parts::wrong(
                &format!("{field}.training_steps"),
                format!(
                    "{}; 1 to {MAX_TRAINING_STEPS} are allowed",
                    self.training_steps
                ),
            );
        }
        let inside = |beta: f64| beta > 0.0 && beta < 1.0;
        if !inside(self.beta_start) || !inside(self.beta_end) || self.beta_start > self.beta_end {
            return Parts::wrong(
                &format!("{field}.beta_start"),
                "0 < beta_start ≤ beta_end < 1 is needed",
            );
        }
        if self.steps_offset >= self.training_steps {
            return Parts::wrong(
                &format!("{field}.steps_offset"),
                "it must be less than training_steps",
            );
        }
        Ok(())
    }
}
