//! Forgets requests that were over long ago, and removes their results.

use std::{sync::Arc, time::Duration};

use arbius_sdk::content::GcOptions;
use eyre::Result;

use crate::desk::{Desk, now_millis};

/// How often it is looked at what may go.
const PACE: Duration = Duration::from_secs(600);

/// Cleans up again and again.
pub(crate) async fn run(desk: Arc<Desk>) {
    let mut ticks = tokio::time::interval(PACE);
    loop {
        ticks.tick().await;
        if let Err(error) = clean(&desk).await {
            tracing::warn!(%error, "old results cannot be removed");
        }
    }
}

async fn clean(desk: &Desk) -> Result<()> {
    let limits = desk.limits();
    let keep = u64::try_from(limits.keep.as_millis()).unwrap_or(u64::MAX);
    let before = now_millis().saturating_sub(keep);
    let forgotten = {
        let _results = desk.results_change().await;
        let forgotten = desk.store.forget(before, limits.keep_count)?;
        // Also what a run that was killed has pinned and not written down.
        for pin in desk.results.pins().await? {
            if !desk.store.has_result(&pin.cid.to_string())? {
                desk.results.unpin(&pin.cid).await?;
            }
        }
        forgotten
    };
    // What was left of results that could not be fetched whole goes too.
    let collected = desk.results.gc(&GcOptions::default()).await?;
    tracing::debug!(forgotten, ?collected, "cleaned up");
    Ok(())
}
