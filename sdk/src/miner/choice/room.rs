//! Whether there is room for one more task.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use super::Kept;
use crate::{
    content::FolderStore,
    inference::machine::memory,
    miner::{Job, Limits},
};

/// What the machine has left.
#[derive(Debug)]
pub(super) struct Room {
    outputs: FolderStore,
    measured: Mutex<Option<Kept<u64>>>,
    /// Bytes that outputs had when they could last be counted.
    last: AtomicU64,
}

impl Room {
    pub(super) fn new(outputs: FolderStore) -> Self {
        Self {
            outputs,
            measured: Mutex::default(),
            last: AtomicU64::new(0),
        }
    }

    /// Why there is none, if so.
    pub(super) async fn objection(
        &self,
        job: &Job,
        limits: &Limits,
        queue: usize,
    ) -> Option<String> {
        let size = job.input.len();
        if size > limits.input_bytes {
            return Some(format!(
                "its input has {size} bytes, and the limit is {}",
                limits.input_bytes
            ));
        }
        if queue > limits.queue {
            return Some(format!(
                "{queue} jobs are in the queue, and the limit is {}",
                limits.queue
            ));
        }
        if let Some(reason) = self.full(limits).await {
            return Some(reason);
        }
        if let (Some(limit), Some(free)) = (limits.min_free_memory, memory::available())
            && free < limit
        {
            return Some(format!(
                "{free} bytes of memory are available, and at least {limit} are to stay so"
            ));
        }
        None
    }

    /// Why no more outputs are kept, if so.
    pub(super) async fn full(&self, limits: &Limits) -> Option<String> {
        let limit = limits.disk_bytes?;
        let used = self.used().await;
        (used >= limit)
            .then(|| format!("the outputs take {used} bytes of the disk, and the limit is {limit}"))
    }

    async fn used(&self) -> u64 {
        let mut measured = self.measured.lock().await;
        if let Some(used) = measured.as_ref().and_then(Kept::fresh) {
            return used;
        }
        let used = match self.outputs.size().await {
            Ok(used) => used,
            Err(error) => {
                tracing::warn!(%error, "cannot say how much disk the outputs take");
                self.last.load(Ordering::Relaxed)
            }
        };
        self.last.store(used, Ordering::Relaxed);
        *measured = Some(Kept::now(used));
        used
    }
}
