//! Tasks and solutions, found by their events.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{ClientError, Network};
use crate::{
    chain::Logs,
    contracts::{IEngine, TaskStatus, topic},
};

/// Questions to the endpoint that are underway at a time.
const AT_ONCE: usize = 8;

/// Which tasks somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// With one of these; with any if empty.
    pub statuses: Vec<TaskStatus>,
    /// Of this model.
    pub model: Option<B256>,
    /// That pay at least this, wei of AIUS.
    pub min_fee: U256,
    /// That were submitted at this time or later, seconds since 1970.
    pub since: Option<u64>,
    /// Submitted in this block or later: where to begin looking.
    pub from_block: Option<u64>,
    /// So many of the newest.
    pub limit: Option<usize>,
}

/// A task in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTask {
    /// Its id.
    pub id: B256,
    /// The model that it asks for.
    pub model: B256,
    /// What it pays now, wei of AIUS.
    pub fee: U256,
    /// Who owns it.
    pub owner: Address,
    /// When it was submitted, seconds since 1970.
    pub time: u64,
    /// The block that it was submitted in.
    pub block: u64,
    /// How it stands.
    pub status: TaskStatus,
}

/// A solution that can be claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimable {
    /// The task.
    pub task: B256,
    /// What the task pays in all, wei of AIUS; the solver gets its part, and a reward.
    pub fee: U256,
}

impl Network {
    /// The tasks that a filter lets through, newest first. It reads the engine's events since
    /// the filter's block, or since the deployment.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<ListedTask>, ClientError> {
        let topics = vec![
            topic::<IEngine::TaskSubmitted>(),
            topic::<IEngine::SolutionSubmitted>(),
            topic::<IEngine::TaskRetracted>(),
        ];
        let logs = Logs::new(self.chain().clone(), self.engine(), topics);
        let from = filter.from_block.unwrap_or_default();
        let mut submitted = Vec::new();
        let mut not_open = BTreeSet::new();
        for log in self.logs_since(logs, from).await? {
            if let Ok(event) = IEngine::TaskSubmitted::decode_log(&log.inner) {
                let wanted = filter.model.is_none_or(|model| model == event.model);
                if wanted {
                    submitted.push((event.id, log.block_number.unwrap_or_default()));
                }
            } else if let Ok(event) = IEngine::SolutionSubmitted::decode_log(&log.inner) {
                not_open.insert(event.task);
            } else if let Ok(event) = IEngine::TaskRetracted::decode_log(&log.inner) {
                not_open.insert(event.id);
            }
        }
        if filter.statuses == [TaskStatus::Open] {
            // Most tasks of a chain's past need not be asked about then.
            submitted.retain(|(id, _)| !not_open.contains(id));
        }
        let limit = filter.limit.unwrap_or(usize::MAX);
        let listed = stream::iter(submitted.into_iter().rev())
            .map(|(id, block)| self.listed(id, block))
            .buffered(AT_ONCE);
        let mut listed = std::pin::pin!(listed);
        let mut tasks = Vec::new();
        while tasks.len() < limit
            && let Some(task) = listed.try_next().await?
        {
            if filter.since.is_some_and(|since| task.time < since) {
                // The others are older still.
                break;
            }
            if task.fee >= filter.min_fee
                && (filter.statuses.is_empty() || filter.statuses.contains(&task.status))
            {
                tasks.push(task);
            }
        }
        Ok(tasks)
    }

    async fn listed(&self, id: B256, block: u64) -> Result<ListedTask, ClientError> {
        let (chain, engine) = (self.chain(), self.engine());
        let task = chain.read(engine, &IEngine::tasksCall { id }).await?;
        let status = chain.read(engine, &IEngine::taskStatusCall { id }).await?;
        Ok(ListedTask {
            id,
            model: task.model,
            fee: task.fee,
            owner: task.owner,
            time: task.blocktime,
            block,
            status: TaskStatus::try_from(status)?,
        })
    }

    /// What a solver has solved and can claim now, oldest first.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn claimable(&self, solver: Address) -> Result<Vec<Claimable>, ClientError> {
        let solved = vec![topic::<IEngine::SolutionSubmitted>()];
        let solved = Logs::new(self.chain().clone(), self.engine(), solved);
        let claimed = vec![topic::<IEngine::SolutionClaimed>()];
        let claimed = Logs::new(self.chain().clone(), self.engine(), claimed);
        let solver_word = solver.into_word();
        let mut open = BTreeMap::new();
        let solved = self.logs_since(solved.about(solver_word), 0).await?;
        for (index, log) in solved.iter().enumerate() {
            if let Ok(event) = IEngine::SolutionSubmitted::decode_log(&log.inner) {
                open.insert(event.task, index);
            }
        }
        for log in self.logs_since(claimed.about(solver_word), 0).await? {
            if let Ok(event) = IEngine::SolutionClaimed::decode_log(&log.inner) {
                open.remove(&event.task);
            }
        }
        let mut open: Vec<_> = open.into_iter().collect();
        open.sort_by_key(|(_, index)| *index);
        let found = stream::iter(open)
            .map(|(task, _)| self.is_claimable(task, solver))
            .buffered(AT_ONCE)
            .try_filter_map(|claimable| std::future::ready(Ok(claimable)));
        found.try_collect().await
    }

    /// Whether a task's solution is `solver`'s and can be claimed now.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn is_claimable(
        &self,
        task: B256,
        solver: Address,
    ) -> Result<Option<Claimable>, ClientError> {
        let (chain, engine) = (self.chain(), self.engine());
        let call = IEngine::solutionsCall { task };
        let solution = chain.read(engine, &call).await?;
        if solution.validator != solver || solution.claimed {
            return Ok(None);
        }
        let call = IEngine::taskStatusCall { id: task };
        let status = TaskStatus::try_from(chain.read(engine, &call).await?)?;
        if status != TaskStatus::Final {
            return Ok(None);
        }
        let fee = chain
            .read(engine, &IEngine::tasksCall { id: task })
            .await?
            .fee;
        Ok(Some(Claimable { task, fee }))
    }
}
