//! Which pipeline a bundle has.

use serde::{Deserialize, Serialize};

use super::cog::Cog;
use super::description::{Description, FileReference};
use super::text_to_image::TextToImage;

/// The pipeline of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Pipeline {
    /// A container does it all.
    Cog(Cog),
    /// A prompt and noise become a picture in one run of one graph.
    TextToImage(TextToImage),
}

impl Pipeline {
    /// What it says of itself.
    pub fn description(&self) -> &dyn Description {
        match self {
            Self::Cog(pipeline) => pipeline,
            Self::TextToImage(pipeline) => pipeline,
        }
    }

    /// Names of the bundle's files that the pipeline runs, each once.
    pub fn graphs(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for FileReference { name, is_graph, .. } in self.description().files() {
            if is_graph && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}
