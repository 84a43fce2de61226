//! Which models this machine may be trusted with.
//!
//! A machine that does not make the golden outputs of a model's passport says nothing about
//! that model any more: no commitment, no reveal, no contestation, no vote. They are made at
//! the start, every [`recheck`](super::Settings::recheck), whenever the runtime has changed,
//! and before anybody is accused. A model that was stopped so stays stopped until a recheck
//! is asked for ([`MinerHandle::recheck`](super::MinerHandle::recheck)) or the miner starts
//! anew: a machine that is right now and then is not to be trusted in between.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use alloy_primitives::B256;
use tokio::sync::Mutex as AsyncMutex;

use super::{CatalogueError, catalogue::reproduce, machine::Machine};
use crate::{
    inference::{InferenceError, Outputs, RuntimeId},
    model::Bundle,
};

/// Rechecks in a row whose golden inputs could not be computed at all, before the model is
/// stopped. Other outputs than the passport's stop it at once.
const FAILED_RECHECKS: u32 = 3;

/// What is known of the models of the catalogue.
#[derive(Debug, Default)]
pub(super) struct Passports {
    stopped: Mutex<BTreeMap<B256, String>>,
    failures: Mutex<BTreeMap<B256, u32>>,
    /// What the golden outputs were last made on.
    proved_on: Mutex<Option<RuntimeId>>,
    /// Held while all golden outputs are made, which is done once at a time.
    proving: AsyncMutex<()>,
}

/// What is to be computed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task<'a> {
    pub(super) model: B256,
    pub(super) bundle: &'a Bundle,
    pub(super) input: &'a [u8],
    pub(super) seed: u64,
}

/// In which process a model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// In any.
    Usual,
    /// In one that was started for it.
    Fresh,
}

impl Passports {
    /// Those of models whose golden outputs were just made on `runtime`.
    pub(super) fn proved(runtime: Option<RuntimeId>) -> Self {
        Self {
            proved_on: Mutex::new(runtime),
            ..Self::default()
        }
    }

    /// Why nothing is said about a model, if it was stopped.
    pub(super) fn stopped(&self, model: B256) -> Option<String> {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.get(&model).cloned()
    }

    /// All models that were stopped, and why.
    pub(super) fn all_stopped(&self) -> Vec<(B256, String)> {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped
            .iter()
            .map(|(model, reason)| (*model, reason.clone()))
            .collect()
    }

    /// Says nothing about a model any more.
    pub(super) fn stop(&self, model: B256, reason: &str) {
        tracing::error!(%model, reason, "this machine cannot be trusted with a model: it commits, \
            reveals, contests and votes for it no more, until it is rechecked or started anew");
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.entry(model).or_insert_with(|| reason.to_owned());
    }

    fn resume(&self, model: B256) {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if stopped.remove(&model).is_some() {
            tracing::warn!(%model, "this machine makes the golden outputs again: the model is taken up");
        }
    }

    fn count_failure(&self, model: B256) -> u32 {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failures.entry(model).or_default();
        *count += 1;
        *count
    }

    fn clear_failures(&self, model: B256) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&model);
    }

    /// Whether models run on something else than what the golden outputs were made on.
    fn runtime_changed(&self, now: Option<&RuntimeId>) -> Option<String> {
        let proved = self
            .proved_on
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = now?;
        match proved.as_ref() {
            Some(proved) if proved == now => None,
            Some(proved) => Some(format!("from {proved} to {now}")),
            None => Some(format!("to {now}")),
        }
    }
}

impl Machine {
    /// Runs a model when it is its turn.
    pub(super) async fn compute(
        &self,
        task: Task<'_>,
        run: Run,
    ) -> Result<Outputs, InferenceError> {
        // The semaphore is never closed.
        let _permit = self.solving.acquire().await;
        self.infer(task, run).await
    }

    /// Runs a model at once, for whoever has the turn.
    pub(super) async fn infer(&self, task: Task<'_>, run: Run) -> Result<Outputs, InferenceError> {
        let Task {
            model,
            bundle,
            input,
            seed,
        } = task;
        let started = Instant::now();
        let outputs = match run {
            Run::Usual => self.solver.solve(bundle, input, seed).await,
            Run::Fresh => self.solver.solve_afresh(bundle, input, seed).await,
        };
        match &outputs {
            Ok(_) => {
                let took = started.elapsed();
                self.metrics.inference(&model.to_string(), took);
            }
            Err(error) => self.metrics.inference_failure(error.blame().name()),
        }
        outputs
    }

    /// Why this machine must say nothing about a model now, if so. Makes the golden outputs
    /// again first if the runtime has changed.
    pub(super) async fn distrusts(&self, model: B256) -> Option<String> {
        if self.runtime_change().is_some() {
            self.prove_runtime().await;
        }
        self.passports.stopped(model)
    }

    fn runtime_change(&self) -> Option<String> {
        let runtime = self.solver.runtime_id();
        self.passports.runtime_changed(runtime.as_ref())
    }

    /// Makes all golden outputs on a runtime that is new.
    async fn prove_runtime(&self) {
        let _one_at_a_time = self.passports.proving.lock().await;
        // Somebody else may have done so meanwhile.
        let Some(change) = self.runtime_change() else {
            return;
        };
        tracing::warn!(
            change,
            "models run on another runtime; making their golden outputs again"
        );
        let runtime = self.solver.runtime_id();
        for (model, _) in self.catalogue.iter() {
            if let Err(error) = self.make_goldens(model).await {
                let reason = format!("its runtime changed {change}, and {error}");
                self.passports.stop(model, &reason);
            }
        }
        let mut proved = self
            .passports
            .proved_on
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *proved = runtime;
    }

    /// Makes the golden outputs of a model again, and stops it if others come out.
    ///
    /// # Errors
    ///
    /// What is wrong; it need not be for good.
    #[tracing::instrument(level = "debug", skip_all, fields(%model))]
    pub(super) async fn prove(&self, model: B256) -> Result<(), CatalogueError> {
        let proof = self.make_goldens(model).await;
        match &proof {
            Ok(()) => self.passports.clear_failures(model),
            Err(error @ CatalogueError::NotComputed { .. }) => {
                tracing::warn!(%model, %error, "cannot make the golden outputs again");
                if self.passports.count_failure(model) >= FAILED_RECHECKS {
                    self.passports.stop(model, &error.to_string());
                }
            }
            Err(error) => self.passports.stop(model, &error.to_string()),
        }
        proof
    }

    async fn make_goldens(&self, model: B256) -> Result<(), CatalogueError> {
        let Some(bundle) = self.catalogue.get(model) else {
            return Ok(());
        };
        // The semaphore is never closed.
        let _permit = self.solving.acquire().await;
        reproduce(model, bundle, &*self.solver).await
    }

    /// Makes the golden outputs of every model again and takes those up again that come out
    /// as they should.
    pub(super) async fn recheck(&self) {
        let _one_at_a_time = self.passports.proving.lock().await;
        for (model, _) in self.catalogue.iter() {
            if self.prove(model).await.is_ok() {
                self.passports.resume(model);
            }
        }
    }

    /// Makes the golden outputs of every model that is in use again, unless that is being
    /// done. What was stopped stays so, whatever comes out.
    pub(super) async fn reprove(&self) {
        let Ok(_one_at_a_time) = self.passports.proving.try_lock() else {
            return;
        };
        for (model, _) in self.catalogue.iter() {
            if self.passports.stopped(model).is_none() {
                // It says so itself.
                let _ = self.prove(model).await;
            }
        }
    }
}
