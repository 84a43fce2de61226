//! The tokenizer of a bundle: its files and the tokens that stand around a text.

use serde::{Deserialize, Serialize};

use super::description::{FileReference, Parts};
use crate::model::BundleError;

/// How text becomes tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokenizer {
    /// Where vocabulary and rules are.
    pub files: TokenizerFiles,
    /// The token before every text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u32>,
    /// The token after every text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<u32>,
    /// How many tokens the model knows, which is the size of its embedding table: every
    /// token's number lies below. A tokenizer with others is another model's.
    pub vocabulary: u32,
}

/// The files of a tokenizer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenizerFiles {
    /// All in one `tokenizer.json`, as the library `tokenizers` writes it. What it says of
    /// special tokens, padding and truncation is not used: the description does.
    Json {
        /// The bundle's file.
        file: String,
    },
    /// CLIP's byte pair encoding from `vocab.json` and `merges.txt`: lower case, composed
    /// characters, words that end in `</w>`.
    Clip {
        /// The bundle's file with the numbers of tokens.
        vocabulary: String,
        /// The bundle's file with the merges in order.
        merges: String,
    },
}

impl Tokenizer {
    /// The files of the bundle that it names.
    pub fn references(&self) -> Vec<FileReference<'_>> {
        match &self.files {
            TokenizerFiles::Json { file } => {
                vec![FileReference::asset("tokenizer.files.file", file)]
            }
            TokenizerFiles::Clip { vocabulary, merges } => vec![
                FileReference::asset("tokenizer.files.vocabulary", vocabulary),
                FileReference::asset("tokenizer.files.merges", merges),
            ],
        }
    }

    /// Checks that the tokens around a text, and `others` by field, are in the vocabulary.
    ///
    /// # Errors
    /// [`BundleError::Field`].
    pub fn check(&self, others: &[(&str, Option<u32>)]) -> Result<(), BundleError> {
        let own = [("tokenizer.start", self.start), ("tokenizer.end", self.end)];
        for (field, token) in own.iter().chain(others) {
            if let Some(token) = token
                && *token >= self.vocabulary
            {
                return Parts::wrong(
                    field,
                    format!("token {token}; the vocabulary has {}", self.vocabulary),
                );
            }
        }
        Ok(())
    }
}
