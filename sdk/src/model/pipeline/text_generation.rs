//! Text generation by a decoder with a cache of keys and values.

use serde::{Deserialize, Serialize};

use super::description::{Description, FileReference, Parts};
use super::setting::{Decimal, Whole};
use super::tokenizer::Tokenizer;
use crate::model::BundleError;
use crate::model::onnx::ElementType::{Float32, Int32, Int64};
use crate::model::template::OutputKind;

/// The most tokens that a decoder may hold in its cache.
pub const MAX_CONTEXT: u32 = 1 << 17;

/// Text generation, one token a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextGeneration {
    /// How text becomes tokens and tokens become text.
    pub tokenizer: Tokenizer,
    /// The template's variable with the text to go on from.
    pub prompt: String,
    /// The bundle's file with the decoder.
    pub graph: String,
    /// Its input with tokens: whole numbers, `[1, tokens]`.
    pub tokens: String,
    /// Its input with ones for every token so far, `[1, past + tokens]`, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention_mask: Option<String>,
    /// Its input with the places of the tokens, `[1, tokens]`, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positions: Option<String>,
    /// Its output with the logits: float32, `[1, tokens, vocabulary]`.
    pub logits: String,
    /// Its cache.
    pub cache: Cache,
    /// The most tokens, prompt included, that it was made for.
    pub context: u32,
    /// The most tokens to make.
    pub max_tokens: Whole,
    /// Tokens that end the text; they are not part of it.
    pub stop: Vec<u32>,
    /// How a token is chosen.
    pub sampling: Sampling,
    /// What is written.
    pub format: TextFormat,
    /// The template's output that the text is written to.
    pub filename: String,
}

/// The cache of a decoder: for each layer, inputs with the past and outputs with the past
/// and the present. All are float32 of shape `[1, heads, tokens, width]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// How many layers.
    pub layers: u32,
    /// Heads of keys and values.
    pub heads: usize,
    /// Width of a head.
    pub width: usize,
    /// Names of a layer's inputs, such as `past_key_values.{layer}.key`.
    pub past: Vec<String>,
    /// Names of a layer's outputs in the same order, such as `present.{layer}.key`.
    pub present: Vec<String>,
}

impl Cache {
    /// Names of all inputs and outputs, those of a layer together.
    pub fn ports(&self) -> Vec<(String, String)> {
        let pairs = || self.past.iter().zip(&self.present);
        (0..self.layers)
            .flat_map(|layer| {
                let named = move |name: &String| name.replace("{layer}", &layer.to_string());
                pairs().map(move |(past, present)| (named(past), named(present)))
            })
            .collect()
    }
}

/// How a token is chosen from the logits, in this order: the penalty, the temperature, the
/// first `top_k`, the first of those that together reach `top_p`, one uniform variate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// What logits are divided by; 0 takes the greatest, always.
    pub temperature: Decimal,
    /// How many of the likeliest are left; 0 leaves all.
    pub top_k: Whole,
    /// The share of probability that is left; 1 leaves all.
    pub top_p: Decimal,
    /// What logits of tokens that were there before are divided by where they are positive
    /// and multiplied with where they are not (Keskar et al. 2019); 1 changes nothing.
    pub repetition_penalty: Decimal,
    /// Which of the generator's streams the variates come from.
    pub stream: u32,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextFormat {
    /// The text alone, UTF-8.
    Text,
    /// `{"text": …, "tokens": […]}` as canonical JSON.
    Json,
}

impl Description for TextGeneration {
    fn files(&self) -> Vec<FileReference<'_>> {
        let mut files = self.tokenizer.references();
        files.push(FileReference::graph("graph", &self.graph));
        files
    }

    fn check(&self, parts: &Parts<'_>) -> Result<(), BundleError> {
        parts.text("prompt", &self.prompt)?;
        let stops: Vec<_> = self.stop.iter().map(|stop| ("stop", Some(*stop))).collect();
        self.tokenizer.check(&stops)?;
        if !(1..=MAX_CONTEXT).contains(&self.context) {
            return Parts::wrong("context", format!("1 to {MAX_CONTEXT} are allowed"));
        }
        self.check_graph(parts)?;
        self.max_tokens
            .check(parts, "max_tokens", 1, self.context)?;
        let sampling = &self.sampling;
        let temperature = &sampling.temperature;
        temperature.check(parts, "sampling.temperature", 0.0, 100.0)?;
        let most = self.tokenizer.vocabulary;
        sampling.top_k.check(parts, "sampling.top_k", 0, most)?;
        sampling.top_p.check(parts, "sampling.top_p", 0.0, 1.0)?;
        let penalty = &sampling.repetition_penalty;
        penalty.check(parts, "sampling.repetition_penalty", 0.1, 10.0)?;
        parts.only_output("filename", &self.filename, OutputKind::Text)
    }
}

impl TextGeneration {
    fn check_graph(&self, parts: &Parts<'_>) -> Result<(), BundleError> {
        let cache = &self.cache;
        if cache.past.is_empty() || cache.past.len() != cache.present.len() {
            return Parts::wrong("cache.past", "as many names as in cache.present are needed");
        }
        if !(1..=1024).contains(&cache.layers) {
            return Parts::wrong("cache.layers", "1 to 1024 are allowed");
        }
        if !(1..=1024).contains(&cache.heads) || !(1..=4096).contains(&cache.width) {
            return Parts::wrong("cache.heads", "1 to 1024 heads of 1 to 4096 are allowed");
        }
        let row = |field: &str, name: &str| {
            let whole = [Int32, Int64];
            let port = parts.graph_input(field, &self.graph, name, &whole)?;
            port.accepts(field, &[1, 0])
        };
        let mut fed = vec![self.tokens.clone()];
        row("tokens", &self.tokens)?;
        if let Some(name) = &self.attention_mask {
            row("attention_mask", name)?;
            fed.push(name.clone());
        }
        if let Some(name) = &self.positions {
            row("positions", name)?;
            fed.push(name.clone());
        }
        let shape = [1, cache.heads, 0, cache.width];
        for (past, present) in cache.ports() {
            parts
                .graph_input("cache.past", &self.graph, &past, &[Float32])?
                .accepts("cache.past", &shape)?;
            parts
                .graph_output("cache.present", &self.graph, &present, &[Float32])?
                .accepts("cache.present", &shape)?;
            fed.push(past);
        }
        let fed: Vec<&str> = fed.iter().map(String::as_str).collect();
        parts.every_input_fed("graph", &self.graph, &fed)?;
        let vocabulary = self.tokenizer.vocabulary as usize;
        parts
            .graph_output("logits", &self.graph, &self.logits, &[Float32])?
            .accepts("tokenizer.vocabulary", &[1, 0, vocabulary])
    }
}
