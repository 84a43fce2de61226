//! Image classification: a picture becomes a list of labels.

use serde::{Deserialize, Serialize};

use super::description::{Description, FileReference, Parts};
use super::picture::{Framing, Normalization};
use crate::model::BundleError;
use crate::model::onnx::ElementType::{self, Float32, Int32, Uint8};
use crate::model::template::OutputKind;

/// Image classification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageClassification {
    /// The template's variable with the picture, a PNG or JPEG.
    pub picture: String,
    /// The bundle's file with the classifier.
    pub graph: String,
    /// Its input: float32 `[1, 3, height, width]`, normalised; or, without `normalization`,
    /// uint8 `[1, height, width, 3]`, levels as they are.
    pub tensor: String,
    /// The size that the picture is brought to.
    pub framing: Framing,
    /// How levels become floats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalization: Option<Normalization>,
    /// Its output, one number a label: float32 or int32, `[1, labels]`.
    pub scores: String,
    /// What those numbers are.
    pub activation: Activation,
    /// The bundle's file with the labels, a JSON list of texts.
    pub labels: String,
    /// How many labels are written, the likeliest first.
    pub top: u32,
    /// The template's output that they are written to, a `text`: `{"labels": [{"label": …,
    /// "score": …}, …]}` as canonical JSON, scores to the millionth.
    pub filename: String,
}

/// What the numbers of a classifier are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Logits, whose softmax is the score.
    Softmax,
    /// Scores already.
    None,
}

impl Description for ImageClassification {
    fn files(&self) -> Vec<FileReference<'_>> {
        vec![
            FileReference::graph("graph", &self.graph),
            FileReference::asset("labels", &self.labels),
        ]
    }

    fn check(&self, parts: &Parts<'_>) -> Result<(), BundleError> {
        parts.variable("picture", &self.picture, &["file"])?;
        self.framing.check("framing")?;
        let (width, height) = (self.framing.width as usize, self.framing.height as usize);
        let (element, shape): (ElementType, _) = match &self.normalization {
            Some(normalization) => {
                normalization.check("normalization")?;
                (Float32, [1, 3, height, width])
            }
            None => (Uint8, [1, height, width, 3]),
        };
        parts
            .graph_input("tensor", &self.graph, &self.tensor, &[element])?
            .accepts("framing", &shape)?;
        parts.every_input_fed("graph", &self.graph, &[&self.tensor])?;
        let labels: Vec<String> = parts.json("labels", &self.labels)?;
        if labels.is_empty() {
            return Parts::wrong("labels", "there are none");
        }
        parts
            .graph_output("scores", &self.graph, &self.scores, &[Float32, Int32])?
            .accepts("labels", &[1, labels.len()])?;
        if !(1..=labels.len()).contains(&(self.top as usize)) {
            return Parts::wrong("top", format!("1 to {} are allowed", labels.len()));
        }
        parts.only_output("filename", &self.filename, OutputKind::Text)
    }
}
