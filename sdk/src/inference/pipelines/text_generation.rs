//! Text generation: the prompt in one run of the decoder, then one token a run.

use serde_json::json;

use super::graphs::{Graphs, floats, wrong};
use super::run::Run;
use super::values;
use crate::inference::runtime::{Elements, Tensor};
use crate::inference::sampling::Sampling;
use crate::inference::tokenizer::Tokenizer;
use crate::inference::{InferenceError, OutputFile, canonical_json, noise};
use crate::model::Bundle;
use crate::model::input::Inputs;
use crate::model::pipeline::TextGeneration;
use crate::model::pipeline::text_generation::TextFormat;

/// Text generation with its tokenizer.
#[derive(Debug)]
pub struct TextGenerationPipeline {
    description: TextGeneration,
    tokenizer: Tokenizer,
    /// The cache's inputs and outputs.
    ports: Vec<(String, String)>,
}

impl TextGenerationPipeline {
    /// Reads the tokenizer.
    ///
    /// # Errors
    /// [`InferenceError::Asset`].
    pub fn new(bundle: &Bundle, description: TextGeneration) -> Result<Self, InferenceError> {
        let tokenizer = Tokenizer::read(bundle, &description.tokenizer)?;
        Ok(Self {
            ports: description.cache.ports(),
            description,
            tokenizer,
        })
    }

    fn prompt(&self, inputs: &Inputs) -> Result<Vec<u32>, InferenceError> {
        let field = &self.description.prompt;
        let tokens = self.tokenizer.encode(field, values::text(inputs, field)?)?;
        let refused = |reason: String| InferenceError::Refused {
            field: field.clone(),
            reason,
        };
        if tokens.is_empty() {
            return Err(refused("the model needs at least one token of text".into()));
        }
        // One place at least is for what is made.
        if tokens.len() >= self.description.context as usize {
            return Err(refused(format!(
                "{} tokens; the model holds {}, and what it makes is among them",
                tokens.len(),
                self.description.context
            )));
        }
        Ok(tokens)
    }

    fn sampling(&self, inputs: &Inputs) -> Result<Sampling, InferenceError> {
        let described = &self.description.sampling;
        let most = self.description.tokenizer.vocabulary;
        Ok(Sampling {
            temperature: values::decimal(inputs, &described.temperature, 0.0, 100.0)?,
            top_k: values::whole(inputs, &described.top_k, 0, most)? as usize,
            top_p: values::decimal(inputs, &described.top_p, 0.0, 1.0)?,
            repetition_penalty: values::decimal(inputs, &described.repetition_penalty, 0.1, 10.0)?,
        })
    }

    /// The cache before anything is in it.
    fn empty_cache(&self) -> Result<Vec<Tensor>, InferenceError> {
        let cache = &self.description.cache;
        let shape = vec![1, cache.heads, 0, cache.width];
        let empty = Tensor::new(shape, Elements::F32(Vec::new()))
            .ok_or_else(|| wrong(&self.description.graph, "a cache of no size"))?;
        Ok(vec![empty; self.ports.len()])
    }

    /// Runs the decoder over tokens that follow `past` others, and gives the logits of the
    /// last of them with the cache after it.
    fn step(
        &self,
        graphs: &mut Graphs,
        tokens: &[u32],
        past: usize,
        cache: Vec<Tensor>,
    ) -> Result<(Vec<f32>, Vec<Tensor>), InferenceError> {
        let described = &self.description;
        let graph = &described.graph;
        let whole = |name: &str, numbers: &[i64]| {
            graphs.whole_numbers(graph, name, vec![1, numbers.len()], numbers)
        };
        let count = tokens.len();
        let ids: Vec<i64> = tokens.iter().copied().map(i64::from).collect();
        let mut given = vec![(described.tokens.as_str(), whole(&described.tokens, &ids)?)];
        if let Some(name) = &described.attention_mask {
            given.push((name, whole(name, &vec![1; past + count])?));
        }
        if let Some(name) = &described.positions {
            let places: Vec<i64> = (past as i64..(past + count) as i64).collect();
            given.push((name, whole(name, &places)?));
        }
        let inputs = self.ports.iter().map(|(past, _)| past.as_str());
        given.extend(inputs.zip(cache));
        let mut wanted = vec![described.logits.as_str()];
        wanted.extend(self.ports.iter().map(|(_, present)| present.as_str()));
        let mut made = graphs.run(graph, &given, &wanted)?.into_iter();
        let logits = made.next().ok_or_else(|| wrong(graph, "no logits"))?;
        let vocabulary = described.tokenizer.vocabulary as usize;
        let all = floats(graph, &logits, &[1, count, vocabulary])?;
        let last = all.get(all.len().saturating_sub(vocabulary)..);
        let cache: Vec<Tensor> = made.collect();
        let shape = [
            1,
            described.cache.heads,
            past + count,
            described.cache.width,
        ];
        for tensor in &cache {
            floats(graph, tensor, &shape)?;
        }
        Ok((last.unwrap_or_default().to_vec(), cache))
    }
}

impl Run for TextGenerationPipeline {
    fn run(&self, graphs: &mut Graphs, inputs: &Inputs) -> Result<Vec<OutputFile>, InferenceError> {
        let described = &self.description;
        let mut tokens = self.prompt(inputs)?;
        let prompt = tokens.len();
        let sampling = self.sampling(inputs)?;
        let most = values::whole(inputs, &described.max_tokens, 1, described.context)?;
        let most = (most as usize).min(described.context as usize - prompt);
        let draws = noise::uniforms(inputs.seed, described.sampling.stream, most);
        let mut cache = self.empty_cache()?;
        let mut done = 0;
        for draw in draws {
            let (logits, after) = self.step(graphs, &tokens[done..], done, cache)?;
            (cache, done) = (after, tokens.len());
            let next = sampling.choose(&logits, &tokens, draw);
            let next = next.ok_or_else(|| wrong(&described.graph, "no logits"))?;
            if described.stop.contains(&next) {
                break;
            }
            tokens.push(next);
        }
        let made = &tokens[prompt..];
        let text = self.tokenizer.decode(made)?;
        let bytes = match described.format {
            TextFormat::Text => text.into_bytes(),
            TextFormat::Json => canonical_json::encode(&json!({ "text": text, "tokens": made })),
        };
        Ok(vec![OutputFile {
            name: described.filename.clone(),
            bytes,
        }])
    }
}
