//! Text to text in one graph: a prompt and noise in, a text out.

use serde::{Deserialize, Serialize};

use super::description::{Description, FileReference, Parts};
use super::prompt_and_noise::{self, NoiseTensor, PromptTensor};
use crate::model::BundleError;
use crate::model::onnx::ElementType;
use crate::model::template::OutputKind;

/// Text to text in one graph, which chooses every word within its one run. Unlike
/// [`TextGeneration`](super::TextGeneration) it needs no tokenizer and no floats, so it can be
/// of the class `integer`; in exchange its text is as long as the graph is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextToText {
    /// The bundle's file with the graph.
    pub graph: String,
    /// Where the prompt goes.
    pub prompt: PromptTensor,
    /// Where the seed goes, one tensor per stream of the generator.
    pub noise: Vec<NoiseTensor>,
    /// Where the text comes from.
    pub text: TextTensor,
}

/// The graph's output that is a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextTensor {
    /// The graph's output: uint8 of any shape. In row-major order and without its zeros it is
    /// the text in UTF-8.
    pub tensor: String,
    /// The template's output that the text is written to.
    pub filename: String,
}

impl Description for TextToText {
    fn files(&self) -> Vec<FileReference<'_>> {
        vec![FileReference::graph("graph", &self.graph)]
    }

    fn check(&self, parts: &Parts<'_>) -> Result<(), BundleError> {
        prompt_and_noise::check(parts, &self.graph, &self.prompt, &self.noise)?;
        let element = [ElementType::Uint8];
        parts.graph_output("text.tensor", &self.graph, &self.text.tensor, &element)?;
        parts.only_output("text.filename", &self.text.filename, OutputKind::Text)
    }
}
