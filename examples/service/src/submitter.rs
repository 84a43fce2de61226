//! Submits requests as tasks, each once.

use std::{sync::Arc, time::Duration};

use arbius_sdk::{
    chain::ChainError,
    client::{ClientError, Submitted, TaskRequest},
};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::TaskTracker;

use crate::{Id, Request, Step, StoreError, desk::Desk, journal};

/// Pauses between attempts at something that may pass: an endpoint that is away, an account
/// that is empty.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Submits what waits for its turn, a few at a time.
pub(crate) async fn run(
    desk: Arc<Desk>,
    mut waiting: mpsc::UnboundedReceiver<Id>,
    work: TaskTracker,
) {
    // What earlier runs sent has to have an outcome before anything is sent.
    settle(&desk).await;
    let places = Arc::new(Semaphore::new(desk.limits().sending.max(1)));
    while let Some(id) = waiting.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let desk = Arc::clone(&desk);
        work.spawn(async move {
            let _place = place;
            let stop = desk.stop.clone();
            // What is written down is enough to go on from, wherever this is dropped.
            if let Some(Err(error)) = stop.run_until_cancelled(submit(&desk, id)).await {
                tracing::error!(%id, %error, "a request cannot be written down");
            }
        });
    }
}

/// Waits until every transaction whose outcome has to be known before anything is sent has
/// one.
async fn settle(desk: &Desk) {
    let mut pause = FIRST_PAUSE;
    while let Err(error) = desk.lane.settled().await {
        tracing::warn!(%error, "waiting for the outcome of a transaction");
        pause = rest(pause).await;
    }
}

async fn submit(desk: &Desk, id: Id) -> Result<(), StoreError> {
    // Who takes a request back does it before this, or not at all.
    let begun = desk.step(id, Step::Sending, |request| {
        matches!(request.last(), Some(Step::Queued))
    })?;
    let found = match begun {
        Some(request) => Some(request),
        None => desk.store.get(id)?,
    };
    let Some(request) = found.filter(|request| matches!(request.last(), Some(Step::Sending)))
    else {
        return Ok(());
    };
    let task = TaskRequest {
        model: desk.settings.model,
        fee: request.fee,
        input: request.input_bytes(),
        owner: None,
    };
    let purpose = journal::purpose(id);
    let mut pause = FIRST_PAUSE;
    loop {
        // An earlier run, or an attempt whose answer was lost, may have submitted it.
        let step = match sent_before(desk, id).await? {
            Some(submitted) => submitted_step(&submitted),
            None => match desk.requester.submit_as(&task, &purpose).await {
                Ok(submitted) => submitted_step(&submitted),
                Err(error) if may_pass(&error) => {
                    tracing::warn!(%id, %error, "a request cannot be submitted yet");
                    desk.set_obstacle(Some(error.to_string()));
                    pause = rest(pause).await;
                    continue;
                }
                Err(error) => Step::Failed {
                    reason: error.to_string(),
                },
            },
        };
        desk.set_obstacle(None);
        desk.step(id, step, |_| true)?;
        return Ok(());
    }
}

/// What an earlier transaction submitted for this request, if one did.
pub(crate) async fn sent_before(desk: &Desk, id: Id) -> Result<Option<Submitted>, StoreError> {
    let transactions = |request: Request| request.transactions;
    let transactions = desk.store.get(id)?.map(transactions).unwrap_or_default();
    if transactions.is_empty() {
        return Ok(None);
    }
    settle(desk).await;
    let chain = desk.network().chain();
    let mut pause = FIRST_PAUSE;
    for hash in transactions {
        loop {
            match chain.receipt_anywhere(hash).await {
                Ok(Some(receipt)) if receipt.success => {
                    // One that did nothing, to use its nonce up, announces no task.
                    match desk.requester.submitted(&receipt) {
                        Ok(submitted) => return Ok(Some(submitted)),
                        Err(_) => break,
                    }
                }
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%id, %error, "it cannot be asked whether a request was sent");
                    pause = rest(pause).await;
                }
            }
        }
    }
    Ok(None)
}

pub(crate) fn submitted_step(submitted: &Submitted) -> Step {
    Step::Submitted {
        task: submitted.task,
        transaction: submitted.transaction,
    }
}

/// Whether the same submission may succeed later.
fn may_pass(error: &ClientError) -> bool {
    match error {
        // Where the journal failed, what was sent is found by the next attempt. An allowance
        // may be taken by another submission of the account that was faster.
        ClientError::Chain(error) => {
            error.is_transient()
                || matches!(error, ChainError::Journal(_))
                || error.is_revert("ERC20InsufficientAllowance")
        }
        ClientError::InsufficientTokens { .. } => true,
        _ => false,
    }
}

/// Waits for a pause, and returns the next one.
pub(crate) async fn rest(pause: Duration) -> Duration {
    tokio::time::sleep(pause).await;
    (pause * 2).min(LONGEST_PAUSE)
}
