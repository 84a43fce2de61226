//! Image classification: a picture through one graph, the likeliest labels out.

use serde_json::json;

use super::graphs::{Graphs, wrong};
use super::run::Run;
use super::values;
use crate::inference::arithmetic::softmax;
use crate::inference::picture::Picture;
use crate::inference::runtime::{Elements, Tensor};
use crate::inference::{InferenceError, OutputFile, canonical_json};
use crate::model::Bundle;
use crate::model::input::Inputs;
use crate::model::pipeline::ImageClassification;
use crate::model::pipeline::image_classification::Activation;

/// Image classification with its labels.
#[derive(Debug)]
pub struct ImageClassificationPipeline {
    description: ImageClassification,
    labels: Vec<String>,
}

impl ImageClassificationPipeline {
    /// Reads the labels.
    ///
    /// # Errors
    /// [`InferenceError::Asset`].
    pub fn new(bundle: &Bundle, description: ImageClassification) -> Result<Self, InferenceError> {
        Ok(Self {
            labels: values::json_asset(bundle, &description.labels)?,
            description,
        })
    }

    fn tensor(&self, picture: &Picture) -> Option<Tensor> {
        let (height, width) = (picture.height() as usize, picture.width() as usize);
        match &self.description.normalization {
            Some(normalization) => Tensor::new(
                vec![1, 3, height, width],
                Elements::F32(picture.planes(normalization)),
            ),
            None => Tensor::new(
                vec![1, height, width, 3],
                Elements::U8(picture.pixels().to_vec()),
            ),
        }
    }
}

impl Run for ImageClassificationPipeline {
    fn run(&self, graphs: &mut Graphs, inputs: &Inputs) -> Result<Vec<OutputFile>, InferenceError> {
        let described = &self.description;
        let graph = &described.graph;
        let file = values::file(inputs, &described.picture)?;
        let picture = Picture::decode(&described.picture, file)?.framed(&described.framing);
        let tensor = self.tensor(&picture);
        let tensor = tensor.ok_or_else(|| wrong(graph, "a picture that does not fit"))?;
        let given = [(described.tensor.as_str(), tensor)];
        let made = graphs.run_for_one(graph, &given, &described.scores)?;
        let numbers: Vec<f64> = match made.elements() {
            Elements::F32(data) => data.iter().copied().map(f64::from).collect(),
            Elements::I32(data) => data.iter().copied().map(f64::from).collect(),
            _ => return Err(wrong(graph, "scores that are neither float32 nor int32")),
        };
        if numbers.len() != self.labels.len() {
            let (found, labels) = (numbers.len(), self.labels.len());
            return Err(wrong(graph, format!("{found} scores for {labels} labels")));
        }
        let scores = match described.activation {
            Activation::Softmax => softmax(&numbers),
            Activation::None => numbers,
        };
        let mut order: Vec<_> = self.labels.iter().zip(&scores).collect();
        // Stable, so that equal scores stay in the order of the labels.
        order.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let likeliest: Vec<_> = order
            .into_iter()
            .take(described.top as usize)
            .map(|(label, score)| {
                json!({ "label": label, "score": canonical_json::millionths(*score) })
            })
            .collect();
        Ok(vec![OutputFile {
            name: described.filename.clone(),
            bytes: canonical_json::encode(&json!({ "labels": likeliest })),
        }])
    }
}
