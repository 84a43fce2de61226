//! Being told of events by WebSocket.
//!
//! What is told is only a reason to look: the events that count are read by their blocks. A
//! socket that dies is tried again, later each time; one that is open and silent while there
//! are new blocks is closed.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::rpc::types::Filter;
use alloy_primitives::U64;
use serde::Deserialize;
use tokio::{sync::Notify, task::JoinHandle};

use super::{
    Chain,
    logs::Question,
    pool::{Fault, Notification, Pool},
};

/// Pauses between attempts at subscribing.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// For how long blocks may be made that a subscription does not tell of.
const SILENCE: Duration = Duration::from_secs(10);

/// How many blocks a subscription may be ahead of what is seen elsewhere.
const AHEAD: u64 = 64;

/// No block at all: a chain may be quiet when it is subscribed to.
const NOTHING: u64 = u64::MAX;

/// Wakes whoever waits for events.
#[derive(Debug)]
pub(super) struct Wake {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Something happened.
    news: Notify,
    /// The subscription is not to be trusted any more.
    silent: Notify,
    live: AtomicBool,
    /// The newest block that it told of; [`NOTHING`] before.
    told: AtomicU64,
    /// Since when blocks were seen that it did not tell of, or it tells of some that are not.
    untold_since: Mutex<Option<Instant>>,
}

impl Wake {
    /// Subscribes in the background, if there is an endpoint that can be subscribed to.
    pub(super) fn start(chain: &Chain, question: &Question) -> Option<Self> {
        let pool = Arc::clone(chain.pool());
        if !pool
            .endpoints()
            .iter()
            .any(|endpoint| endpoint.is_websocket())
        {
            return None;
        }
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(listen(pool, question.filter(), Arc::clone(&shared)));
        Some(Self { shared, task })
    }

    /// Whether a subscription is open.
    pub(super) fn is_live(&self) -> bool {
        self.shared.live.load(Ordering::Acquire)
    }

    /// Waits until something happened since the last time.
    pub(super) async fn woken(&self) {
        self.shared.news.notified().await;
    }

    /// A block was seen elsewhere, of which the subscription should have told.
    pub(super) fn saw(&self, block: u64) {
        let mut since = self
            .shared
            .untold_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let told = &self.shared.told;
        // What was there before the subscription is not news.
        let _ = told.compare_exchange(NOTHING, block, Ordering::Relaxed, Ordering::Relaxed);
        let told = told.load(Ordering::Relaxed);
        if !self.is_live() || (block..=block.saturating_add(AHEAD)).contains(&told) {
            *since = None;
        } else if since.get_or_insert_with(Instant::now).elapsed() > SILENCE {
            *since = None;
            self.shared.silent.notify_one();
        }
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(pool: Arc<Pool>, filter: Filter, shared: Arc<Shared>) {
    let mut pause = FIRST_PAUSE;
    loop {
        for index in pool.order() {
            if !pool.endpoints()[index].is_websocket() {
                continue;
            }
            let name = pool.endpoints()[index].name();
            let ended = follow(&pool, index, &filter, &shared).await;
            if shared.live.swap(false, Ordering::AcqRel) {
                pause = FIRST_PAUSE;
                tracing::warn!(endpoint = name, reason = %ended,
                    "the subscription ended; new blocks are looked for meanwhile");
                // What happened since is looked for now.
                shared.news.notify_one();
            } else {
                tracing::debug!(endpoint = name, reason = %ended, "cannot subscribe");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Subscribes and listens until that ends, and says why.
async fn follow(pool: &Arc<Pool>, index: usize, filter: &Filter, shared: &Shared) -> Fault {
    let opened = async {
        let (socket, told) = pool.open(index).await?;
        let heads: String = pool
            .ask_socket(&socket, "eth_subscribe", ("newHeads",))
            .await?;
        let logs: String = pool
            .ask_socket(&socket, "eth_subscribe", ("logs", filter))
            .await?;
        Ok((socket, told, heads, logs))
    };
    let limit = pool.options().request_timeout;
    // The socket is held: it closes when it is dropped.
    let (_socket, mut told, heads, logs) = match tokio::time::timeout(limit, opened).await {
        Ok(Ok(open)) => open,
        Ok(Err(fault)) => return fault,
        Err(_) => return Fault::TimedOut(limit),
    };
    shared.told.store(NOTHING, Ordering::Relaxed);
    shared.live.store(true, Ordering::Release);
    shared.news.notify_one();
    loop {
        tokio::select! {
            notification = told.recv() => match notification {
                None => return Fault::Unreachable("the WebSocket was closed".to_owned()),
                Some(news) if news.subscription == logs => shared.news.notify_one(),
                Some(news) if news.subscription == heads => {
                    if let Some(block) = number(&news) {
                        shared.told.store(block, Ordering::Relaxed);
                    }
                }
                Some(_) => {}
            },
            () = shared.silent.notified() => {
                return Fault::Garbage("it does not tell of the blocks that there are".to_owned());
            }
        }
    }
}

fn number(news: &Notification) -> Option<u64> {
    #[derive(Deserialize)]
    struct Numbered {
        number: U64,
    }
    let header: Numbered = serde_json::from_str(news.result.get()).ok()?;
    Some(header.number.to())
}
