//! Taking a job up where the chain says it stands.

use alloy_primitives::U256;
use arbius_protocol::ids;

use super::{
    Job, State,
    machine::{Machine, Next, StepError},
};
use crate::contracts::{IEngine, TaskStatus};

impl Machine {
    /// Compares a job with the chain and moves it, forward or back, to where the chain says
    /// it stands: after a restart, after a reorganisation, or when a claim was skipped.
    #[tracing::instrument(level = "debug", skip_all, fields(task = %job.task))]
    pub(super) async fn recover(&self, job: &mut Job) -> Result<Next, StepError> {
        if let Some(next) = self.standing(job).await? {
            return Ok(next);
        }
        if job.state < State::Pinned {
            return Ok(Next::Step);
        }
        let Some(digest) = job.digest() else {
            return self.reach(job, State::Planned);
        };
        let commitment = ids::commitment(self.account(), job.task, digest);
        let block = self
            .chain
            .read(self.engine, &IEngine::commitmentsCall { commitment })
            .await?;
        let state = if block == U256::ZERO {
            State::Pinned
        } else {
            State::Committed
        };
        if job.state == state {
            Ok(Next::Step)
        } else {
            self.reach(job, state)
        }
    }

    /// Moves a job to where the chain says it stands, if its task is solved, retracted or
    /// gone. Does nothing and returns nothing while the task is open.
    #[tracing::instrument(level = "debug", skip_all, fields(task = %job.task))]
    pub(super) async fn standing(&self, job: &mut Job) -> Result<Option<Next>, StepError> {
        let (engine, task) = (self.engine, job.task);
        let solution = self
            .chain
            .read(engine, &IEngine::solutionsCall { task })
            .await?;
        if solution.validator == self.account() {
            let status = self
                .chain
                .read(engine, &IEngine::taskStatusCall { id: task })
                .await?;
            let next = match TaskStatus::try_from(status) {
                Ok(TaskStatus::Rejected) => {
                    self.end(job, State::Failed, "the validators rejected its solution")
                }
                _ if solution.claimed => {
                    self.end(job, State::Claimed, "found claimed on the chain")
                }
                _ if job.state == State::Claimable => Ok(Next::Send),
                _ => self.revealed(job).await,
            };
            return next.map(Some);
        }
        if !solution.validator.is_zero() {
            return self.lose(job, solution.validator).map(Some);
        }
        let status = self
            .chain
            .read(engine, &IEngine::taskStatusCall { id: task })
            .await?;
        let gone = match TaskStatus::try_from(status) {
            Ok(TaskStatus::None) => "the chain does not know it any more",
            Ok(TaskStatus::Retracted) => "its owner retracted it",
            _ => return Ok(None),
        };
        self.end(job, State::Declined, gone).map(Some)
    }
}
