//! A model in a container, which a Cog server runs.
//!
//! Its files are in the container's image and not in the bundle, so the image is named by
//! its digest, and the passport is of the class `pinned`, to a version of Cog.

use serde::{Deserialize, Serialize};

use super::description::{Description, FileReference, Parts};
use crate::model::BundleError;

/// A model in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cog {
    /// The image with its digest, such as `r8.im/somebody/model@sha256:8dad…`.
    pub image: String,
}

impl Description for Cog {
    fn files(&self) -> Vec<FileReference<'_>> {
        Vec::new()
    }

    fn check(&self, _: &Parts<'_>) -> Result<(), BundleError> {
        let digest = self.image.split_once("@sha256:").map(|(_, digest)| digest);
        match digest {
            Some(digest) if digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit()) => {
                Ok(())
            }
            _ => Parts::wrong(
                "image",
                "expected an image with its digest, as in name@sha256:…, so that everybody runs the same",
            ),
        }
    }
}
