//! Loading the shared library.

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use thiserror::Error;

use super::{providers, session};
use crate::inference::InferenceError;
use crate::inference::runtime::{Runtime, RuntimeId, Session, SessionOptions};

/// Names the shared library.
pub const LIBRARY_VARIABLE: &str = "ARBIUS_ONNXRUNTIME";

/// The least version of ONNX Runtime whose API is used.
pub const LEAST_VERSION: &str = "1.17";

/// Why ONNX Runtime cannot be used.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum OnnxRuntimeError {
    /// Nobody said where the library is.
    #[error(
        "no ONNX Runtime library is named; set {LIBRARY_VARIABLE} to libonnxruntime.so, which `.ci/install-onnxruntime` fetches"
    )]
    Unset,
    /// The file cannot be found.
    #[error("there is no ONNX Runtime library at {path}: {reason}")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is no such library, or too old.
    #[error("{path} is not ONNX Runtime {LEAST_VERSION} or later: {reason}")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// This process has loaded another one.
    #[error(
        "this process already runs ONNX Runtime from {loaded} and cannot also load {requested}; run it in a worker process"
    )]
    Second {
        /// What is loaded.
        loaded: PathBuf,
        /// What was asked for.
        requested: PathBuf,
    },
}

/// The library that this process has loaded, if any.
static LOADED: Mutex<Option<OnnxRuntime>> = Mutex::new(None);

/// ONNX Runtime, loaded.
#[derive(Clone)]
pub struct OnnxRuntime {
    path: PathBuf,
    version: String,
    environment: Environment,
}

impl std::fmt::Debug for OnnxRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnnxRuntime")
            .field("path", &self.path)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl OnnxRuntime {
    /// Loads the library that [`LIBRARY_VARIABLE`] names.
    ///
    /// # Errors
    /// [`OnnxRuntimeError`].
    pub fn from_environment() -> Result<Self, OnnxRuntimeError> {
        match std::env::var_os(LIBRARY_VARIABLE) {
            Some(path) if !path.is_empty() => Self::load(Path::new(&path)),
            _ => Err(OnnxRuntimeError::Unset),
        }
    }

    /// Loads the library at that path, or returns it if this process already has.
    ///
    /// The library's code runs in this process: name one that you trust.
    ///
    /// # Errors
    /// [`OnnxRuntimeError`].
    pub fn load(path: &Path) -> Result<Self, OnnxRuntimeError> {
        let path = path
            .canonicalize()
            .map_err(|error| OnnxRuntimeError::Missing {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = loaded.as_ref() {
            if runtime.path == path {
                return Ok(runtime.clone());
            }
            return Err(OnnxRuntimeError::Second {
                loaded: runtime.path.clone(),
                requested: path,
            });
        }
        let unusable = |reason| OnnxRuntimeError::Unusable {
            path: path.clone(),
            reason,
        };
        let version = version(&path).map_err(&unusable)?;
        // `ort` panics on some libraries that are not what they seem.
        let environment = catch_unwind(AssertUnwindSafe(|| {
            let builder = ort::init_from(&path).map_err(|error| error.to_string())?;
            let builder = builder.with_name("arbius").with_telemetry(false);
            builder.build().map_err(|error| error.to_string())
        }))
        .unwrap_or_else(|_| Err("its API cannot be reached".into()))
        .map_err(unusable)?;
        let runtime = Self {
            path,
            version,
            environment,
        };
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    /// Where the library lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Asks a library for its version, before anything else is called in it.
fn version(path: &Path) -> Result<String, String> {
    // SAFETY: loading runs the library's initialisers; the caller names one to trust.
    let library = unsafe { libloading::Library::new(path) }.map_err(|error| error.to_string())?;
    type GetBase = unsafe extern "C" fn() -> *const ort::sys::OrtApiBase;
    // SAFETY: every version of ONNX Runtime exports the symbol with this signature.
    let get_base = unsafe { library.get::<GetBase>(b"OrtGetApiBase") }
        .map_err(|_| "it does not export OrtGetApiBase".to_owned())?;
    // SAFETY: the function takes nothing and returns a pointer to static data or null.
    let base = unsafe { get_base().as_ref() }.ok_or("its OrtGetApiBase returns nothing")?;
    // SAFETY: it returns a static C string or null.
    let text = unsafe { (base.GetVersionString)() };
    if text.is_null() {
        return Err("it states no version".into());
    }
    // SAFETY: not null, and ends with a zero byte.
    let text = unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned();
    Ok(text)
}

impl Runtime for OnnxRuntime {
    fn id(&self) -> RuntimeId {
        RuntimeId {
            name: "onnxruntime".into(),
            version: self.version.clone(),
        }
    }

    fn providers(&self) -> Vec<String> {
        providers::available()
    }

    fn load(
        &self,
        onnx: &[u8],
        options: &SessionOptions,
    ) -> Result<Box<dyn Session>, InferenceError> {
        session::load(&self.environment, self.id(), onnx, options)
    }
}
