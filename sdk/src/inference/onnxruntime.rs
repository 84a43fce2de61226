//! ONNX Runtime, from a shared library that is loaded at run time.
//!
//! The library is named by the environment variable [`LIBRARY_VARIABLE`] or by the caller;
//! the PyPI wheel `onnxruntime` holds one (`.ci/install-onnxruntime` fetches it). Its API is
//! global to a process and set once, so a process holds one library: asking for a second
//! one is [`OnnxRuntimeError::Second`]. Miners run it in child processes and are free of
//! that.
//!
//! Sessions are made with: the CPU provider, sequential execution, the threads and the
//! optimisation level of [`SessionOptions`], no spinning between operators, deterministic
//! compute.

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{Session as OrtSession, SessionInputValue};
use ort::value::{DynValue, Tensor as OrtTensor, TensorElementType, ValueType};
use thiserror::Error;

use super::InferenceError;
use super::runtime::{Elements, Optimisation, Runtime, RuntimeId, Session, SessionOptions, Tensor};

/// Names the shared library.
pub const LIBRARY_VARIABLE: &str = "ARBIUS_ONNXRUNTIME";

/// The least version of ONNX Runtime whose API is used.
pub const LEAST_VERSION: &str = "1.17";

/// Why ONNX Runtime cannot be used.
#[derive(Debug, Clone, Error)]
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

    fn builder(&self, options: &SessionOptions) -> Result<SessionBuilder, String> {
        let level = match options.optimisation {
            Optimisation::Disabled => GraphOptimizationLevel::Disable,
            Optimisation::Basic => GraphOptimizationLevel::Level1,
            Optimisation::Extended => GraphOptimizationLevel::Level2,
            Optimisation::Layout => GraphOptimizationLevel::Level3,
            Optimisation::All => GraphOptimizationLevel::All,
        };
        let text = |error: ort::Error<SessionBuilder>| error.to_string();
        let builder = SessionBuilder::new(&self.environment).map_err(|error| error.to_string())?;
        match builder.with_optimization_level(level) {
            // Older versions know layouts only as a part of everything.
            Err(error) if options.optimisation == Optimisation::Layout => error
                .recover()
                .with_optimization_level(GraphOptimizationLevel::All),
            other => other,
        }
        .map_err(text)?
        .with_intra_threads(options.threads.get())
        .map_err(text)?
        .with_inter_threads(1)
        .map_err(text)?
        .with_parallel_execution(false)
        .map_err(text)?
        .with_intra_op_spinning(false)
        .map_err(text)?
        .with_deterministic_compute(true)
        .map_err(text)
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

    fn load(
        &self,
        onnx: &[u8],
        options: &SessionOptions,
    ) -> Result<Box<dyn Session>, InferenceError> {
        let failed = |reason: String| InferenceError::Load {
            runtime: self.id().to_string(),
            reason,
        };
        let mut builder = self.builder(options).map_err(failed)?;
        let session = builder
            .commit_from_memory(onnx)
            .map_err(|error| failed(error.to_string()))?;
        Ok(Box::new(OnnxSession {
            session,
            runtime: self.id(),
        }))
    }
}

struct OnnxSession {
    session: OrtSession,
    runtime: RuntimeId,
}

impl Session for OnnxSession {
    fn run(
        &mut self,
        inputs: &[(&str, Tensor)],
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, InferenceError> {
        let runtime = self.runtime.to_string();
        let failed = |reason: String| InferenceError::Run {
            runtime: runtime.clone(),
            reason,
        };
        let mut given: Vec<(&str, SessionInputValue<'_>)> = Vec::with_capacity(inputs.len());
        for (name, tensor) in inputs {
            let value = value(tensor).map_err(|error| failed(error.to_string()))?;
            given.push((name, value.into()));
        }
        let made = self
            .session
            .run(given)
            .map_err(|error| failed(error.to_string()))?;
        outputs
            .iter()
            .map(|name| {
                let value = made
                    .get(name)
                    .ok_or_else(|| failed(format!("no output `{name}`")))?;
                tensor(value).map_err(&failed)
            })
            .collect()
    }
}

fn value(tensor: &Tensor) -> ort::Result<DynValue> {
    let shape = tensor.shape().to_vec();
    Ok(match tensor.elements() {
        Elements::U8(data) => OrtTensor::from_array((shape, data.clone()))?.into_dyn(),
        Elements::I32(data) => OrtTensor::from_array((shape, data.clone()))?.into_dyn(),
        Elements::I64(data) => OrtTensor::from_array((shape, data.clone()))?.into_dyn(),
        Elements::Bool(data) => OrtTensor::from_array((shape, data.clone()))?.into_dyn(),
        Elements::F32(data) => OrtTensor::from_array((shape, data.clone()))?.into_dyn(),
    })
}

fn tensor(value: &DynValue) -> Result<Tensor, String> {
    fn parts<T: ort::value::PrimitiveTensorElementType + Copy>(
        value: &DynValue,
    ) -> Result<(Vec<usize>, Vec<T>), String> {
        let (shape, data) = value
            .try_extract_tensor::<T>()
            .map_err(|error| error.to_string())?;
        let shape: Option<_> = shape.iter().map(|dim| usize::try_from(*dim).ok()).collect();
        Ok((shape.ok_or("an output of negative size")?, data.to_vec()))
    }
    let ValueType::Tensor { ty, .. } = value.dtype() else {
        return Err(format!("an output that is no tensor: {:?}", value.dtype()));
    };
    let (shape, elements) = match ty {
        TensorElementType::Uint8 => {
            let (shape, data) = parts(value)?;
            (shape, Elements::U8(data))
        }
        TensorElementType::Int32 => {
            let (shape, data) = parts(value)?;
            (shape, Elements::I32(data))
        }
        TensorElementType::Int64 => {
            let (shape, data) = parts(value)?;
            (shape, Elements::I64(data))
        }
        TensorElementType::Bool => {
            let (shape, data) = parts(value)?;
            (shape, Elements::Bool(data))
        }
        TensorElementType::Float32 => {
            let (shape, data) = parts(value)?;
            (shape, Elements::F32(data))
        }
        other => return Err(format!("an output of type {other:?}")),
    };
    Tensor::new(shape, elements).ok_or_else(|| "an output whose size is not its shape's".into())
}
