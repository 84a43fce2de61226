//! What the chain says of a watched task, and that its input is the chain's.

use alloy_primitives::{B256, Bytes};
use alloy_sol_types::SolCall as _;

use super::Case;
use crate::{
    client::ClientError,
    content::{cids, unixfs},
    contracts::IEngine,
    miner::{
        ask::Whom,
        machine::{Machine, StepError},
    },
};

/// Attempts at finding what an event told, before it counts as gone; with the pauses
/// between them, some 15 seconds.
pub(super) const LATE_ATTEMPTS: u32 = 6;

/// Whether a case is this miner's to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// All that is needed is in the case.
    Here,
    /// Its model is not in the catalogue.
    Foreign,
    /// The task has no solution, or another than was read.
    Gone,
}

impl Machine {
    /// Completes a case by what the chain says: solver, CID and contest end of the solution,
    /// model and input of the task. A finding about another solution is dropped.
    ///
    /// # Errors
    ///
    /// What the endpoints answer; [`StepError::Doubtful`] if the input that an endpoint
    /// gives is not the one that the chain holds the CID of.
    pub(super) async fn identify(&self, case: &mut Case) -> Result<Known, StepError> {
        let task = case.task;
        let calls = [
            IEngine::tasksCall { id: task }.abi_encode(),
            IEngine::solutionsCall { task }.abi_encode(),
            IEngine::contestEndCall { task }.abi_encode(),
        ];
        let [found, solution, end] = self.ask(calls, Whom::Two { since: case.block }).await?;
        let found = self.answer::<IEngine::tasksCall>(found).await?;
        let solution = self.answer::<IEngine::solutionsCall>(solution).await?;
        let end = self.answer::<IEngine::contestEndCall>(end).await?;
        if found.model.is_zero() {
            return gone(case);
        }
        if self.catalogue.get(found.model).is_none() {
            return Ok(Known::Foreign);
        }
        case.model = Some(found.model);
        if solution.validator.is_zero() {
            return gone(case);
        }
        if case.cid.as_ref().is_some_and(|cid| *cid != solution.cid) {
            case.finding = None;
        }
        case.solver = Some(solution.validator);
        case.cid = Some(solution.cid);
        case.contest_end = Some(end.saturating_to());
        let is_chains = |input: &Bytes| {
            cids::from_onchain(&found.cid).is_ok_and(|cid| unixfs::cid_of(input) == cid)
        };
        if !case.input.as_ref().is_some_and(is_chains) {
            let kept = self.store.job(task)?.map(|job| job.input);
            let input = match kept.filter(is_chains) {
                Some(input) => input,
                None => self.input(task).await?,
            };
            if !is_chains(&input) {
                return Err(StepError::Doubtful(format!(
                    "the input that an endpoint gives for task {task} is not the one that was submitted"
                )));
            }
            case.input = Some(input);
        }
        Ok(Known::Here)
    }

    async fn input(&self, task: B256) -> Result<Bytes, StepError> {
        match self.network.submission(task).await {
            Ok(submission) => Ok(submission.input),
            Err(ClientError::Chain(error)) => Err(error.into()),
            Err(error) => Err(StepError::Doubtful(error.to_string())),
        }
    }
}

/// The chain does not show what an event told. One of the endpoints may be some blocks
/// behind; if not, a reorganisation took it away.
fn gone(case: &Case) -> Result<Known, StepError> {
    if case.attempts < LATE_ATTEMPTS {
        return Err(StepError::Late);
    }
    Ok(Known::Gone)
}
