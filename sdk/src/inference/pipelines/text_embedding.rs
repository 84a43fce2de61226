//! Text embedding: the encoder's states of a text, pooled into one vector.

use serde_json::json;

use super::graphs::{Graphs, floats, wrong};
use super::run::Run;
use super::values;
use crate::inference::tokenizer::Tokenizer;
use crate::inference::{InferenceError, OutputFile, canonical_json};
use crate::model::Bundle;
use crate::model::input::Inputs;
use crate::model::pipeline::TextEmbedding;
use crate::model::pipeline::text_embedding::{Pooling, VectorFormat};

/// Text embedding with its tokenizer.
#[derive(Debug)]
pub struct TextEmbeddingPipeline {
    description: TextEmbedding,
    tokenizer: Tokenizer,
}

impl TextEmbeddingPipeline {
    /// Reads the tokenizer.
    ///
    /// # Errors
    /// [`InferenceError::Asset`].
    pub fn new(bundle: &Bundle, description: TextEmbedding) -> Result<Self, InferenceError> {
        let tokenizer = Tokenizer::read(bundle, &description.tokenizer)?;
        Ok(Self {
            description,
            tokenizer,
        })
    }

    fn pooled(&self, states: &[f32], width: usize) -> Vec<f64> {
        let tokens = states.chunks_exact(width);
        let count = tokens.len() as f64;
        let mut vector = vec![0.0; width];
        let used = match self.description.pooling {
            Pooling::First => 1,
            Pooling::Mean => tokens.len(),
        };
        for token in tokens.take(used) {
            for (sum, state) in vector.iter_mut().zip(token) {
                *sum += f64::from(*state);
            }
        }
        if self.description.pooling == Pooling::Mean {
            vector.iter_mut().for_each(|sum| *sum /= count);
        }
        if self.description.normalize {
            let square = vector.iter().fold(0.0, |sum, x| sum + x * x);
            let length = square.sqrt();
            // A vector without a direction stays what it is.
            if length > 0.0 {
                vector.iter_mut().for_each(|x| *x /= length);
            }
        }
        vector
    }
}

impl Run for TextEmbeddingPipeline {
    fn run(&self, graphs: &mut Graphs, inputs: &Inputs) -> Result<Vec<OutputFile>, InferenceError> {
        let described = &self.description;
        let graph = &described.graph;
        let text = values::text(inputs, &described.text)?;
        let tokens = self
            .tokenizer
            .encode_cut(&described.text, text, described.length)?;
        if tokens.is_empty() {
            return Err(InferenceError::Refused {
                field: described.text.clone(),
                reason: "the model needs at least one token of text".into(),
            });
        }
        let count = tokens.len();
        let ids: Vec<i64> = tokens.into_iter().map(i64::from).collect();
        let row = |name: &str, numbers: &[i64]| {
            graphs.whole_numbers(graph, name, vec![1, count], numbers)
        };
        let mut given = vec![(described.tokens.as_str(), row(&described.tokens, &ids)?)];
        if let Some(name) = &described.attention_mask {
            given.push((name, row(name, &vec![1; count])?));
        }
        if let Some(name) = &described.token_types {
            given.push((name, row(name, &vec![0; count])?));
        }
        let states = graphs.run_for_one(graph, &given, &described.states)?;
        let data = floats(graph, &states, &[1, count, 0])?;
        let width = data.len() / count;
        if width == 0 {
            return Err(wrong(graph, "states of no width"));
        }
        let vector: Vec<f32> = self
            .pooled(data, width)
            .into_iter()
            .map(|x| x as f32)
            .collect();
        let bytes = match described.format {
            VectorFormat::Floats => vector.iter().flat_map(|x| x.to_le_bytes()).collect(),
            VectorFormat::Json => {
                let numbers: Vec<f64> = vector
                    .iter()
                    .map(|x| canonical_json::shortest(*x))
                    .collect();
                canonical_json::encode(&json!({ "embedding": numbers }))
            }
        };
        Ok(vec![OutputFile {
            name: described.filename.clone(),
            bytes,
        }])
    }
}
