//! Follows tasks on the chain, by the engine's events and by the time.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_primitives::B256;
use alloy_sol_types::SolEvent as _;
use arbius_sdk::{
    chain::{Batch, Cursor, Events, Expected},
    client::{ClientError, Retraction, TaskInfo},
    contracts::{IEngine, TaskStatus},
};
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

use crate::{
    Id, Request, ServiceError, Step,
    desk::{Desk, now_millis},
    submitter,
};

/// Questions about tasks that are underway at a time.
const AT_ONCE: usize = 8;

/// Between which the pace is taken.
const SHORTEST_PACE: Duration = Duration::from_millis(10);
const LONGEST_PACE: Duration = Duration::from_secs(3_600);

/// How many looks at what is due pass before a task is looked at again for which something is
/// overdue.
const AGAIN: u32 = 5;

/// A task that is followed.
struct Followed {
    id: Id,
    /// From when the chain may have moved on by itself, seconds since 1970.
    due: Option<u64>,
    /// Not to be looked at, nor taken back, before this.
    patience: Instant,
}

/// Follows every task until its request is over.
pub(crate) async fn run(desk: Arc<Desk>, mut new: mpsc::UnboundedReceiver<Id>) {
    let mut events = None;
    let expected = Arc::new(Expected::default());
    let mut tasks: HashMap<B256, Followed> = HashMap::new();
    let mut chain_time = 0;
    let pace = desk.limits().pace.clamp(SHORTEST_PACE, LONGEST_PACE);
    let again = pace * AGAIN;
    let mut ticks = tokio::time::interval(pace);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let following = match &mut events {
            Some(events) => events,
            empty => match begin(&desk, Arc::clone(&expected)).await {
                // What happened before this is seen by looking at each task once.
                Ok(begun) => empty.insert(begun),
                Err(error) => {
                    tracing::warn!(%error, "the chain cannot be followed yet");
                    tokio::time::sleep(again).await;
                    continue;
                }
            },
        };
        let look: Vec<B256> = tokio::select! {
            id = new.recv() => {
                let Some(id) = id else { return };
                let mut ids = vec![id];
                while let Ok(id) = new.try_recv() {
                    ids.push(id);
                }
                ids.into_iter().filter_map(|id| follow(&desk, &mut tasks, id)).collect()
            }
            batch = following.next() => match batch {
                Ok(batch) => {
                    chain_time = chain_time.max(batch.head.timestamp);
                    match batch.reorganised_from {
                        Some(_) => {
                            // What it undid is sent again.
                            desk.lane.resync().await;
                            tasks.keys().copied().collect()
                        }
                        None => concerned(&batch, &tasks, chain_time),
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the chain cannot be read, trying again");
                    tokio::time::sleep(again).await;
                    Vec::new()
                }
            },
            _ = ticks.tick() => {
                take_back(&desk, &mut tasks, again).await;
                overdue(&tasks, chain_time.max(now_millis() / 1_000))
            }
        };
        let looked = stream::iter(look)
            .map(async |task| (task, look_at(&desk, &expected, &tasks, task).await))
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        for (task, request) in looked {
            match request {
                Ok(Some(request))
                    if request.is_over()
                        || request.standing() == Some(&Step::Final)
                        || request.task() != Some(task) =>
                {
                    tasks.remove(&task);
                }
                looked => {
                    let Some(followed) = tasks.get_mut(&task) else {
                        continue;
                    };
                    followed.due = match looked {
                        Ok(request) => {
                            let solution = request.as_ref().and_then(Request::solution);
                            solution.map(|(_, contest_end)| contest_end)
                        }
                        Err(error) => {
                            tracing::warn!(%task, %error, "a task cannot be looked at yet");
                            Some(0)
                        }
                    };
                    // What was looked at in time is looked at again when its time comes.
                    let now = chain_time.max(now_millis() / 1_000);
                    followed.patience = match followed.due {
                        Some(due) if due > now => Instant::now(),
                        _ => Instant::now() + again,
                    };
                }
            }
        }
    }
}

/// Events from the present block on.
async fn begin(desk: &Desk, expected: Arc<Expected>) -> Result<Events, ServiceError> {
    let chain = desk.network().chain().clone();
    let cursor = Cursor::after(chain.head().await?.number);
    let topics = vec![
        IEngine::SolutionSubmitted::SIGNATURE_HASH,
        IEngine::ContestationSubmitted::SIGNATURE_HASH,
        IEngine::ContestationSettled::SIGNATURE_HASH,
        IEngine::TaskRetracted::SIGNATURE_HASH,
    ];
    let events = Events::new(chain, desk.network().engine(), topics, cursor);
    Ok(events.expecting(expected))
}

/// Follows the task of a request from now on.
fn follow(desk: &Desk, tasks: &mut HashMap<B256, Followed>, id: Id) -> Option<B256> {
    let request = match desk.store.get(id) {
        Ok(request) => request?,
        Err(error) => {
            tracing::error!(%id, %error, "a request cannot be read");
            return None;
        }
    };
    let task = request.task()?;
    let followed = Followed {
        id,
        due: None,
        patience: Instant::now(),
    };
    tasks.insert(task, followed);
    Some(task)
}

