//! Does this machine keep a model's promise?
//!
//! A miner never commits to an output of a model whose passport its machine has not passed.
//! [`certify`] decides the class from the graphs, runs every golden and compares CIDs.

use std::time::{Duration, Instant};

use thiserror::Error;

use super::InferenceError;
use super::model::LoadedModel;
use super::runtime::{Runtime, RuntimeId, SessionOptions};
use crate::model::integer::{self, IntegerError, Summary};
use crate::model::{Bundle, Class, passport::PassportError};

/// Why a model is not certified on this machine.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CertifyError {
    /// The passport claims the class `integer` and a graph is not of it.
    #[error("refused the class integer: graph `{graph}`: {source}")]
    NotInteger {
        /// The bundle's file.
        graph: String,
        /// The rule that is broken.
        source: IntegerError,
    },
    /// A golden failed to run.
    #[error("golden {index} did not run: {source}")]
    Golden {
        /// Its place in the passport, from 0.
        index: usize,
        /// Why.
        source: InferenceError,
    },
    /// The model cannot be loaded, or a golden came out differently.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// The passport is wrong.
    #[error(transparent)]
    Passport(#[from] PassportError),
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Report {
    /// The runtime that was certified.
    pub runtime: RuntimeId,
    /// With these options.
    pub options: SessionOptions,
    /// What the static check says of each graph, for models of the class `integer`.
    pub graphs: Vec<(String, Summary)>,
    /// Goldens that came out right; all of them.
    pub goldens: usize,
    /// How long loading took.
    pub load: Duration,
    /// How long the slowest golden took.
    pub slowest: Duration,
}

/// Certifies a model on one runtime with one set of options.
///
/// # Errors
/// [`CertifyError`]: the model must not be mined so.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::{
///     inference::{SessionOptions, certify, rten::Rten},
///     model::Bundle,
/// };
///
/// let digits = arbius_models::digits();
/// let files = digits.files.iter().copied();
/// let bundle = Bundle::from_bytes(digits.template, digits.manifest, files)?;
///
/// let report = certify(&bundle, &Rten, &SessionOptions::default())?;
/// println!("{} goldens on {}", report.goldens, report.runtime);
/// # Ok(())
/// # }
/// ```
pub fn certify(
    bundle: &Bundle,
    runtime: &dyn Runtime,
    options: &SessionOptions,
) -> Result<Report, CertifyError> {
    let mut graphs = Vec::new();
    if let Class::Integer {} = bundle.passport().class {
        for name in bundle.manifest().pipeline.graphs() {
            let onnx = bundle
                .file(name)
                .map(|bytes| &bytes[..])
                .unwrap_or_default();
            let summary = integer::check(onnx).map_err(|source| CertifyError::NotInteger {
                graph: name.to_owned(),
                source,
            })?;
            graphs.push((name.to_owned(), summary));
        }
    }
    let started = Instant::now();
    let mut model = LoadedModel::load(runtime, bundle, options)?;
    let load = started.elapsed();
    let mut slowest = Duration::ZERO;
    for (index, golden) in bundle.passport().goldens.iter().enumerate() {
        let expected = bundle.passport().golden_cid(index)?;
        let input = golden.input.to_string();
        let started = Instant::now();
        let outputs = model
            .solve(input.as_bytes(), golden.seed)
            .map_err(|source| CertifyError::Golden { index, source })?;
        slowest = slowest.max(started.elapsed());
        let found = outputs.cid()?;
        if found != expected {
            return Err(InferenceError::Golden {
                index,
                found: Box::new(found),
                expected: Box::new(expected),
            }
            .into());
        }
    }
    Ok(Report {
        runtime: runtime.id(),
        options: options.clone(),
        graphs,
        goldens: bundle.passport().goldens.len(),
        load,
        slowest,
    })
}
