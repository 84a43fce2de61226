//! A bundle loaded on a runtime: a task's input and seed in, files out.

use std::fmt;

use super::pipelines::{Graphs, Run, prepare};
use super::runtime::{Runtime, RuntimeId, SessionOptions};
use super::task_files::{self, TaskFiles};
use super::{InferenceError, pin, rten::Rten};
use crate::content::{Cid, unixfs};
use crate::model::{Bundle, Class, integer};

/// A file that a model made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// Its name in the template.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Everything a task asked for, in the order of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    /// The files.
    pub files: Vec<OutputFile>,
}

impl Outputs {
    /// The CID that goes on-chain: of the directory that holds the files under their names.
    ///
    /// # Errors
    /// [`InferenceError::Outputs`] if the names make no directory.
    pub fn cid(&self) -> Result<Cid, InferenceError> {
        let files: Vec<_> = self
            .files
            .iter()
            .map(|f| (f.name.as_str(), &f.bytes))
            .collect();
        unixfs::cid_of_files(&files).map_err(|error| InferenceError::Outputs(error.to_string()))
    }
}

/// Solves one task on the embedded runtime, in this process.
///
/// `input` is the task's input as it stands on-chain, JSON; `seed` its seed, protocol
/// section 2. To solve several tasks of a model, keep a [`LoadedModel`].
///
/// # Errors
/// [`InferenceError`]; its [`blame`](InferenceError::blame) says whose fault it is.
pub fn solve(bundle: &Bundle, input: &[u8], seed: u64) -> Result<Outputs, InferenceError> {
    LoadedModel::load(&Rten, bundle, &SessionOptions::default())?.solve(input, seed)
}

/// A model that is ready to run.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::{
///     inference::{LoadedModel, SessionOptions, rten::Rten},
///     model::Bundle,
/// };
///
/// let digits = arbius_models::digits();
/// let files = digits.files.iter().copied();
/// let bundle = Bundle::from_bytes(digits.template, digits.manifest, files)?;
///
/// // Loading takes longest; solve as many tasks as there are.
/// let mut model = LoadedModel::load(&Rten, &bundle, &SessionOptions::default())?;
/// for seed in 0..3 {
///     let outputs = model.solve(br#"{"prompt": "a seven"}"#, seed)?;
///     println!("{}", outputs.cid()?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct LoadedModel {
    bundle: Bundle,
    runtime: RuntimeId,
    graphs: Graphs,
    pipeline: Box<dyn Run>,
}

impl fmt::Debug for LoadedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedModel")
            .field("model", &self.bundle.manifest().name)
            .field("runtime", &self.runtime)
            .finish_non_exhaustive()
    }
}

impl LoadedModel {
    /// Loads the graphs of a bundle.
    ///
    /// A model of the class `integer` is checked to be of it first, on every load: the
    /// passport is the model owner's word. A `pinned` one is refused on anything else than
    /// what it is pinned to.
    ///
    /// # Errors
    /// [`InferenceError`].
    pub fn load(
        runtime: &dyn Runtime,
        bundle: &Bundle,
        options: &SessionOptions,
    ) -> Result<Self, InferenceError> {
        if let Class::Pinned(pinned) = &bundle.passport().class {
            pin::check(pinned, &runtime.id(), options)?;
        }
        let pipeline = prepare(bundle)?;
        let mut graphs = Graphs::default();
        for name in bundle.manifest().pipeline.graphs() {
            let missing = || InferenceError::Graph {
                graph: name.to_owned(),
                reason: "the bundle does not hold it".into(),
            };
            let onnx = bundle.file(name).ok_or_else(missing)?;
            let signature = bundle.signature(name).ok_or_else(missing)?;
            if bundle.is_integer() {
                integer::check(onnx).map_err(|source| InferenceError::NotInteger {
                    graph: name.to_owned(),
                    source,
                })?;
            }
            let session = runtime.load(onnx, options)?;
            graphs.insert(name.to_owned(), session, signature.clone());
        }
        Ok(Self {
            bundle: bundle.clone(),
            runtime: runtime.id(),
            graphs,
            pipeline,
        })
    }

    /// The bundle.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// What it runs on.
    pub fn runtime(&self) -> &RuntimeId {
        &self.runtime
    }

    /// Solves one task that names no files, or files of the bundle.
    ///
    /// # Errors
    /// [`InferenceError`]; its [`blame`](InferenceError::blame) says whose fault it is.
    pub fn solve(&mut self, input: &[u8], seed: u64) -> Result<Outputs, InferenceError> {
        self.solve_with(input, seed, &TaskFiles::new())
    }

    /// Solves one task with the files that it names. The caller has checked their bytes
    /// against their CIDs, as [`task_files::bring`] does.
    ///
    /// # Errors
    /// [`InferenceError`]; its [`blame`](InferenceError::blame) says whose fault it is.
    pub fn solve_with(
        &mut self,
        input: &[u8],
        seed: u64,
        files: &TaskFiles,
    ) -> Result<Outputs, InferenceError> {
        let inputs = self.bundle.template().hydrate(input, seed)?;
        let files = task_files::by_variable(&self.bundle, inputs.values(), files)?;
        let files = self
            .pipeline
            .run(&mut self.graphs, &inputs.with_files(files))?;
        Ok(Outputs { files })
    }
}
