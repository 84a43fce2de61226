//! Text to image in one graph: a prompt and noise in, a picture out.

use serde::{Deserialize, Serialize};

use super::description::{Description, FileReference, Parts};
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

/// The graph's input that holds the prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptTensor {
    /// The template's variable.
    pub variable: String,
    /// The graph's input.
    pub tensor: String,
    /// How text becomes numbers.
    pub encoding: TextEncoding,
    /// Elements of the tensor, whose shape is `[1, length]`.
    pub length: usize,
}

/// How text becomes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextEncoding {
    /// UTF-8 bytes between two spaces, cut to the tensor's length, zeros after them.
    SpacedBytes,
}

/// A graph's input that is filled from the task's seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoiseTensor {
    /// The graph's input.
    pub tensor: String,
    /// Elements of the tensor, whose shape is `[1, length]`.
    pub length: usize,
    /// How the elements are drawn.
    pub generator: NoiseGenerator,
    /// Which of the generator's streams is used.
    pub stream: u32,
}

/// How noise is drawn from a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoiseGenerator {
    /// Each element is the sum of four bytes of a ChaCha20 keystream, shifted right by two:
    /// nearly normal, mean 127.125, deviation 36.95.
    #[serde(rename = "chacha20_mean_of_four")]
    ChaCha20MeanOfFour,
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

/// The most elements that a bundle may ask of any one tensor of this pipeline.
pub const MAX_INPUT_ELEMENTS: usize = 1 << 24;

impl Description for TextToImage {
    fn files(&self) -> Vec<FileReference<'_>> {
        vec![FileReference::graph("graph", &self.graph)]
    }

    fn check(&self, parts: &Parts<'_>) -> Result<(), BundleError> {
        let row = |field: &str, tensor: &str, length: usize| {
            if !(1..=MAX_INPUT_ELEMENTS).contains(&length) {
                return Parts::wrong(
                    &format!("{field}.length"),
                    format!("{length}; 1 to {MAX_INPUT_ELEMENTS} are allowed"),
                );
            }
            let element = [ElementType::Uint8];
            parts
                .graph_input(&format!("{field}.tensor"), &self.graph, tensor, &element)?
                .accepts(&format!("{field}.length"), &[1, length])
        };
        parts.variable(
            "prompt.variable",
            &self.prompt.variable,
            &["string", "string_enum"],
        )?;
        row("prompt", &self.prompt.tensor, self.prompt.length)?;
        let mut fed = vec![self.prompt.tensor.as_str()];
        for (index, noise) in self.noise.iter().enumerate() {
            row(&format!("noise[{index}]"), &noise.tensor, noise.length)?;
            fed.push(&noise.tensor);
        }
        parts.every_input_fed("graph", &self.graph, &fed)?;
        let element = [ElementType::Uint8];
        parts.graph_output("image.tensor", &self.graph, &self.image.tensor, &element)?;
        parts.only_output("image.filename", &self.image.filename, OutputKind::Image)
    }
}
