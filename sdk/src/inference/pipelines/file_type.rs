//! File types: both ends of a file through one graph, the likeliest type out.

use serde_json::json;

use super::graphs::{Graphs, floats, wrong};
use super::run::Run;
use super::values;
use crate::inference::arithmetic::argmax;
use crate::inference::{InferenceError, OutputFile, canonical_json};
use crate::model::Bundle;
use crate::model::input::Inputs;
use crate::model::pipeline::FileType;
use crate::model::pipeline::file_type::TypeName;

/// File types with their names.
#[derive(Debug)]
pub struct FileTypePipeline {
    description: FileType,
    types: Vec<TypeName>,
}

impl FileTypePipeline {
    /// Reads the names of types.
    ///
    /// # Errors
    /// [`InferenceError::Asset`].
    pub fn new(bundle: &Bundle, description: FileType) -> Result<Self, InferenceError> {
        Ok(Self {
            types: values::json_asset(bundle, &description.types)?,
            description,
        })
    }

    /// Both ends of a file as the graph takes them; `None` if too little is left of it.
    fn ends(&self, bytes: &[u8]) -> Option<Vec<i64>> {
        let described = &self.description;
        let block = bytes.len().min(described.block);
        let head = &bytes[..block];
        let blanks = head.iter().take_while(|byte| is_blank(**byte)).count();
        let head = &head[blanks..];
        let tail = &bytes[bytes.len() - block..];
        let blanks = tail
            .iter()
            .rev()
            .take_while(|byte| is_blank(**byte))
            .count();
        let tail = &tail[..tail.len() - blanks];
        if head.len() < described.least {
            return None;
        }
        let padding = || std::iter::repeat(i64::from(described.padding));
        let first = head.iter().copied().map(i64::from).chain(padding());
        let last = &tail[tail.len().saturating_sub(described.tail)..];
        let gap = padding().take(described.tail - last.len());
        let last = last.iter().copied().map(i64::from);
        Some(first.take(described.head).chain(gap).chain(last).collect())
    }
}

/// White space as Python's `bytes.strip` knows it.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

impl Run for FileTypePipeline {
    fn run(&self, graphs: &mut Graphs, inputs: &Inputs) -> Result<Vec<OutputFile>, InferenceError> {
        let described = &self.description;
        let graph = &described.graph;
        let bytes = values::file(inputs, &described.file)?;
        let (label, score) = if bytes.is_empty() {
            ("empty", 1.0)
        } else if let Some(ends) = self.ends(bytes) {
            let shape = vec![1, ends.len()];
            let tensor = graphs.whole_numbers(graph, &described.tensor, shape, &ends)?;
            let given = [(described.tensor.as_str(), tensor)];
            let made = graphs.run_for_one(graph, &given, &described.scores)?;
            let scores = floats(graph, &made, &[1, self.types.len()])?;
            let best = argmax(scores).ok_or_else(|| wrong(graph, "no scores"))?;
            let (name, score) = (&self.types[best], f64::from(scores[best]));
            let sure = score >= name.threshold;
            (if sure { &*name.label } else { &*name.otherwise }, score)
        } else {
            let start = &bytes[..bytes.len().min(described.block)];
            let is_text = std::str::from_utf8(start).is_ok();
            (if is_text { "txt" } else { "unknown" }, 1.0)
        };
        let score = canonical_json::millionths(score);
        Ok(vec![OutputFile {
            name: described.filename.clone(),
            bytes: canonical_json::encode(&json!({ "label": label, "score": score })),
        }])
    }
}
