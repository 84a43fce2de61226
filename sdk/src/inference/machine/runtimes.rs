//! The runtimes that this machine can use.

use std::path::Path;

use crate::inference::InferenceError;
use crate::inference::runtime::RuntimeId;
use crate::inference::worker::process::Process;
use crate::inference::worker::{RuntimeChoice, WorkerCommand, WorkerOptions};

/// A runtime that came up in a child process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRuntime {
    /// How to start it.
    pub choice: RuntimeChoice,
    /// Its name and exact version.
    pub id: RuntimeId,
    /// Execution providers that it was built with.
    pub providers: Vec<String>,
}

/// Starts a child with the runtime and asks what it is. A library that crashes ends its
/// child alone.
///
/// # Errors
/// [`InferenceError`] if it cannot be started.
pub async fn find(
    command: &WorkerCommand,
    choice: RuntimeChoice,
) -> Result<FoundRuntime, InferenceError> {
    let options = WorkerOptions {
        runtime: choice.clone(),
        ..WorkerOptions::default()
    };
    let child = Process::start(command, &options).await?;
    Ok(FoundRuntime {
        choice,
        id: child.runtime().clone(),
        providers: child.providers().to_vec(),
    })
}

/// The embedded runtime, and ONNX Runtime from each of those libraries.
pub fn choices<'a>(
    libraries: impl IntoIterator<Item = &'a Path>,
) -> impl Iterator<Item = RuntimeChoice> {
    let libraries = libraries
        .into_iter()
        .map(|library| RuntimeChoice::OnnxRuntime {
            library: library.to_owned(),
        });
    std::iter::once(RuntimeChoice::Rten).chain(libraries.collect::<Vec<_>>())
}
