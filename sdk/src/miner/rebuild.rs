//! Taking up again what damaged records were about, by what the chain says.

use std::sync::Arc;

use alloy_primitives::B256;
use alloy_sol_types::SolCall as _;
use tokio::time::sleep;

use super::{
    Case, Job, MinerError,
    ask::Whom,
    disk::{DISK_PAUSE, waits_for_disk},
    machine::{Machine, StepError},
    slot::pause_after,
    store::{Lost, News},
};
use crate::{chain::ChainError, client::ClientError, contracts::IEngine};

/// What was taken up again, and is written down.
#[derive(Debug, Default)]
pub(super) struct Rebuilt {
    pub(super) jobs: Vec<Job>,
    pub(super) disputes: News,
}

/// Takes the jobs and disputes up again whose records were set apart: as the chain first told
/// of them, so that comparing them with it moves them to where they stand. What an endpoint
/// has no history of any more stays set apart.
///
/// # Errors
///
/// What ends the miner.
pub(super) async fn rebuild(machine: Arc<Machine>) -> Result<Rebuilt, MinerError> {
    let mut failures = 0;
    let rebuilt = loop {
        match machine.find_lost().await {
            Ok(rebuilt) => break rebuilt,
            Err(StepError::Chain(error)) if error.is_transient() => {
                tracing::warn!(%error, "cannot take up what damaged records were about yet");
                sleep(pause_after(failures)).await;
                failures = failures.saturating_add(1);
            }
            Err(error) => match MinerError::from(error) {
                error if waits_for_disk(&error) => sleep(DISK_PAUSE).await,
                error => return Err(error),
            },
        }
    };
    loop {
        let Rebuilt { jobs, disputes } = &rebuilt;
        match machine
            .store
            .restore(jobs, disputes)
            .map_err(MinerError::from)
        {
            Err(error) if waits_for_disk(&error) => sleep(DISK_PAUSE).await,
            written => return written.map(|()| rebuilt),
        }
    }
}

impl Machine {
    async fn find_lost(&self) -> Result<Rebuilt, StepError> {
        let mut rebuilt = Rebuilt::default();
        for lost in self.store.lost()? {
            let found = match lost {
                Lost::Job(task) => self.find_job(task).await.map(|job| {
                    rebuilt.jobs.extend(job);
                }),
                Lost::Case(task) => self.find_dispute(task).await.map(|case| {
                    rebuilt.disputes.cases.extend(case);
                }),
            };
            match found {
                Ok(()) => {}
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(error) => {
                    tracing::error!(?lost, %error, "what a damaged record was about cannot be read");
                }
            }
        }
        Ok(rebuilt)
    }

    async fn find_job(&self, task: B256) -> Result<Option<Job>, ChainError> {
        match self.network.submission(task).await {
            Ok(submission) => {
                tracing::warn!(%task, "taking up a job whose record was damaged");
                Ok(Some(Job::of(&submission)))
            }
            Err(ClientError::Chain(error)) => Err(error),
            Err(error) => {
                tracing::warn!(%task, %error, "a job whose record was damaged is gone");
                Ok(None)
            }
        }
    }

    async fn find_dispute(&self, task: B256) -> Result<Option<Case>, ChainError> {
        let call = IEngine::contestationsCall { task }.abi_encode();
        let [found] = self.ask([call], Whom::Anyone).await?;
        let found = self.answer::<IEngine::contestationsCall>(found).await?;
        if found.validator.is_zero() {
            return Ok(None);
        }
        tracing::warn!(%task, "taking up a dispute whose record was damaged");
        Ok(Some(Case::contested(task, found.validator)))
    }
}
