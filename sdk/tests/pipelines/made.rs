//! Bundles of tiny models, and the runtimes to try them on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arbius_sdk::content::unixfs;
use arbius_sdk::inference::onnxruntime::{LIBRARY_VARIABLE, OnnxRuntime};
use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::{
    InferenceError, LoadedModel, Outputs, Runtime, SessionOptions, TaskFiles,
};
use arbius_sdk::model::{Bundle, BundleError, Golden, Manifest, Passport};
use serde_json::{Value as Json, json};

use crate::parts::part;

/// rten, and ONNX Runtime where its library is.
pub(crate) fn runtimes() -> Vec<Box<dyn Runtime>> {
    let mut found: Vec<Box<dyn Runtime>> = vec![Box::new(Rten)];
    if let Some(library) = part("onnxruntime", LIBRARY_VARIABLE) {
        found.push(Box::new(OnnxRuntime::load(library.as_ref()).unwrap()));
    }
    found
}

/// A file of `tiny/`.
pub(crate) fn tiny(name: &str) -> Vec<u8> {
    committed("tiny", name)
}

/// A file of `samples/`.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    committed("samples", name)
}

fn committed(folder: &str, name: &str) -> Vec<u8> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pipelines");
    let path = format!("{root}/{folder}/{name}");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What numpy says of a pipeline.
pub(crate) fn reference(part: &str) -> Json {
    let mut all: Json = serde_json::from_slice(&tiny("reference.json")).unwrap();
    all[part].take()
}

pub(crate) fn floats(json: &Json) -> Vec<f64> {
    let list = json.as_array().unwrap();
    list.iter().map(|number| number.as_f64().unwrap()).collect()
}

/// A model that a test may still change.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) pipeline: Json,
    /// The template's inputs.
    pub(crate) inputs: Json,
    /// Name and type of the template's output.
    pub(crate) output: (&'static str, &'static str),
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

impl Model {
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Json)) -> Self {
        change(&mut self.pipeline);
        self
    }

    pub(crate) fn bundle(&self, runtime: &dyn Runtime) -> Result<Bundle, BundleError> {
        let id = runtime.id();
        let class = json!({
            "kind": "pinned", "runtime": id.name, "version": id.version, "provider": "cpu",
            "threads": 1, "optimisation": "all",
        });
        let golden = Golden {
            input: json!({}),
            seed: 0,
            cid: unixfs::cid_of(b"").to_string(),
        };
        let passport = Passport::new(serde_json::from_value(class).unwrap(), vec![golden]);
        let mut files = self.files.clone();
        let passport = serde_json::to_vec(&passport.unwrap()).unwrap();
        files.insert("passport.json".into(), passport);
        let pipeline = serde_json::from_value(self.pipeline.clone())
            .map_err(|error| BundleError::Malformed(error.to_string()))?;
        let (name, license) = ("tiny".into(), "MIT".into());
        let manifest = Manifest::new(name, license, pipeline, "passport.json".into(), &files)?;
        let manifest = serde_json::to_vec(&manifest).unwrap();
        let template = json!({
            "meta": {"title": "Tiny", "bundle": unixfs::cid_of(&manifest).to_string()},
            "input": self.inputs,
            "output": [{"filename": self.output.0, "type": self.output.1}],
        });
        let files = files
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        Bundle::from_bytes(template.to_string().as_bytes(), &manifest, files)
    }

    pub(crate) fn load(&self, runtime: &dyn Runtime) -> Result<LoadedModel, InferenceError> {
        let bundle = self.bundle(runtime).unwrap();
        LoadedModel::load(runtime, &bundle, &SessionOptions::default())
    }

    /// Solves one task and gives the bytes of its one file.
    pub(crate) fn solve(
        &self,
        runtime: &dyn Runtime,
        input: &Json,
        seed: u64,
    ) -> Result<Vec<u8>, InferenceError> {
        self.solve_with(runtime, input, seed, &TaskFiles::new())
    }

    pub(crate) fn solve_with(
        &self,
        runtime: &dyn Runtime,
        input: &Json,
        seed: u64,
        files: &TaskFiles,
    ) -> Result<Vec<u8>, InferenceError> {
        let input = input.to_string();
        let outputs = self
            .load(runtime)?
            .solve_with(input.as_bytes(), seed, files)?;
        let Outputs { mut files } = outputs;
        assert_eq!(files.len(), 1);
        let file = files.remove(0);
        assert_eq!(file.name, self.output.0);
        Ok(file.bytes)
    }

    /// The error of a bundle that is refused.
    pub(crate) fn refusal(&self) -> String {
        match self.bundle(&Rten) {
            Err(BundleError::Field { field, reason }) => format!("{field}: {reason}"),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("the bundle was taken"),
        }
    }

    /// Replaces a file.
    pub(crate) fn with_file(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(name.into(), bytes.into());
        self
    }
}

/// Named files of `tiny/`.
pub(crate) fn tiny_files<const N: usize>(names: [&str; N]) -> BTreeMap<String, Vec<u8>> {
    names.map(|name| (name.to_owned(), tiny(name))).into()
}

/// The folder of a package's model that `.ci/install-models` has fetched, or `None` where
/// the test may be skipped.
pub(crate) fn package(name: &str) -> Option<PathBuf> {
    let folder = part("models", "ARBIUS_TEST_MODELS")?;
    Some(PathBuf::from(folder).join(name))
}
