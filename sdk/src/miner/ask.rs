//! Asking the engine, and whose answers are believed.

use std::collections::HashSet;

use alloy_primitives::{B256, Bytes};
use alloy_sol_types::SolCall;

use super::{
    Job,
    machine::{Machine, StepError},
};
use crate::{
    chain::{ChainError, Revert},
    content::{cids, unixfs},
    contracts::IEngine,
};

/// Whose answer is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// That of the endpoint that is preferred.
    Anyone,
    /// That of two, where there are several: for what somebody may be accused by, and what a
    /// job or a case ends on.
    Two {
        /// The block of the event that it is about.
        since: u64,
    },
}

impl Machine {
    /// Asks the engine several things of one block at once.
    pub(super) async fn ask<const N: usize>(
        &self,
        calls: [Vec<u8>; N],
        whom: Whom,
    ) -> Result<[Result<Bytes, Revert>; N], ChainError> {
        let calls = calls.map(|input| (self.engine, Bytes::from(input)));
        let answers = match whom {
            Whom::Anyone => self.chain.call_many(&calls).await?,
            Whom::Two { since } => self.chain.agreed_call_many(&calls, since).await?,
        };
        answers
            .try_into()
            .map_err(|answers: Vec<_>| ChainError::Unreadable {
                method: "eth_call",
                reason: format!("{N} calls have {} answers", answers.len()),
            })
    }

    /// Reads an answer of the engine.
    pub(super) async fn answer<C: SolCall>(
        &self,
        answer: Result<Bytes, Revert>,
    ) -> Result<C::Return, ChainError> {
        self.chain.answer::<C>(self.engine, answer).await
    }

    /// Asks what was submitted where no task's id proves it: two endpoints, where there are
    /// several. A wrong input makes a wrong solution, and that costs stake. Returns the tasks
    /// that an event has misreported.
    pub(super) async fn misreported(&self, jobs: &mut [Job]) -> Result<HashSet<B256>, StepError> {
        let mut doubtful: Vec<&mut Job> = jobs.iter_mut().filter(|job| !job.proved).collect();
        if doubtful.is_empty() {
            return Ok(HashSet::new());
        }
        let call = |job: &&mut Job| IEngine::tasksCall { id: job.task }.abi_encode();
        let calls: Vec<_> = doubtful
            .iter()
            .map(|job| (self.engine, Bytes::from(call(job))))
            .collect();
        let since = doubtful.iter().map(|job| job.block).max();
        let answers = self
            .chain
            .agreed_call_many(&calls, since.unwrap_or_default())
            .await?;
        let mut wrong = HashSet::new();
        for (job, answer) in doubtful.iter_mut().zip(answers) {
            let task = self.answer::<IEngine::tasksCall>(answer).await?;
            let input = cids::from_onchain(&task.cid).ok();
            job.proved = task.model == job.model && input == Some(unixfs::cid_of(&job.input));
            if !job.proved {
                wrong.insert(job.task);
            }
        }
        Ok(wrong)
    }
}
