//! Text to tokens and back.
//!
//! The rules are those of the crate `tokenizers`; the workspace pins its version, because
//! other tokens make another output. Tokens around a text, padding and cutting are done
//! here, as the bundle's description says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;
use tokenizers::models::ModelWrapper;
use tokenizers::tokenizer::Tokenizer as Rules;

use super::InferenceError;
use super::pipelines::values::asset;
use crate::model::Bundle;
use crate::model::pipeline::tokenizer::{Tokenizer as Description, TokenizerFiles};

/// The most bytes of a text that is cut into tokens.
pub const MAX_TEXT_BYTES: usize = 1 << 16;

/// A bundle's tokenizer.
#[derive(Debug)]
pub struct Tokenizer {
    rules: Rules,
    file: String,
    start: Option<u32>,
    end: Option<u32>,
}

impl Tokenizer {
    /// Reads the tokenizer of a bundle.
    ///
    /// # Errors
    /// [`InferenceError::Asset`] if its files are none, if it would cut the same text
    /// differently from one time to the next, or if it has tokens that the model has not.
    pub fn read(bundle: &Bundle, description: &Description) -> Result<Self, InferenceError> {
        let (file, json) = match &description.files {
            TokenizerFiles::Json { file } => (file, asset(bundle, file)?.to_vec()),
            TokenizerFiles::Clip { vocabulary, merges } => {
                (vocabulary, clip(bundle, vocabulary, merges)?)
            }
        };
        let wrong = |reason: String| InferenceError::Asset {
            file: file.clone(),
            reason,
        };
        let mut rules = guarded(|| Rules::from_bytes(&json))
            .and_then(|rules| rules.map_err(|error| error.to_string()))
            .map_err(|reason| wrong(format!("it is no tokenizer: {reason}")))?;
        let is_random = match rules.get_model() {
            ModelWrapper::BPE(model) => model.dropout.is_some_and(|share| share > 0.0),
            ModelWrapper::Unigram(model) => model.alpha.is_some_and(|alpha| alpha != 0.0),
            _ => false,
        };
        if is_random {
            let reason = "it drops merges at random (dropout or alpha), so that the same text gives other tokens each time; export it without";
            return Err(wrong(reason.into()));
        }
        let greatest = rules.get_vocab(true).into_values().max();
        let Some(greatest) = greatest else {
            return Err(wrong("it has no tokens".into()));
        };
        if greatest >= description.vocabulary {
            return Err(wrong(format!(
                "it has the token {greatest}, but the model knows {} tokens: this is the tokenizer of another model",
                description.vocabulary
            )));
        }
        rules.with_padding(None);
        let cut = rules.with_truncation(None).map(drop);
        cut.map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            rules,
            file: file.clone(),
            start: description.start,
            end: description.end,
        })
    }

    /// The tokens of a text, with those before and after it. `field` is the variable that
    /// the text comes from.
    ///
    /// # Errors
    /// [`InferenceError::Refused`] if the text is longer than [`MAX_TEXT_BYTES`].
    pub fn encode(&self, field: &str, text: &str) -> Result<Vec<u32>, InferenceError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(InferenceError::Refused {
                field: field.to_owned(),
                reason: format!(
                    "{} bytes of text; at most {MAX_TEXT_BYTES} are taken",
                    text.len()
                ),
            });
        }
        let encoded = guarded(|| self.rules.encode_fast(text, false))
            .and_then(|encoded| encoded.map_err(|error| error.to_string()))
            .map_err(|reason| self.failed(reason))?;
        let tokens = self
            .start
            .into_iter()
            .chain(encoded.get_ids().iter().copied());
        Ok(tokens.chain(self.end).collect())
    }

    /// As [`Tokenizer::encode`], cut to `length` tokens; the one after the text stays.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_cut(
        &self,
        field: &str,
        text: &str,
        length: usize,
    ) -> Result<Vec<u32>, InferenceError> {
        let mut tokens = self.encode(field, text)?;
        if tokens.len() > length {
            tokens.truncate(length);
            if let (Some(last), Some(end)) = (tokens.last_mut(), self.end) {
                *last = end;
            }
        }
        Ok(tokens)
    }

    /// The text of tokens, without the special ones among them.
    ///
    /// # Errors
    /// [`InferenceError::Asset`] if the rules cannot put them together.
    pub fn decode(&self, tokens: &[u32]) -> Result<String, InferenceError> {
        guarded(|| self.rules.decode(tokens, true))
            .and_then(|text| text.map_err(|error| error.to_string()))
            .map_err(|reason| self.failed(reason))
    }

    fn failed(&self, reason: String) -> InferenceError {
        InferenceError::Asset {
            file: self.file.clone(),
            reason,
        }
    }
}

/// The rules of CLIP's tokenizer around a vocabulary and its merges.
fn clip(bundle: &Bundle, vocabulary: &str, merges: &str) -> Result<Vec<u8>, InferenceError> {
    let wrong = |file: &str, reason: String| InferenceError::Asset {
        file: file.to_owned(),
        reason,
    };
    let numbers: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(asset(bundle, vocabulary)?)
            .map_err(|error| wrong(vocabulary, format!("it is no vocabulary: {error}")))?;
    let lines = std::str::from_utf8(asset(bundle, merges)?)
        .map_err(|error| wrong(merges, format!("it is no list of merges: {error}")))?;
    let merges: Vec<&str> = lines
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("#version"))
        .collect();
    let special: Vec<_> = ["<|startoftext|>", "<|endoftext|>"]
        .iter()
        .filter_map(|token| Some((token, numbers.get(*token)?)))
        .map(|(token, number)| {
            json!({
                "id": number, "content": token, "special": true, "normalized": false,
                "single_word": false, "lstrip": false, "rstrip": false,
            })
        })
        .collect();
    let words = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";
    let rules = json!({
        "version": "1.0",
        "added_tokens": special,
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"},
            {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
            {"type": "Lowercase"},
        ]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": words}, "behavior": "Removed", "invert": true},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
        ]},
        "post_processor": null,
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": "<|endoftext|>",
            "continuing_subword_prefix": "", "end_of_word_suffix": "</w>", "fuse_unk": false,
            "vocab": numbers, "merges": merges,
        },
    });
    Ok(rules.to_string().into_bytes())
}

/// Runs what may panic on a hostile tokenizer and turns a panic into an error.
fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    // Rules are read, not written to, apart from a cache that a panic leaves usable.
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| "the tokenizer panicked".into())
}
