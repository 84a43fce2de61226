//! The asynchronous face of inference, for miners and apps.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::model::{LoadedModel, Outputs};
use super::rten::Rten;
use super::runtime::{Runtime, RuntimeId, SessionOptions};
use super::task_files::{self, FileSource};
use super::{Blame, InferenceError};
use crate::content::Cid;
use crate::model::Bundle;

/// Solves tasks. Held as `Arc<dyn Solver>`.
pub trait Solver: Send + Sync {
    /// Solves one task: `input` is the task's input as it stands on-chain, `seed` its seed.
    /// Files that the input names are brought first, from where the solver was told to.
    ///
    /// Dropping the future gives the task up.
    ///
    /// # Errors
    /// [`InferenceError`]; its [`blame`](InferenceError::blame) says whose fault it is.
    fn solve<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
    ) -> BoxFuture<'a, Result<Outputs, InferenceError>>;

    /// Solves one task apart from everything that earlier tasks may have left behind: in a
    /// fresh child process, where there are children, and with the model loaded anew. What
    /// comes out of both ways alike is no accident of one process.
    ///
    /// A solver that keeps nothing between tasks need not tell the two apart.
    ///
    /// # Errors
    /// As [`Solver::solve`].
    fn solve_afresh<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
    ) -> BoxFuture<'a, Result<Outputs, InferenceError>> {
        self.solve(bundle, input, seed)
    }

    /// What models ran on most lately, if the solver knows. A miner proves its models again
    /// when that changes.
    fn runtime_id(&self) -> Option<RuntimeId> {
        None
    }
}

/// Solves tasks in this process, on a thread for blocking work.
///
/// Models stay loaded. A model that crashes takes the process along and one that hangs
/// blocks its thread: use it for models you trust, and [`Workers`](super::Workers) for the
/// others.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::{
///     inference::{InProcess, Solver},
///     model::Bundle,
/// };
///
/// let digits = arbius_models::digits();
/// let files = digits.files.iter().copied();
/// let bundle = Bundle::from_bytes(digits.template, digits.manifest, files)?;
///
/// let solver = InProcess::default();
/// let outputs = solver.solve(&bundle, br#"{"prompt": "a seven"}"#, 1).await?;
/// assert_eq!(outputs.files[0].name, "out-1.png");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct InProcess {
    runtime: Arc<dyn Runtime>,
    options: SessionOptions,
    files: Option<Arc<dyn FileSource>>,
    loaded: Arc<Mutex<HashMap<Cid, Arc<Mutex<LoadedModel>>>>>,
}

impl InProcess {
    /// A solver on that runtime.
    pub fn new(runtime: Arc<dyn Runtime>, options: SessionOptions) -> Self {
        Self {
            runtime,
            options,
            files: None,
            loaded: Arc::default(),
        }
    }

    /// Names where the files that tasks name come from.
    #[must_use]
    pub fn with_files(mut self, source: Arc<dyn FileSource>) -> Self {
        self.files = Some(source);
        self
    }

    fn model(&self, bundle: &Bundle) -> Result<Arc<Mutex<LoadedModel>>, InferenceError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = loaded.get(bundle.template_cid()) {
            return Ok(model.clone());
        }
        let model = LoadedModel::load(self.runtime.as_ref(), bundle, &self.options)?;
        let model = Arc::new(Mutex::new(model));
        loaded.insert(*bundle.template_cid(), model.clone());
        Ok(model)
    }
}

/// Runtimes and models tell little of themselves: how many are loaded.
impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("InProcess")
            .field("options", &self.options)
            .field("loaded", &loaded.len())
            .finish_non_exhaustive()
    }
}

impl Default for InProcess {
    /// The embedded runtime on one thread.
    fn default() -> Self {
        Self::new(Arc::new(Rten), SessionOptions::default())
    }
}

impl Solver for InProcess {
    fn solve<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
    ) -> BoxFuture<'a, Result<Outputs, InferenceError>> {
        Box::pin(async move {
            let files = task_files::bring(self.files.as_deref(), bundle, input).await?;
            let (solver, bundle, input) = (self.clone(), bundle.clone(), input.to_vec());
            on_a_thread(move || {
                let model = solver.model(&bundle)?;
                let mut model = model.lock().unwrap_or_else(PoisonError::into_inner);
                model.solve_with(&input, seed, &files)
            })
            .await
        })
    }

    fn solve_afresh<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
    ) -> BoxFuture<'a, Result<Outputs, InferenceError>> {
        Box::pin(async move {
            let files = task_files::bring(self.files.as_deref(), bundle, input).await?;
            let (solver, bundle, input) = (self.clone(), bundle.clone(), input.to_vec());
            on_a_thread(move || {
                let runtime = solver.runtime.as_ref();
                LoadedModel::load(runtime, &bundle, &solver.options)?
                    .solve_with(&input, seed, &files)
            })
            .await
        })
    }

    fn runtime_id(&self) -> Option<RuntimeId> {
        Some(self.runtime.id())
    }
}

/// Does what takes long on a thread of its own. One of the runtime's would keep the program
/// from ending until it is done, also where nobody waits for it any more.
async fn on_a_thread(
    work: impl FnOnce() -> Result<Outputs, InferenceError> + Send + 'static,
) -> Result<Outputs, InferenceError> {
    let failed = |message: String| {
        Err(InferenceError::Reported {
            blame: Blame::Machine,
            message,
        })
    };
    let (done, result) = oneshot::channel();
    let thread = thread::Builder::new().name("inference".to_owned());
    let started = thread.spawn(move || {
        if !done.is_closed() {
            // Nobody is there any more if it was dropped meanwhile.
            let _ = done.send(work());
        }
    });
    if let Err(error) = started {
        return failed(format!("no thread to run the model on: {error}"));
    }
    result
        .await
        .unwrap_or_else(|_| failed("the thread that ran the model panicked".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_program_ends_although_a_model_still_computes() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (began, begun) = mpsc::channel();
        let (_release, wait) = mpsc::channel::<()>();
        runtime.spawn(on_a_thread(move || {
            began.send(()).unwrap();
            let _ = wait.recv();
            Ok(Outputs { files: Vec::new() })
        }));
        begun.recv().unwrap();
        // It would wait here for what was handed to a thread of the runtime's.
        drop(runtime);
    }
}
