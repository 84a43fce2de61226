//! Computing a task again, and accusing nobody of what this machine did.

use alloy_primitives::{B256, Bytes};
use arbius_protocol::ids;

use super::{Case, Cause, Finding};
use crate::{
    inference::{InferenceError, Outputs},
    miner::{
        CatalogueError, Role,
        machine::{Machine, StepError, onchain},
        passports::{Run, Task},
    },
};

impl Machine {
    /// Says whether a solution is right. What would accuse its solver is looked at twice: a
    /// second run in a fresh process has to make the same, and the golden outputs of the
    /// model have to come out as they should, right now.
    ///
    /// # Errors
    ///
    /// [`StepError::Solve`] if a run failed for a reason that may pass.
    #[tracing::instrument(level = "debug", skip_all, fields(task = %case.task))]
    pub(super) async fn judge(&self, case: &Case) -> Result<Finding, StepError> {
        let finding = self.find(case).await?;
        self.metrics.verdict(finding.name());
        Ok(finding)
    }

    async fn find(&self, case: &Case) -> Result<Finding, StepError> {
        let (Some(model), Some(input), Some(solution)) = (case.model, &case.input, &case.cid)
        else {
            return Ok(inconclusive("the task is not known well enough"));
        };
        let Some(bundle) = self.catalogue.get(model) else {
            return Ok(inconclusive("its model is no longer in the catalogue"));
        };
        if let Some(reason) = self.distrusts(model).await {
            return Ok(inconclusive(untrusted(&reason)));
        }
        let task = Task {
            model,
            bundle,
            input,
            seed: ids::seed(case.task),
        };
        let first = self.compute(task, Run::Usual).await?;
        let computed = cid(&first)?;
        if computed == *solution {
            self.keep(case, &first).await;
            return Ok(Finding::Right);
        }
        let second = self.compute(task, Run::Fresh).await?;
        let again = cid(&second)?;
        if again != computed {
            let reason = format!(
                "two runs of task {} came out differently: {computed} and {again}",
                case.task
            );
            self.passports.stop(model, &reason);
            return Ok(inconclusive(reason));
        }
        match self.prove(model).await {
            Ok(()) => {}
            // It may be possible later.
            Err(CatalogueError::NotComputed { source, .. }) => return Err((*source).into()),
            // Others came out, and the model is stopped.
            Err(error) => return Ok(inconclusive(error.to_string())),
        }
        if let Some(reason) = self.distrusts(model).await {
            return Ok(inconclusive(untrusted(&reason)));
        }
        tracing::warn!(task = %case.task, solver = ?case.solver, revealed = %solution, %computed,
            "a solution is wrong: two runs and the golden outputs say so");
        Ok(Finding::Wrong { computed })
    }

    /// Serves the outputs of a right solution: as a service where the role is on, and where
    /// nobody else did.
    async fn keep(&self, case: &Case, outputs: &Outputs) {
        let wanted = self.settings.roles.has(Role::Pin) || case.cause == Cause::Unfetchable;
        if !wanted {
            return;
        }
        if let Some(reason) = self.choice.full(&self.settings).await {
            tracing::warn!(task = %case.task, reason, "the outputs of another's solution are not kept");
            return;
        }
        if let Err(error) = self.put(outputs).await {
            tracing::warn!(task = %case.task, %error, "cannot keep the outputs of another's solution");
            return;
        }
        let digest = case.cid.as_ref().and_then(|cid| cid.last_chunk::<32>());
        let Some(digest) = digest.map(B256::from) else {
            return;
        };
        match self.store.add_pins(self.pins.of_outputs(case.task, digest)) {
            Ok(new) => self.pins.hand_over(new),
            Err(error) => {
                tracing::warn!(task = %case.task, %error, "the outputs of another's solution are kept here alone");
            }
        }
    }
}

fn cid(outputs: &Outputs) -> Result<Bytes, InferenceError> {
    onchain(&outputs.cid()?)
}

fn inconclusive(reason: impl Into<String>) -> Finding {
    Finding::Inconclusive {
        reason: reason.into(),
    }
}

/// Why nothing is said about a model.
pub(in crate::miner) fn untrusted(reason: &str) -> String {
    format!("this machine is not to be trusted with its model: {reason}")
}
