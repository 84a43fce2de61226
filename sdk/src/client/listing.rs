//! Tasks and solutions, found by their events.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{ClientError, Network};
use crate::contracts::{IEngine, TaskStatus, topic};

/// Questions to the endpoint that are underway at a time.
const AT_ONCE: usize = 8;

/// Blocks that are read at a time, from the newest back.
const BLOCKS: u64 = 10_000;

/// Which tasks somebody wants to see.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use alloy_primitives::U256;
/// use arbius_sdk::{
///     client::{Network, TaskFilter},
///     contracts::TaskStatus,
/// };
/// # let local = arbius_testkit::TestChain::start().await?;
/// # let deployment = local.deployment();
///
/// let network = Network::connect(deployment).await?;
/// let open = TaskFilter {
///     statuses: vec![TaskStatus::Open],
///     limit: Some(20),
///     ..TaskFilter::default()
/// };
/// for task in network.tasks(&open).await? {
///     println!("{} pays {} wei of AIUS", task.id, task.fee);
/// }
/// # Ok(())
/// # }
/// ```
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
    /// So many of the newest. Without, all that an endpoint tells of since the deployment are
    /// read and kept.
    pub limit: Option<usize>,
}

/// A task in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct Claimable {
    /// The task.
    pub task: B256,
    /// What the task pays in all, wei of AIUS; the solver gets its part, and a reward.
    pub fee: U256,
}

impl Network {
    /// The tasks that a filter lets through, newest first. It reads the engine's events from the
    /// newest block back until there are enough, or to the filter's block or time, or to the
    /// deployment.
    ///
    /// # Errors
    ///
    /// As [`Logs::to_head`](crate::chain::Logs::to_head).
    pub async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<ListedTask>, ClientError> {
        let open_alone = filter.statuses == [TaskStatus::Open];
        let mut topics = vec![topic::<IEngine::TaskSubmitted>()];
        if open_alone {
            topics.push(topic::<IEngine::SolutionSubmitted>());
            topics.push(topic::<IEngine::TaskRetracted>());
        }
        let mut logs = self.logs_of(&topics);
        let first = self.since(filter.from_block.unwrap_or_default());
        let mut end = logs.head(first).await?;
        let limit = filter.limit.unwrap_or(usize::MAX);
        let mut not_open = BTreeSet::new();
        let mut tasks = Vec::new();
        while tasks.len() < limit && first <= end {
            let start = first.max(end.saturating_sub(BLOCKS - 1));
            let mut submitted = Vec::new();
            for log in logs.all(start, end).await?.iter().rev() {
                if let Ok(event) = IEngine::TaskSubmitted::decode_log(&log.inner) {
                    // Most tasks of a chain's past need not be asked about.
                    let is_over = not_open.remove(&event.id);
                    let wanted = filter.model.is_none_or(|model| model == event.model);
                    if wanted && !is_over {
                        submitted.push((event.id, log.block_number.unwrap_or_default()));
                    }
                } else if let Ok(event) = IEngine::SolutionSubmitted::decode_log(&log.inner) {
                    not_open.insert(event.task);
                } else if let Ok(event) = IEngine::TaskRetracted::decode_log(&log.inner) {
                    not_open.insert(event.id);
                }
            }
            let listed = stream::iter(submitted)
                .map(|(id, block)| self.listed(id, block))
                .buffered(AT_ONCE);
            let mut listed = std::pin::pin!(listed);
            while tasks.len() < limit
                && let Some(task) = listed.try_next().await?
            {
                if filter.since.is_some_and(|since| task.time < since) {
                    // The others are older still.
                    return Ok(tasks);
                }
                if task.fee >= filter.min_fee
                    && (filter.statuses.is_empty() || filter.statuses.contains(&task.status))
                {
                    tasks.push(task);
                }
            }
            let Some(before) = start.checked_sub(1) else {
                break;
            };
            end = before;
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
    /// As [`Logs::to_head`](crate::chain::Logs::to_head).
    pub async fn claimable(&self, solver: Address) -> Result<Vec<Claimable>, ClientError> {
        let topics = [
            topic::<IEngine::SolutionSubmitted>(),
            topic::<IEngine::SolutionClaimed>(),
        ];
        let mut logs = self.logs_of(&topics).about(solver.into_word());
        let first = self.since(0);
        let head = logs.head(first).await?;
        let mut open = BTreeMap::new();
        let mut index = 0_usize;
        logs.in_parts(first, head, |found| {
            for log in found {
                if let Ok(event) = IEngine::SolutionSubmitted::decode_log(&log.inner) {
                    open.insert(event.task, index);
                    index += 1;
                } else if let Ok(event) = IEngine::SolutionClaimed::decode_log(&log.inner) {
                    open.remove(&event.task);
                }
            }
            Ok(())
        })
        .await?;
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
