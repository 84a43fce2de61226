//! Making a bundle: from a template, files and example inputs to a manifest and a passport.
//!
//! In a folder the model's author writes `template.json` and `source.json` (see [`Source`])
//! beside the graphs; [`pack_folder`] adds `manifest.json` and `passport.json` and names the
//! bundle in the template.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::model::{LoadedModel, Outputs};
use super::rten::Rten;
use super::runtime::{Device, Runtime, SessionOptions};
use super::{InferenceError, Solver, pin};
use crate::content::unixfs;
use crate::model::bundle::{BundleError, MANIFEST_FILE, Manifest, TEMPLATE_FILE};
use crate::model::passport::PassportError;
use crate::model::{Bundle, Class, Golden, Passport, Pipeline, Template, TemplateError};

/// File name that [`pack`] gives the passport.
pub const PASSPORT_FILE: &str = "passport.json";

/// File name of a model's [`Source`].
pub const SOURCE_FILE: &str = "source.json";

/// Why a bundle could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The template is wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// What was given makes no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The examples make no passport.
    #[error(transparent)]
    Passport(#[from] PassportError),
    /// An example did not run.
    #[error("example {index} did not run: {source}")]
    Example {
        /// Its place, from 0.
        index: usize,
        /// Why.
        source: InferenceError,
    },
    /// The source is malformed.
    #[error("{path} is malformed: {reason}")]
    Source {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Something cannot be written as JSON.
    #[error("cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// What a model's author writes down of it, apart from its template.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// A short name of the model.
    pub name: String,
    /// SPDX expression of the licence of the weights.
    pub license: String,
    /// What the model promises.
    pub class: Class,
    /// How it runs.
    pub pipeline: Pipeline,
    /// Graphs and assets, by their paths from this folder: a bundle may share a graph with one
    /// that lies beside it. In the bundle each has the last name of its path.
    pub files: Vec<String>,
    /// What becomes the goldens.
    pub examples: Vec<Example>,
}

/// An input that becomes a golden.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// A task's input.
    pub input: Json,
    /// A task's seed.
    pub seed: u64,
}

/// What a bundle is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The template's JSON; `meta.bundle` is added or replaced.
    pub template: Vec<u8>,
    /// A short name of the model.
    pub name: String,
    /// SPDX expression of the licence of the weights.
    pub license: String,
    /// How it runs.
    pub pipeline: Pipeline,
    /// Graphs and assets by name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What the model promises.
    pub class: Class,
    /// What becomes the goldens.
    pub examples: Vec<Example>,
}

impl Parts {
    /// Reads the source of a model from a folder.
    ///
    /// # Errors
    /// [`PackError::Source`] or [`PackError::File`].
    pub fn read(folder: &Path) -> Result<Self, PackError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|source| PackError::File { path, source })
        };
        let source: Source =
            serde_json::from_slice(&read(SOURCE_FILE)?).map_err(|error| PackError::Source {
                path: folder.join(SOURCE_FILE),
                reason: error.to_string(),
            })?;
        let mut files = BTreeMap::new();
        for path in source.files {
            let bytes = read(&path)?;
            let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
            if files.insert(name, bytes).is_some() {
                return Err(PackError::Source {
                    path: folder.join(SOURCE_FILE),
                    reason: format!("two of its files have the last name of {path}"),
                });
            }
        }
        Ok(Self {
            template: read(TEMPLATE_FILE)?,
            name: source.name,
            license: source.license,
            pipeline: source.pipeline,
            files,
            class: source.class,
            examples: source.examples,
        })
    }
}

/// A bundle's files as they are to be written, by name.
#[derive(Debug, Clone)]
pub struct Packed {
    /// `template.json`, which is also what goes on-chain.
    pub template: Vec<u8>,
    /// `manifest.json`.
    pub manifest: Vec<u8>,
    /// `passport.json`; the other files are as they were given.
    pub passport: Vec<u8>,
    /// All of it, checked.
    pub bundle: Bundle,
}

/// Makes a bundle; the goldens are computed on the embedded runtime.
///
/// # Errors
/// [`PackError`].
pub fn pack(parts: &Parts) -> Result<Packed, PackError> {
    pack_on(parts, &Rten)
}

/// Makes a bundle; the goldens are computed on that runtime, with the options that the class
/// `pinned` names if the model is of it.
///
/// # Errors
/// [`PackError`].
pub fn pack_on(parts: &Parts, runtime: &dyn Runtime) -> Result<Packed, PackError> {
    let draft = draft(parts)?;
    let mut model = LoadedModel::load(runtime, &draft, &options(&parts.class))
        .map_err(|source| PackError::Example { index: 0, source })?;
    let mut goldens = Vec::with_capacity(parts.examples.len());
    for (index, example) in parts.examples.iter().enumerate() {
        let input = example.input.to_string();
        let outputs = model.solve(input.as_bytes(), example.seed);
        goldens.push(golden(index, example, outputs)?);
    }
    finish(parts, goldens)
}

