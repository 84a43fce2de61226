//! Text to image in one graph: a prompt and noise in, a picture out.

use serde::{Deserialize, Serialize};

use super::description::{Description, FileReference, Parts};
use super::prompt_and_noise::{self, NoiseTensor, PromptTensor};
use crate::model::BundleError;
use crate::model::onnx::ElementType;
use crate::model::template::OutputKind;

/// Text to image in one graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextToImage {
    /// The bundle's file with the graph.
    pub graph: String,
    /// Where the prompt goes.
    pub prompt: PromptTensor,
    /// Where the seed goes, one tensor per stream of the generator.
    pub noise: Vec<NoiseTensor>,
    /// Where the picture comes from.
    pub image: ImageTensor,
}

/// The graph's output that is a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageTensor {
    /// The graph's output: uint8, of shape `[height, width]` for grey levels or
    /// `[height, width, 3]` for red, green and blue.
    pub tensor: String,
    /// The template's output that the picture is written to.
    pub filename: String,
}

impl Description for TextToImage {
    fn files(&self) -> Vec<FileReference<'_>> {
        vec![FileReference::graph("graph", &self.graph)]
    }

    fn check(&self, parts: &Parts<'_>) -> Result<(), BundleError> {
        prompt_and_noise::check(parts, &self.graph, &self.prompt, &self.noise)?;
        let element = [ElementType::Uint8];
        parts.graph_output("image.tensor", &self.graph, &self.image.tensor, &element)?;
        parts.only_output("image.filename", &self.image.filename, OutputKind::Image)
    }
}
