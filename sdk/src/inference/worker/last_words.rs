//! What a child says on standard error before it ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::ChildStderr;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How much of it is kept for error messages, bytes.
const KEPT: usize = 4096;

/// How long to wait for the rest from a child that has ended. What the child itself wrote is
/// there; something that it has started may hold the pipe open.
const PATIENCE: Duration = Duration::from_secs(1);

/// The end of what a child writes to standard error.
#[derive(Debug)]
pub(in crate::inference) struct LastWords {
    kept: Arc<Mutex<Vec<u8>>>,
    reading: JoinHandle<()>,
}

impl LastWords {
    /// Reads on until the pipe ends.
    pub(in crate::inference) fn of(stderr: ChildStderr) -> Self {
        let kept = Arc::default();
        let reading = tokio::spawn(keep(stderr, Arc::clone(&kept)));
        Self { kept, reading }
    }

    /// What a child has said that has ended, as the end of a sentence.
    pub(in crate::inference) async fn heard(&mut self) -> String {
        if !self.reading.is_finished() {
            let _ = timeout(PATIENCE, &mut self.reading).await;
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept).trim().to_owned();
        match text.is_empty() {
            true => text,
            false => format!("; it said: {text}"),
        }
    }
}

async fn keep(mut stderr: ChildStderr, kept: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(buffer.iter().take(count));
        let excess = kept.len().saturating_sub(KEPT);
        kept.drain(..excess);
    }
}
