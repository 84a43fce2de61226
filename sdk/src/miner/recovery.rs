//! Taking a job up where the chain says it stands.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use arbius_protocol::ids;

use super::{
    Job, State,
    ask::Whom,
    machine::{Machine, Next, StepError},
};
use crate::{
    chain::ChainError,
    contracts::{IEngine, TaskStatus},
};

impl Machine {
    /// Compares a job with the chain and moves it, forward or back, to where the chain says
    /// it stands: after a restart, after a reorganisation, or when a claim was skipped.
    #[tracing::instrument(level = "debug", skip_all, fields(task = %job.task))]
    pub(super) async fn recover(&self, job: &mut Job) -> Result<Next, StepError> {
        if let Some(next) = self.standing(job, Whom::Anyone).await? {
            if next == Next::Over {
                // After a restart it is told of blocks that nobody has read yet.
                self.rely_on_head().await;
            }
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
    /// gone. Does nothing and returns nothing while the task is open. With several endpoints,
    /// two have to say that it is over.
    #[tracing::instrument(level = "debug", skip_all, fields(task = %job.task))]
    pub(super) async fn standing(
        &self,
        job: &mut Job,
        whom: Whom,
    ) -> Result<Option<Next>, StepError> {
        let task = job.task;
        let mut standing = self.ask_standing(task, whom).await?;
        if whom == Whom::Anyone && standing.ends(self.account()) && !self.chain.is_alone() {
            let whom = Whom::Two { since: job.block };
            standing = self.ask_standing(task, whom).await?;
        }
        let Standing { solution, status } = standing;
        if solution.validator == self.account() {
            let next = match status {
                Some(TaskStatus::Rejected) => {
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
        let gone = match status {
            Some(TaskStatus::None) => "the chain does not know it any more",
            Some(TaskStatus::Retracted) => "its owner retracted it",
            _ => return Ok(None),
        };
        self.end(job, State::Declined, gone).map(Some)
    }

    async fn ask_standing(&self, task: B256, whom: Whom) -> Result<Standing, ChainError> {
        let calls = [
            IEngine::solutionsCall { task }.abi_encode(),
            IEngine::taskStatusCall { id: task }.abi_encode(),
        ];
        let [solution, status] = self.ask(calls, whom).await?;
        let solution = self.answer::<IEngine::solutionsCall>(solution).await?;
        let status = self.answer::<IEngine::taskStatusCall>(status).await?;
        Ok(Standing {
            solution,
            status: TaskStatus::try_from(status).ok(),
        })
    }
}

/// What the chain says of a task.
struct Standing {
    solution: IEngine::solutionsReturn,
    status: Option<TaskStatus>,
}

impl Standing {
    /// Whether it would end the job of an account.
    fn ends(&self, account: Address) -> bool {
        let gone = matches!(self.status, Some(TaskStatus::None | TaskStatus::Retracted));
        let rejected = self.status == Some(TaskStatus::Rejected);
        let solver = self.solution.validator;
        if solver == account {
            rejected || self.solution.claimed
        } else {
            gone || !solver.is_zero()
        }
    }
}
