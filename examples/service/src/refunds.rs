//! Takes out what the engine owes the account for tasks that came to nothing.

use std::{sync::Arc, time::Duration};

use crate::{desk::Desk, submitter};

/// How often it is asked what is owed when nothing says so: an endpoint may have been behind
/// when something did.
const AGAIN: Duration = Duration::from_secs(3_600);

/// Takes refunds out as they come, those of earlier runs first.
pub(crate) async fn run(desk: Arc<Desk>) {
    loop {
        let mut pause = submitter::FIRST_PAUSE;
        loop {
            match desk.requester.withdraw_earnings().await {
                Ok(amount) if amount.is_zero() => break,
                Ok(amount) => {
                    tracing::info!(%amount, "took refunds out of the engine");
                    break;
                }
                Err(error) => {
                    tracing::warn!(%error, "refunds cannot be taken out of the engine yet");
                    pause = submitter::rest(pause).await;
                }
            }
        }
        // Whichever comes first.
        let _ = tokio::time::timeout(AGAIN, desk.refunds.notified()).await;
    }
}
