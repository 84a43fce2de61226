//! What a `pinned` model is pinned to, held against a runtime and its options.

use super::InferenceError;
use super::machine::gpu;
use super::runtime::{Device, Optimisation, RuntimeId, SessionOptions};
use crate::model::Pinned;

/// The options of a session that a passport demands, on that device.
///
/// `None` if the passport names an optimisation level that there is not; a [`Passport`]
/// never does.
///
/// [`Passport`]: crate::model::Passport
pub fn session_options(pinned: &Pinned, device: Device) -> Option<SessionOptions> {
    Some(SessionOptions {
        threads: pinned.threads,
        optimisation: Optimisation::named(&pinned.optimisation)?,
        device,
    })
}

/// Asserts that a runtime with those options is what a model is pinned to.
///
/// # Errors
/// [`InferenceError::Pinned`] with both.
pub fn check(
    pinned: &Pinned,
    runtime: &RuntimeId,
    options: &SessionOptions,
) -> Result<(), InferenceError> {
    let gpu = match options.device {
        Device::Cpu => None,
        Device::Cuda { ordinal, .. } => gpu::class_of(ordinal),
    };
    let found = Pinned {
        runtime: runtime.name.clone(),
        version: runtime.version.clone(),
        provider: options.device.provider().into(),
        threads: options.threads,
        optimisation: options.optimisation.name().into(),
        gpu,
    };
    if found == *pinned {
        return Ok(());
    }
    Err(InferenceError::Pinned {
        pinned: pinned.to_string(),
        found: found.to_string(),
    })
}
