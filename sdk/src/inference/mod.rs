//! Running models so that anyone can repeat it bit for bit.
//!
//! | file | what it holds |
//! |---|---|
//! | [`runtime`] | the trait every runtime implements, tensors and session options |
//! | [`rten`] | the embedded runtime, in pure Rust |
//! | [`onnxruntime`] | ONNX Runtime, from a library that is loaded at run time |
//! | [`cog`] | models in containers, over Cog's HTTP interface |
//! | [`pin`] | what a `pinned` model is pinned to, against a runtime and its options |
//! | [`placement`] | which runtime on which device is right for a model |
//! | [`footprint`] | how much memory a model is expected to take |
//! | [`machine`] | what this machine has: GPUs, memory, runtimes |
//! | [`arithmetic`] | arithmetic whose last bit does not depend on the machine |
//! | [`noise`] | numbers from a task's seed |
//! | [`tokenizer`] | text to tokens and back |
//! | [`schedulers`] | from noise to a sample in steps |
//! | [`sampling`] | which token comes next |
//! | [`picture`] | pictures that tasks bring: reading, resizing, straightening |
//! | [`rectangle`], [`text_regions`] | where text is in a picture |
//! | [`png`] | pictures as bytes, one encoding only |
//! | [`canonical_json`] | JSON as bytes, one encoding only |
//! | [`pipelines`] | what a model does with its graphs: one file each |
//! | [`task_files`] | the files that tasks name, brought before a task starts |
//! | [`model`] | a bundle loaded on a runtime: input and seed to files |
//! | [`solver`] | the asynchronous face of it, with the in-process implementation |
//! | [`solvers`] | each model on the solver that is right for it |
//! | [`worker`] | the same in child processes, which may crash, hang or eat memory |
//! | [`certify`](mod@certify) | does this machine keep a model's promise? |
//! | [`certification`] | does everything at hand keep it? With a report |
//! | [`pack`] | making a bundle |
//!
//! [`solve`] is the whole of it in one call. A miner uses [`worker::Workers`], an embedder
//! [`solver::InProcess`] or a [`model::LoadedModel`] that is kept.

pub mod arithmetic;
pub mod canonical_json;
pub mod certification;
pub mod certify;
pub mod cog;
mod error;
pub mod footprint;
pub mod machine;
pub mod model;
pub mod noise;
pub mod onnxruntime;
pub mod pack;
pub mod picture;
pub mod pin;
pub mod pipelines;
pub mod placement;
pub mod png;
pub mod rectangle;
mod resize;
pub mod rten;
pub mod runtime;
pub mod sampling;
pub mod schedulers;
pub mod solver;
pub mod solvers;
mod straighten;
pub mod task_files;
pub mod text_regions;
pub mod tokenizer;
pub mod worker;

pub use certification::{Certificate, Plan, Verdict, certify_everywhere, certify_on};
pub use certify::{CertifyError, Report, certify};
pub use cog::Cog;
pub use error::{Blame, InferenceError};
pub use model::{LoadedModel, OutputFile, Outputs, solve};
pub use runtime::{Device, Optimisation, Runtime, RuntimeId, Session, SessionOptions, Tensor};
pub use solver::{InProcess, Solver};
pub use solvers::Solvers;
pub use task_files::{FileError, FileSource, FileSources, TaskFiles};
pub use worker::Workers;
