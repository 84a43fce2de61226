//! Several children behind [`Solver`].

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::process::{Process, WorkerCommand, WorkerError, WorkerOptions, leaves_child_usable};
use crate::inference::model::Outputs;
use crate::inference::runtime::RuntimeId;
use crate::inference::task_files::{self, FileSource};
use crate::inference::{InferenceError, Solver};
use crate::metrics::Metrics;
use crate::model::Bundle;

/// A pool of children. They are started when they are needed and keep their models; one
/// that fails is killed and replaced. Dropping the pool kills them all.
#[derive(Debug, Clone)]
pub struct Workers {
    shared: Arc<Shared>,
    files: Option<Arc<dyn FileSource>>,
}

#[derive(Debug)]
struct Shared {
    command: WorkerCommand,
    options: WorkerOptions,
    /// As many as children may run.
    permits: Semaphore,
    idle: Mutex<Vec<Process>>,
    /// What the child that was started last runs models on.
    runtime: Mutex<Option<RuntimeId>>,
    metrics: Metrics,
}

impl Workers {
    /// A pool of at most `count` children.
    pub fn new(command: WorkerCommand, options: WorkerOptions, count: NonZeroUsize) -> Self {
        Self::counted(command, options, count, Metrics::new())
    }

    /// As [`Workers::new`], and counts the children that had to be replaced.
    pub fn counted(
        command: WorkerCommand,
        options: WorkerOptions,
        count: NonZeroUsize,
        metrics: Metrics,
    ) -> Self {
        let permits = Semaphore::new(count.get());
        Self {
            shared: Arc::new(Shared {
                command,
                options,
                permits,
                idle: Mutex::default(),
                runtime: Mutex::default(),
                metrics,
            }),
            files: None,
        }
    }

    /// Names where the files that tasks name come from: children have no network.
    #[must_use]
    pub fn with_files(mut self, source: Arc<dyn FileSource>) -> Self {
        self.files = Some(source);
        self
    }

    /// Starts a child if none is there and says what it runs models on: a check, before the
    /// first task, that the program and the runtime are usable.
    ///
    /// # Errors
    /// [`InferenceError`] if no child can be started.
    pub async fn runtime(&self) -> Result<RuntimeId, InferenceError> {
        self.with_child(async |child| Ok(child.runtime().clone()))
            .await
    }

    /// Loads a bundle into a child ahead of its first task.
    ///
    /// # Errors
    /// [`InferenceError`].
    pub async fn load(&self, bundle: &Bundle) -> Result<(), InferenceError> {
        self.with_child(async |child| child.load(bundle).await)
            .await
    }

    /// Lends a child. It comes back only when it is in a known state: a future that is
    /// dropped in the middle takes its child along.
    async fn with_child<T>(
        &self,
        work: impl AsyncFnOnce(&mut Process) -> Result<T, InferenceError>,
    ) -> Result<T, InferenceError> {
        let permit = self.permit().await?;
        let child = match self.idle_child() {
            Some(child) => child,
            None => self.start().await?,
        };
        self.lend(child, permit, work).await
    }

    /// Lends a child that was started for this. It takes the place of one that is idle, so
    /// that there are never more than there may be.
    async fn with_fresh_child<T>(
        &self,
        work: impl AsyncFnOnce(&mut Process) -> Result<T, InferenceError>,
    ) -> Result<T, InferenceError> {
        let permit = self.permit().await?;
        drop(self.idle_child());
        let child = self.start().await?;
        self.lend(child, permit, work).await
    }

    async fn permit(&self) -> Result<SemaphorePermit<'_>, WorkerError> {
        let permit = self.shared.permits.acquire().await;
        permit.map_err(|_| WorkerError::Closed)
    }

    async fn start(&self) -> Result<Process, InferenceError> {
        let child = Process::start(&self.shared.command, &self.shared.options).await?;
        let mut runtime = self
            .shared
            .runtime
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *runtime = Some(child.runtime().clone());
        drop(runtime);
        Ok(child)
    }

    async fn lend<T>(
        &self,
        mut child: Process,
        permit: SemaphorePermit<'_>,
        work: impl AsyncFnOnce(&mut Process) -> Result<T, InferenceError>,
    ) -> Result<T, InferenceError> {
        let result = work(&mut child).await;
        let usable = match &result {
            Ok(_) => true,
            Err(error) => leaves_child_usable(error),
        };
        if usable {
            self.idle().push(child);
        } else {
            self.shared.metrics.worker_restart();
        }
        drop(permit);
        result
    }

    fn idle_child(&self) -> Option<Process> {
        let mut idle = self.idle();
        while let Some(mut child) = idle.pop() {
            if child.is_alive() {
                return Some(child);
            }
            self.shared.metrics.worker_restart();
        }
        None
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Process>> {
        self.shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Solver for Workers {
    fn solve<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
    ) -> BoxFuture<'a, Result<Outputs, InferenceError>> {
        Box::pin(async move {
            let files = task_files::bring(self.files.as_deref(), bundle, input).await?;
            self.with_child(async |child: &mut Process| {
                child.load(bundle).await?;
                child.solve(bundle, input, seed, &files).await
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
            self.with_fresh_child(async |child: &mut Process| {
                child.load(bundle).await?;
                child.solve(bundle, input, seed, &files).await
            })
            .await
        })
    }

    fn runtime_id(&self) -> Option<RuntimeId> {
        let runtime = self.shared.runtime.lock();
        runtime.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
