//! Which tasks a miner takes.
//!
//! Models are opted into by the [`Catalogue`](super::Catalogue). Of their tasks a miner
//! declines, each with the reason in the job's note:
//!
//! - what its operator's [`DenyList`] names;
//! - what is beyond its [`Limits`](super::Limits);
//! - what pays less than its minimum, or than its [`Margin`](super::Margin) above the gas;
//! - what does not fit the model's template.

mod deny_list;
mod margin;
mod room;

use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256};
pub use deny_list::{DenyList, DenyListError};
use tokio::sync::Mutex;

use deny_list::DenyFile;
use margin::Terms;
use room::Room;

use super::{Job, Settings};
use crate::{
    chain::{Chain, ChainError},
    content::FolderStore,
    contracts::IEngine,
};

/// For how long a figure is believed before it is looked at again.
const LIFETIME: Duration = Duration::from_secs(30);

/// What decides about tasks before anything is computed.
#[derive(Debug)]
pub(super) struct Choice {
    chain: Chain,
    engine: Address,
    deny: Option<DenyFile>,
    room: Room,
    terms: Mutex<Terms>,
}

impl Choice {
    /// # Errors
    ///
    /// [`DenyListError`] if the list cannot be read: a miner that ignores it is not wanted.
    pub(super) fn new(
        chain: Chain,
        engine: Address,
        outputs: FolderStore,
        settings: &Settings,
    ) -> Result<Self, DenyListError> {
        let deny = settings.deny_list.clone().map(DenyFile::open).transpose()?;
        Ok(Self {
            chain,
            engine,
            deny,
            room: Room::new(outputs),
            terms: Mutex::default(),
        })
    }

    /// Why a task is left alone, if it is. `queue` is how many jobs are before their reveal.
    ///
    /// # Errors
    ///
    /// What the endpoint answers where it has to be asked.
    pub(super) async fn objection(
        &self,
        job: &Job,
        settings: &Settings,
        queue: usize,
    ) -> Result<Option<String>, ChainError> {
        if job.fee < settings.min_fee {
            return Ok(Some(format!(
                "its fee of {} wei of AIUS is below the minimum of {}",
                job.fee, settings.min_fee
            )));
        }
        if let Some(reason) = self.denied(job).await? {
            return Ok(Some(reason));
        }
        if let Some(reason) = self.room.objection(job, &settings.limits, queue).await {
            return Ok(Some(reason));
        }
        match settings.margin {
            None => Ok(None),
            Some(margin) => {
                let mut terms = self.terms.lock().await;
                terms.objection(&self.chain, self.engine, job, margin).await
            }
        }
    }

    /// Why no outputs are kept beside one's own, if so.
    pub(super) async fn full(&self, settings: &Settings) -> Option<String> {
        self.room.full(&settings.limits).await
    }

    async fn denied(&self, job: &Job) -> Result<Option<String>, ChainError> {
        let Some(list) = self.deny.as_ref().map(DenyFile::read) else {
            return Ok(None);
        };
        let reason = list
            .model(job.model)
            .or_else(|| list.requester(job.requester))
            .or_else(|| list.input(&job.input));
        if reason.is_some() || !list.names_requesters() {
            return Ok(reason);
        }
        // Who submits a task by a contract, or for somebody else, is not its sender.
        let owner = self.owner(job.task).await?;
        Ok(list.requester(owner))
    }

    async fn owner(&self, id: B256) -> Result<Address, ChainError> {
        let task = self
            .chain
            .read(self.engine, &IEngine::tasksCall { id })
            .await?;
        Ok(task.owner)
    }
}

/// A figure and when it was looked at.
#[derive(Clone, Copy, Debug)]
struct Kept<T> {
    at: Instant,
    value: T,
}

impl<T: Copy> Kept<T> {
    fn now(value: T) -> Self {
        Self {
            at: Instant::now(),
            value,
        }
    }

    fn fresh(&self) -> Option<T> {
        (self.at.elapsed() < LIFETIME).then_some(self.value)
    }
}