/// Makes a bundle; the goldens are computed by that solver, such as the Cog server of a model
/// in a container.
///
/// # Errors
/// [`PackError`].
pub async fn pack_with(parts: &Parts, solver: &dyn Solver) -> Result<Packed, PackError> {
    let draft = draft(parts)?;
    let mut goldens = Vec::with_capacity(parts.examples.len());
    for (index, example) in parts.examples.iter().enumerate() {
        let input = example.input.to_string();
        let outputs = solver.solve(&draft, input.as_bytes(), example.seed).await;
        goldens.push(golden(index, example, outputs)?);
    }
    finish(parts, goldens)
}

/// The bundle without its goldens, to make them with.
fn draft(parts: &Parts) -> Result<Bundle, PackError> {
    let passport = Passport::new(parts.class.clone(), vec![placeholder()])?;
    Ok(assemble(parts, &passport)?.0)
}

fn golden(
    index: usize,
    example: &Example,
    outputs: Result<Outputs, InferenceError>,
) -> Result<Golden, PackError> {
    let cid = outputs
        .and_then(|outputs| outputs.cid())
        .map_err(|source| PackError::Example { index, source })?;
    Ok(Golden {
        input: example.input.clone(),
        seed: example.seed,
        cid: cid.to_string(),
    })
}

fn finish(parts: &Parts, goldens: Vec<Golden>) -> Result<Packed, PackError> {
    let passport = Passport::new(parts.class.clone(), goldens)?;
    let (bundle, passport) = assemble(parts, &passport)?;
    Ok(Packed {
        template: bundle.template_bytes().to_vec(),
        manifest: bundle.manifest_bytes().to_vec(),
        passport,
        bundle,
    })
}

/// The options of a session for a model of that class: what it is pinned to on the processor,
/// or the first GPU.
fn options(class: &Class) -> SessionOptions {
    let Class::Pinned(pinned) = class else {
        return SessionOptions::default();
    };
    let device = match pinned.gpu {
        None => Device::Cpu,
        Some(_) => Device::Cuda {
            ordinal: 0,
            memory_bytes: None,
        },
    };
    pin::session_options(pinned, device).unwrap_or_default()
}

/// Makes the bundle of a folder on the embedded runtime and writes it there.
///
/// # Errors
/// [`PackError`].
pub fn pack_folder(folder: &Path) -> Result<Bundle, PackError> {
    pack_folder_on(folder, &Rten)
}

/// Makes the bundle of a folder on that runtime and writes it there.
///
/// # Errors
/// [`PackError`].
pub fn pack_folder_on(folder: &Path, runtime: &dyn Runtime) -> Result<Bundle, PackError> {
    write(folder, pack_on(&Parts::read(folder)?, runtime)?)
}

/// Makes the bundle of a folder by that solver and writes it there.
///
/// # Errors
/// [`PackError`].
pub async fn pack_folder_with(folder: &Path, solver: &dyn Solver) -> Result<Bundle, PackError> {
    write(folder, pack_with(&Parts::read(folder)?, solver).await?)
}

fn write(folder: &Path, packed: Packed) -> Result<Bundle, PackError> {
    for (name, bytes) in [
        (TEMPLATE_FILE, &packed.template),
        (MANIFEST_FILE, &packed.manifest),
        (PASSPORT_FILE, &packed.passport),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(|source| PackError::File { path, source })?;
    }
    Ok(packed.bundle)
}

/// Stands in while the outputs are still being computed.
fn placeholder() -> Golden {
    Golden {
        input: Json::Null,
        seed: 0,
        cid: unixfs::cid_of(&[]).to_string(),
    }
}

fn assemble(parts: &Parts, passport: &Passport) -> Result<(Bundle, Vec<u8>), PackError> {
    let passport = written(passport)?;
    let mut files = parts.files.clone();
    files.insert(PASSPORT_FILE.into(), passport.clone());
    let manifest = written(&Manifest::new(
        parts.name.clone(),
        parts.license.clone(),
        parts.pipeline.clone(),
        PASSPORT_FILE.into(),
        &files,
    )?)?;
    Template::parse(&parts.template)?;
    let mut template: Json = serde_json::from_slice(&parts.template)?;
    if let Some(meta) = template.get_mut("meta").and_then(Json::as_object_mut) {
        let meta: &mut Map<String, Json> = meta;
        meta.insert(
            "bundle".into(),
            unixfs::cid_of(&manifest).to_string().into(),
        );
    }
    let template = written(&template)?;
    let named = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    Ok((Bundle::from_bytes(&template, &manifest, named)?, passport))
}

/// Indented JSON with a line break at its end, as files of a repository have it.
fn written(value: &impl serde::Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}
