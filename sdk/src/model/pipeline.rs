//! How a template's inputs become tensors and tensors become files, as a bundle says it.

use serde::{Deserialize, Serialize};

/// The pipeline of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Pipeline {
    /// A prompt and noise become a picture in one run of one graph.
    TextToImage(TextToImage),
}

impl Pipeline {
    /// Names of the bundle's files that the pipeline runs.
    pub fn graphs(&self) -> Vec<&str> {
        match self {
            Self::TextToImage(pipeline) => vec![&pipeline.graph],
        }
    }
}

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
