//! The models that ship.

use arbius_models::EmbeddedBundle;
use arbius_sdk::model::Bundle;

/// The bundle of a model that ships.
pub(crate) fn bundle(model: &EmbeddedBundle) -> Bundle {
    let files = model.files.iter().copied();
    Bundle::from_bytes(model.template, model.manifest, files).unwrap()
}