/// The tasks of ours that a batch of events is about, or whose time has come.
fn concerned(batch: &Batch, tasks: &HashMap<B256, Followed>, now: u64) -> Vec<B256> {
    let mut concerned = overdue(tasks, now);
    // Each of these events has the task among its topics.
    let topics = batch
        .logs
        .iter()
        .flat_map(|log| log.topics().iter().skip(1));
    concerned.extend(topics.filter(|topic| tasks.contains_key(*topic)));
    concerned.sort_unstable();
    concerned.dedup();
    concerned
}

fn overdue(tasks: &HashMap<B256, Followed>, now: u64) -> Vec<B256> {
    let is_due = |followed: &Followed| {
        followed.due.is_some_and(|due| due <= now) && followed.patience <= Instant::now()
    };
    let due = tasks.iter().filter(|(_, followed)| is_due(followed));
    due.map(|(task, _)| *task).collect()
}

/// Asks how a task stands, and writes down what is new. Returns its request.
async fn look_at(
    desk: &Desk,
    expected: &Expected,
    tasks: &HashMap<B256, Followed>,
    task: B256,
) -> Result<Option<Request>, ServiceError> {
    let Some(followed) = tasks.get(&task) else {
        return Ok(None);
    };
    let request = desk.store.get(followed.id)?;
    if let Some(Step::Submitted { transaction, .. }) = request.as_ref().and_then(Request::standing)
        && let Some(receipt) = desk.network().chain().receipt(*transaction).await?
    {
        // Another block in its place undoes the task, perhaps before it was read.
        expected.note(receipt.block, receipt.block_hash);
    }
    let info = match desk.network().task(task).await {
        Err(ClientError::UnknownTask { task, engine }) => {
            // Ids follow from the task before: what a reorganisation undid is another task
            // when it is sent again.
            let sent = submitter::sent_before(desk, followed.id).await?;
            let Some(sent) = sent.filter(|sent| sent.task != task) else {
                // It may have been undone before its block was read.
                desk.lane.resync().await;
                return Err(ClientError::UnknownTask { task, engine }.into());
            };
            let step = submitter::submitted_step(&sent);
            return Ok(desk.step(followed.id, step, |_| true)?);
        }
        found => found?,
    };
    if let Some(step) = step_of(&info) {
        let known = step.clone();
        let new = desk.step(followed.id, step, |request| is_new(request, &known))?;
        if new.is_some() {
            return Ok(new);
        }
    }
    Ok(desk.store.get(followed.id)?)
}

/// What a task's state on the chain is to its request; nothing while nobody has solved it.
fn step_of(info: &TaskInfo) -> Option<Step> {
    match (info.status, &info.solution) {
        (TaskStatus::Final, Some(_)) => Some(Step::Final),
        (TaskStatus::Contested, _) => Some(Step::Contested),
        (TaskStatus::Rejected, _) => Some(Step::Rejected),
        (TaskStatus::Retracted, _) => Some(Step::Retracted),
        (_, Some(solution)) => Some(Step::Solved {
            solver: solution.solver,
            cid: solution.cid.to_string(),
            contest_end: solution.contest_end,
        }),
        _ => None,
    }
}

fn is_new(request: &Request, step: &Step) -> bool {
    match (request.standing(), step) {
        // A pause moves the end of the contest period on; that alone is no news.
        (Some(Step::Solved { cid: known, .. }), Step::Solved { cid, .. }) => known != cid,
        (standing, step) => standing != Some(step),
    }
}

/// Takes back what nobody has solved for long: announces it, and gets the fee back with
/// another call when the protocol allows it. One at a time, so that the others are followed
/// in between.
async fn take_back(desk: &Desk, tasks: &mut HashMap<B256, Followed>, again: Duration) {
    let limit = u64::try_from(desk.limits().retract_after.as_millis()).unwrap_or(u64::MAX);
    let before = now_millis().saturating_sub(limit);
    for (task, followed) in tasks {
        if followed.due.is_some() || followed.patience > Instant::now() {
            continue;
        }
        let Ok(Some(request)) = desk.store.get(followed.id) else {
            continue;
        };
        let submitted = request
            .steps
            .iter()
            .rev()
            .find_map(|timed| match timed.step {
                Step::Submitted { .. } => Some(timed.time),
                _ => None,
            });
        if submitted.is_none_or(|time| time > before) {
            // Not before long: a task waits for its solution in peace.
            followed.patience = Instant::now() + again;
            continue;
        }
        followed.patience = Instant::now() + again;
        match desk.requester.retract(*task).await {
            Ok(Retraction::Announced) => tracing::info!(%task, "announced to take a task back"),
            // The event tells of it.
            Ok(Retraction::Refunded(amount)) => tracing::info!(%task, %amount, "took a task back"),
            Err(error) => tracing::debug!(%task, %error, "a task cannot be taken back yet"),
        }
        return;
    }
}
