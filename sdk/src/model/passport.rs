//! The passport: what a model promises about its bytes, and examples to hold it to.
//!
//! A model declares its class. `integer` promises the same bytes on any hardware and
//! runtime, and [`integer`](super::integer) decides from the graph whether that can be
//! true. `pinned` promises them only for one exact runtime, version, provider and set of
//! session options. Either way the passport carries golden inputs with the CIDs of their
//! outputs: a machine that does not reproduce them must not mine the model.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::content::{Cid, cids};

/// Version of the passport's JSON that this program writes and reads.
pub const PASSPORT_SCHEMA: u32 = 1;

/// Why a passport was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PassportError {
    /// Not the JSON of a passport.
    #[error("the passport is malformed: {0}")]
    Malformed(String),
    /// Of a version that this program does not know.
    #[error("the passport has schema {0}; this program knows {PASSPORT_SCHEMA}: upgrade it")]
    Schema(u64),
    /// A passport without examples proves nothing.
    #[error("the passport has no goldens; at least one is needed to certify a machine")]
    NoGoldens,
    /// A golden's CID is none.
    #[error("golden {index}: {reason}")]
    Golden {
        /// Its place in the list, from 0.
        index: usize,
        /// What is wrong with the CID.
        reason: String,
    },
}

/// How far the promise of equal bytes reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Class {
    /// Any hardware, any runtime.
    Integer {},
    /// This runtime with these options only.
    Pinned(Pinned),
}

/// What a `pinned` model is pinned to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinned {
    /// `rten` or `onnxruntime`.
    pub runtime: String,
    /// The runtime's exact version, such as `1.31.1`.
    pub version: String,
    /// The execution provider, `cpu` or `cuda`.
    pub provider: String,
    /// Threads within an operator.
    pub threads: usize,
    /// Graph optimisation: `disabled`, `basic`, `extended` or `all`.
    pub optimisation: String,
}

/// An input and what must come out of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// A task's input, as the template takes it.
    pub input: serde_json::Value,
    /// A task's seed.
    pub seed: u64,
    /// CID of the outputs, as it would stand on-chain.
    pub cid: String,
}

/// A passport, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passport {
    schema: u32,
    /// How far the promise reaches.
    pub class: Class,
    /// Examples; at least one.
    pub goldens: Vec<Golden>,
}

impl Passport {
    /// A passport of those examples.
    ///
    /// # Errors
    /// [`PassportError`] without examples, or with one whose CID is none.
    pub fn new(class: Class, goldens: Vec<Golden>) -> Result<Self, PassportError> {
        let passport = Self {
            schema: PASSPORT_SCHEMA,
            class,
            goldens,
        };
        passport.validated()
    }

    /// Reads a passport.
    ///
    /// # Errors
    /// [`PassportError`] if it is none, or of another version.
    pub fn parse(bytes: &[u8]) -> Result<Self, PassportError> {
        let malformed = |e: serde_json::Error| PassportError::Malformed(e.to_string());
        let json: serde_json::Value = serde_json::from_slice(bytes).map_err(malformed)?;
        // The version first: a newer one may have fields that are unknown here.
        if let Some(schema) = json.get("schema").and_then(serde_json::Value::as_u64)
            && schema != u64::from(PASSPORT_SCHEMA)
        {
            return Err(PassportError::Schema(schema));
        }
        serde_json::from_value::<Self>(json)
            .map_err(malformed)?
            .validated()
    }

    fn validated(self) -> Result<Self, PassportError> {
        if self.goldens.is_empty() {
            return Err(PassportError::NoGoldens);
        }
        for index in 0..self.goldens.len() {
            self.golden_cid(index)?;
        }
        Ok(self)
    }

    /// The CID that a golden must have.
    ///
    /// # Errors
    /// [`PassportError::Golden`] if there is no such golden or its CID is none.
    pub fn golden_cid(&self, index: usize) -> Result<Cid, PassportError> {
        let wrong = |reason: String| PassportError::Golden { index, reason };
        let golden = self
            .goldens
            .get(index)
            .ok_or_else(|| wrong("there is none".into()))?;
        cids::parse(&golden.cid).map_err(|error| wrong(error.to_string()))
    }
}
