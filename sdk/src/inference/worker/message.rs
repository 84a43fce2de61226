//! What parent and child say to each other.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Limits;
use crate::inference::Blame;
use crate::inference::onnxruntime::{OnnxRuntime, OnnxRuntimeError};
use crate::inference::rten::Rten;
use crate::inference::runtime::{Runtime, RuntimeId, SessionOptions};

/// Version of what is said; both ends must have the same.
pub const PROTOCOL: u32 = 2;

/// Which runtime a child runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RuntimeChoice {
    /// The embedded one.
    Rten,
    /// ONNX Runtime.
    OnnxRuntime {
        /// Its shared library.
        library: PathBuf,
    },
}

impl RuntimeChoice {
    /// The runtime's name, as a passport has it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rten => "rten",
            Self::OnnxRuntime { .. } => "onnxruntime",
        }
    }

    /// Brings the runtime up in this process.
    ///
    /// # Errors
    /// [`OnnxRuntimeError`] if it is ONNX Runtime and cannot be used.
    pub fn start(&self) -> Result<Arc<dyn Runtime>, OnnxRuntimeError> {
        Ok(match self {
            Self::Rten => Arc::new(Rten),
            Self::OnnxRuntime { library } => Arc::new(OnnxRuntime::load(library)?),
        })
    }
}

/// From the parent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// The first message; answered by [`Response::Ready`].
    Hello {
        /// [`PROTOCOL`].
        protocol: u32,
        /// What to run.
        runtime: RuntimeChoice,
        /// How to run it.
        session: SessionOptions,
        /// What the child may use.
        limits: Limits,
    },
    /// Load a bundle; its template, its manifest and the files named here are the blobs.
    /// Answered by [`Response::Loaded`].
    Load {
        /// Names of the files.
        files: Vec<String>,
    },
    /// Solve a task whose input is the first blob; the others are the files that it names.
    /// Answered by [`Response::Solved`].
    Solve {
        /// CID of the template of a bundle that is loaded.
        bundle: String,
        /// The task's seed.
        seed: u64,
        /// CIDs of the files, as the input names them.
        files: Vec<String>,
    },
}

/// From the child.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "response", rename_all = "snake_case")]
pub enum Response {
    /// The runtime is up.
    Ready {
        /// Its name and version.
        runtime: RuntimeId,
        /// Its execution providers.
        providers: Vec<String>,
    },
    /// The bundle is loaded.
    Loaded {
        /// CID of its template.
        bundle: String,
    },
    /// The outputs are the blobs.
    Solved {
        /// Their names.
        files: Vec<String>,
    },
    /// It went wrong; the child goes on.
    Failed {
        /// Whose fault it is.
        blame: Blame,
        /// The error's text.
        message: String,
    },
}
