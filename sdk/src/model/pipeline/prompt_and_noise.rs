//! What a graph that makes everything in one run is fed: a prompt, and noise from the seed.

use serde::{Deserialize, Serialize};

use super::description::Parts;
use super::setting::Text;
use crate::model::BundleError;
use crate::model::onnx::ElementType;

/// The graph's input that holds the prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptTensor {
    /// The template's variable, or several.
    pub variable: Text,
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

/// The most elements that a bundle may ask of any one tensor of these.
pub const MAX_INPUT_ELEMENTS: usize = 1 << 24;

/// Checks that a prompt and noise fit a graph's inputs, and that it has no others.
///
/// # Errors
/// [`BundleError::Field`].
pub(super) fn check(
    parts: &Parts<'_>,
    graph: &str,
    prompt: &PromptTensor,
    noise: &[NoiseTensor],
) -> Result<(), BundleError> {
    let row = |field: &str, tensor: &str, length: usize| {
        if !(1..=MAX_INPUT_ELEMENTS).contains(&length) {
            return Parts::wrong(
                &format!("{field}.length"),
                format!("{length}; 1 to {MAX_INPUT_ELEMENTS} are allowed"),
            );
        }
        let element = [ElementType::Uint8];
        parts
            .graph_input(&format!("{field}.tensor"), graph, tensor, &element)?
            .accepts(&format!("{field}.length"), &[1, length])
    };
    prompt.variable.check(parts, "prompt.variable")?;
    row("prompt", &prompt.tensor, prompt.length)?;
    let mut fed = vec![prompt.tensor.as_str()];
    for (index, noise) in noise.iter().enumerate() {
        row(&format!("noise[{index}]"), &noise.tensor, noise.length)?;
        fed.push(&noise.tensor);
    }
    parts.every_input_fed("graph", graph, &fed)
}
