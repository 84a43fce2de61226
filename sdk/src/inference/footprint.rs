//! How much memory a model is expected to take.
//!
//! Before a model has run here nothing but its bundle is known, so the estimate is made of
//! that and errs on the large side; after its first task what the system has counted takes
//! its place.

use crate::model::Bundle;

/// What a child takes with a runtime and no model, bytes.
pub const EMPTY: u64 = 64 << 20;

/// What a loaded model takes for each byte of its bundle: the bundle itself, the runtime's
/// copy, the weights as the runtime packs them, and the tensors of a run.
pub const PER_BYTE: u64 = 4;

/// What a child with the model is expected to take, bytes.
pub fn of(bundle: &Bundle) -> u64 {
    let files: u64 = bundle.manifest().files.iter().map(|file| file.bytes).sum();
    files.saturating_mul(PER_BYTE).saturating_add(EMPTY)
}
