//! ONNX Runtime, from a shared library that is loaded at run time.
//!
//! | file | what it holds |
//! |---|---|
//! | [`library`] | finding and loading the library |
//! | `session` | session options, tensors in and out |
//! | [`providers`] | execution providers, and CUDA with the options of the class `pinned` |
//!
//! The library is named by the environment variable [`LIBRARY_VARIABLE`] or by the caller;
//! the PyPI wheel `onnxruntime` holds one (`.ci/install-onnxruntime` fetches it). Its API is
//! global to a process and set once, so a process holds one library: asking for a second
//! one is [`OnnxRuntimeError::Second`]. Miners run it in child processes and are free of
//! that.
//!
//! Sessions are made with: sequential execution, the device, the threads and the
//! optimisation level of [`SessionOptions`](super::SessionOptions), no spinning between
//! operators, deterministic compute. A session that asks for CUDA and cannot have it fails,
//! and never falls back to the processor.

pub mod library;
pub mod providers;
mod session;

pub use library::{LEAST_VERSION, LIBRARY_VARIABLE, OnnxRuntime, OnnxRuntimeError};
