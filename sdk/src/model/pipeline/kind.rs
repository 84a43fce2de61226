//! Which pipeline a bundle has.

use serde::{Deserialize, Serialize};

use super::cog::Cog;
use super::description::{Description, FileReference};
use super::file_type::FileType;
use super::image_classification::ImageClassification;
use super::latent_diffusion::LatentDiffusion;
use super::ocr::Ocr;
use super::text_embedding::TextEmbedding;
use super::text_generation::TextGeneration;
use super::text_to_image::TextToImage;
use super::text_to_text::TextToText;

/// The pipeline of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Pipeline {
    /// A container does it all.
    Cog(Cog),
    /// A prompt and noise become a picture in one run of one graph.
    TextToImage(TextToImage),
    /// A prompt and noise become a text in one run of one graph.
    TextToText(TextToText),
    /// A prompt becomes a picture by latent diffusion.
    LatentDiffusion(LatentDiffusion),
    /// A text goes on, token by token.
    TextGeneration(TextGeneration),
    /// A text becomes a vector.
    TextEmbedding(TextEmbedding),
    /// A picture becomes labels.
    ImageClassification(ImageClassification),
    /// A file becomes the name of its type.
    FileType(FileType),
    /// A picture becomes the text in it.
    Ocr(Ocr),
}

impl Pipeline {
    /// What it says of itself.
    pub fn description(&self) -> &dyn Description {
        match self {
            Self::Cog(pipeline) => pipeline,
            Self::TextToImage(pipeline) => pipeline,
            Self::TextToText(pipeline) => pipeline,
            Self::LatentDiffusion(pipeline) => pipeline,
            Self::TextGeneration(pipeline) => pipeline,
            Self::TextEmbedding(pipeline) => pipeline,
            Self::ImageClassification(pipeline) => pipeline,
            Self::FileType(pipeline) => pipeline,
            Self::Ocr(pipeline) => pipeline,
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
