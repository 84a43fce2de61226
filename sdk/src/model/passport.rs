//! The passport: what a model promises about its bytes, and examples to hold it to.
//!
//! A model declares its class. `integer` promises the same bytes on any hardware and
//! runtime, and [`integer`](super::integer) decides from the graph whether that can be
//! true. `pinned` promises them only for one exact runtime, version, provider and set of
//! session options. Either way the passport carries golden inputs with the CIDs of their
//! outputs: a machine that does not reproduce them must not mine the model.
//!
//! # Session options of `pinned`
//!
//! | option | ONNX Runtime | where it comes from |
//! |---|---|---|
//! | runtime and exact version | the shared library | [`Pinned::runtime`], [`Pinned::version`] |
//! | provider | CPU, or CUDA and nothing else if that fails | [`Pinned::provider`] |
//! | GPU class | name and compute capability | [`Pinned::gpu`] |
//! | threads within an operator | `intra_op_num_threads` | [`Pinned::threads`] |
//! | optimisation level | `graph_optimization_level` | [`Pinned::optimisation`] |
//! | one operator at a time | sequential execution, 1 thread between operators | always |
//! | deterministic compute | `use_deterministic_compute` | always |
//! | no TensorFloat-32 | `use_tf32=0` | always on CUDA |
//! | fixed search for convolutions | `cudnn_conv_algo_search=DEFAULT`, `cudnn_conv_use_max_workspace=0` | always on CUDA |
//! | memory layout as written | `prefer_nhwc=0` | always on CUDA |
//! | batch of 1 | one task a run | always |
//!
//! Not part of the class, and so a limit of it: the versions of cuDNN and of the driver.

use std::fmt;
use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::content::{Cid, cids};

/// Version of the passport's JSON that this program writes and reads.
pub const PASSPORT_SCHEMA: u32 = 1;

/// Why a passport was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
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
    /// What the model is pinned to makes no sense.
    #[error("passport field `class.{field}`: {reason}")]
    Pinned {
        /// The field.
        field: &'static str,
        /// What would be right.
        reason: String,
    },
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
    /// `rten`, `onnxruntime`, or `cog` for a model in a container.
    pub runtime: String,
    /// The runtime's exact version, such as `1.31.1`.
    pub version: String,
    /// The execution provider, `cpu` or `cuda`.
    pub provider: String,
    /// Threads within an operator.
    pub threads: NonZeroUsize,
    /// Graph optimisation: `disabled`, `basic`, `extended`, `layout` or `all`.
    pub optimisation: String,
    /// The class of the GPU, for the provider `cuda`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<GpuClass>,
}

impl Pinned {
    fn validated(&self) -> Result<(), PassportError> {
        let wrong = |field, reason: &str| {
            let reason = reason.to_owned();
            Err(PassportError::Pinned { field, reason })
        };
        if !["rten", "onnxruntime", "cog"].contains(&self.runtime.as_str()) {
            return wrong("runtime", "expected rten, onnxruntime or cog");
        }
        if self.version.is_empty() {
            return wrong("version", "expected the runtime's exact version");
        }
        match (self.provider.as_str(), &self.gpu) {
            ("cpu", None) => {}
            ("cpu", Some(_)) => return wrong("gpu", "the provider cpu has no GPU"),
            ("cuda", _) if self.runtime == "rten" => {
                return wrong("provider", "rten runs on the provider cpu alone");
            }
            ("cuda", Some(_)) => {}
            ("cuda", None) => {
                return wrong("gpu", "the provider cuda needs the class of the GPU");
            }
            _ => return wrong("provider", "expected cpu or cuda"),
        }
        let levels = ["disabled", "basic", "extended", "layout", "all"];
        if !levels.contains(&self.optimisation.as_str()) {
            return wrong(
                "optimisation",
                "expected disabled, basic, extended, layout or all",
            );
        }
        Ok(())
    }
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} on {}", self.runtime, self.version, self.provider)?;
        if let Some(gpu) = &self.gpu {
            write!(f, " ({gpu})")?;
        }
        let threads = match self.threads.get() {
            1 => "1 thread".to_owned(),
            threads => format!("{threads} threads"),
        };
        write!(f, ", {threads}, optimisation {}", self.optimisation)
    }
}

/// GPUs that make the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GpuClass {
    /// The name that the driver gives it, such as `NVIDIA H100 80GB HBM3`.
    pub name: String,
    /// Its compute capability, such as `9.0`.
    pub compute_capability: String,
}

impl fmt::Display for GpuClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            compute_capability,
        } = self;
        write!(f, "{name}, compute capability {compute_capability}")
    }
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
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::model::{Class, Passport};
///
/// # let digits = arbius_models::digits();
/// # let bytes = digits.file("passport.json").unwrap();
/// let passport = Passport::parse(bytes)?;
/// assert!(matches!(passport.class, Class::Integer {})); // the same bytes on any hardware
/// println!("the first golden gives {}", passport.golden_cid(0)?);
/// # Ok(())
/// # }
/// ```
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
        if let Class::Pinned(pinned) = &self.class {
            pinned.validated()?;
        }
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
