//! Text embedding: a text becomes a vector.

use serde::{Deserialize, Serialize};

use super::description::{Description, FileReference, Parts};
use super::tokenizer::Tokenizer;
use crate::model::BundleError;
use crate::model::onnx::ElementType::{Float32, Int32, Int64};
use crate::model::template::OutputKind;

/// Text embedding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextEmbedding {
    /// How text becomes tokens.
    pub tokenizer: Tokenizer,
    /// The template's variable with the text.
    pub text: String,
    /// The bundle's file with the encoder.
    pub graph: String,
    /// Its input with tokens: whole numbers, `[1, tokens]`.
    pub tokens: String,
    /// Its input with ones for every token, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention_mask: Option<String>,
    /// Its input with zeros for every token, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_types: Option<String>,
    /// Its output: float32, `[1, tokens, width]`.
    pub states: String,
    /// The most tokens that it takes. Longer texts are cut, the end token stays.
    pub length: usize,
    /// How the states of tokens become one vector.
    pub pooling: Pooling,
    /// Whether the vector is scaled to length 1.
    pub normalize: bool,
    /// What is written.
    pub format: VectorFormat,
    /// The template's output that the vector is written to.
    pub filename: String,
}

/// How the states of tokens become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// The first, which is `[CLS]` in BERT.
    First,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VectorFormat {
    /// `{"embedding": […]}` as canonical JSON, each number the shortest decimal of its
    /// float32; a `text`.
    Json,
    /// float32, little end first; a `file`.
    Floats,
}

impl Description for TextEmbedding {
    fn files(&self) -> Vec<FileReference<'_>> {
        let mut files = self.tokenizer.references();
        files.push(FileReference::graph("graph", &self.graph));
        files
    }

    fn check(&self, parts: &Parts<'_>) -> Result<(), BundleError> {
        parts.text("text", &self.text)?;
        self.tokenizer.check(&[])?;
        if !(2..=1 << 16).contains(&self.length) {
            return Parts::wrong("length", "2 to 65536 are allowed");
        }
        let mut fed = Vec::new();
        for (field, name) in [
            ("tokens", Some(&self.tokens)),
            ("attention_mask", self.attention_mask.as_ref()),
            ("token_types", self.token_types.as_ref()),
        ] {
            let Some(name) = name else { continue };
            let whole = [Int32, Int64];
            let port = parts.graph_input(field, &self.graph, name, &whole)?;
            port.accepts(field, &[1, 0])?;
            fed.push(name.as_str());
        }
        parts.every_input_fed("graph", &self.graph, &fed)?;
        parts
            .graph_output("states", &self.graph, &self.states, &[Float32])?
            .accepts("states", &[1, 0, 0])?;
        let kind = match self.format {
            VectorFormat::Json => OutputKind::Text,
            VectorFormat::Floats => OutputKind::File,
        };
        parts.only_output("filename", &self.filename, kind)
    }
}
