//! The first broadcast of a transaction, which ends whether its caller waits for it or not.

use std::time::Instant;

use tokio::sync::OwnedMutexGuard;

use super::{Lane, answer::Answer, sending::FIRST_RETRY};
use crate::chain::{ChainError, Intent, Outcome};

impl Lane {
    /// Broadcasts what was written down for the first time. Takes it back if it was refused
    /// without doubt, since nobody has these bytes then, and returns how.
    pub(super) async fn broadcast_first(
        self,
        intent: Intent,
        one_at_a_time: OwnedMutexGuard<()>,
    ) -> (OwnedMutexGuard<()>, Result<Option<Answer>, ChainError>) {
        let nonce = intent.nonce;
        let refusal = match self.broadcast(&intent.raw).await {
            Answer::Taken | Answer::Known => return (one_at_a_time, Ok(None)),
            Answer::Unsure(error) | Answer::Busy(error) => {
                tracing::warn!(hash = %intent.hash, nonce, %error, "broadcast failed, trying again");
                if let Some(flight) = self.flights().get_mut(nonce) {
                    flight.unsure = true;
                    flight.check = Instant::now() + FIRST_RETRY;
                }
                return (one_at_a_time, Ok(None));
            }
            // Those before it have yet to arrive, and are sent again first.
            Answer::NonceTooHigh if self.is_behind(nonce) => return (one_at_a_time, Ok(None)),
            refusal => refusal,
        };
        self.flights().take_back(nonce);
        let settled = self.shared.journal.settle(&intent, Outcome::Dropped);
        let refused = settled.map(|()| Some(refusal)).map_err(ChainError::from);
        (one_at_a_time, refused)
    }
}
