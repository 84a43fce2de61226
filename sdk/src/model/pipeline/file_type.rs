//! File types: the bytes of a file become the name of its type, as the models of magika
//! (version 3 of their input format) do it.

use serde::{Deserialize, Serialize};

use super::description::{Description, FileReference, Parts};
use crate::model::BundleError;
use crate::model::onnx::ElementType::{Float32, Int32, Int64};
use crate::model::template::OutputKind;

/// File types from both ends of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileType {
    /// The template's variable with the file.
    pub file: String,
    /// The bundle's file with the classifier.
    pub graph: String,
    /// Its input: whole numbers, `[1, head + tail]`, bytes from the beginning and the end.
    pub tensor: String,
    /// Its output: float32, `[1, types]`, probabilities.
    pub scores: String,
    /// Bytes from the beginning, after white space.
    pub head: usize,
    /// Bytes from the end, before white space.
    pub tail: usize,
    /// How far from each end bytes are taken.
    pub block: usize,
    /// The number that stands where there are no bytes.
    pub padding: u32,
    /// With fewer bytes the graph is not asked.
    pub least: usize,
    /// The bundle's file with the types in the order of the scores, a JSON list of
    /// [`TypeName`].
    pub types: String,
    /// The template's output that the type is written to, a `text`: `{"label": …, "score":
    /// …}` as canonical JSON, the score to the millionth.
    pub filename: String,
}

/// What a score stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeName {
    /// The name that is written.
    pub label: String,
    /// The least score with which it is written.
    pub threshold: f64,
    /// What is written below that, such as `txt` or `unknown`.
    pub otherwise: String,
}

impl Description for FileType {
    fn files(&self) -> Vec<FileReference<'_>> {
        vec![
            FileReference::graph("graph", &self.graph),
            FileReference::asset("types", &self.types),
        ]
    }

    fn check(&self, parts: &Parts<'_>) -> Result<(), BundleError> {
        parts.variable("file", &self.file, &["file"])?;
        let allowed = 1..=1 << 20;
        for (field, size) in [
            ("head", self.head),
            ("tail", self.tail),
            ("block", self.block),
        ] {
            if !allowed.contains(&size) {
                return Parts::wrong(field, "1 to 1048576 are allowed");
            }
        }
        if !(1..=self.head).contains(&self.least) {
            return Parts::wrong("least", format!("1 to head, {}, are allowed", self.head));
        }
        parts
            .graph_input("tensor", &self.graph, &self.tensor, &[Int32, Int64])?
            .accepts("head", &[1, self.head + self.tail])?;
        parts.every_input_fed("graph", &self.graph, &[&self.tensor])?;
        let types: Vec<TypeName> = parts.json("types", &self.types)?;
        if types.is_empty() {
            return Parts::wrong("types", "there are none");
        }
        parts
            .graph_output("scores", &self.graph, &self.scores, &[Float32])?
            .accepts("types", &[1, types.len()])?;
        parts.only_output("filename", &self.filename, OutputKind::Text)
    }
}
