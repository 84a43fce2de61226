//! Reading the chain, beside the loop: a slow or dead endpoint holds nothing else up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, task::JoinHandle};

use crate::chain::{Batch, ChainError, Events};

/// Pauses while nothing can be read.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often it is said that the chain still cannot be read.
const REMIND: Duration = Duration::from_secs(600);

/// Reads in a task of its own, one batch ahead of whoever takes them.
#[derive(Debug)]
pub(super) struct Reader {
    batches: mpsc::Receiver<Result<Batch, ChainError>>,
    can_read: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Reader {
    pub(super) fn start(events: Events) -> Self {
        let (sender, batches) = mpsc::channel(1);
        let can_read = Arc::new(AtomicBool::new(true));
        let task = tokio::spawn(read(events, sender, Arc::clone(&can_read)));
        Self {
            batches,
            can_read,
            task,
        }
    }

    /// Whether the chain could be read when that was last tried.
    pub(super) fn can_read(&self) -> bool {
        self.can_read.load(Ordering::Relaxed)
    }

    /// The next batch, or why there will be none. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Result<Batch, ChainError>> {
        self.batches.recv().await
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(
    mut events: Events,
    batches: mpsc::Sender<Result<Batch, ChainError>>,
    can_read: Arc<AtomicBool>,
) {
    let mut trouble: Option<Trouble> = None;
    let mut has_read = false;
    loop {
        match events.next().await {
            Ok(batch) => {
                has_read = true;
                if let Some(Trouble { since, .. }) = trouble.take() {
                    can_read.store(true, Ordering::Relaxed);
                    tracing::info!(after = ?since.elapsed(), "the chain can be read again");
                }
                if batches.send(Ok(batch)).await.is_err() {
                    return;
                }
            }
            // Nothing but the operator can change this. Later, a node behind a balancer may be
            // one of less history.
            Err(error @ ChainError::Pruned { .. }) if !has_read => {
                // Nobody listens any more once the miner stops.
                let _ = batches.send(Err(error)).await;
                return;
            }
            Err(error) => {
                can_read.store(false, Ordering::Relaxed);
                let pause = trouble.get_or_insert_default().take_in(&error);
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// A time in which the chain cannot be read: it is said once, and then now and again.
struct Trouble {
    since: Instant,
    said: Option<(std::mem::Discriminant<ChainError>, Instant)>,
    pause: Duration,
}

impl Default for Trouble {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            said: None,
            pause: FIRST_PAUSE,
        }
    }
}

impl Trouble {
    /// Says what is wrong if it is new, and how long to wait.
    fn take_in(&mut self, error: &ChainError) -> Duration {
        let kind = std::mem::discriminant(error);
        let is_new = self
            .said
            .is_none_or(|(said, at)| said != kind || at.elapsed() > REMIND);
        if is_new {
            self.said = Some((kind, Instant::now()));
            match error {
                ChainError::WrongChain { .. } | ChainError::OtherChain { .. } => {
                    tracing::error!(%error, "nothing is read or sent until that chain is back");
                }
                _ => tracing::warn!(%error, "cannot read the chain, trying again, later each time"),
            }
        } else {
            tracing::debug!(%error, "still cannot read the chain");
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}
