//! Whether a solution's outputs can be fetched.

use super::Case;
use crate::{client::Outputs, miner::machine::Machine};

/// How often gateways are asked for outputs before they count as gone, spread over the time
/// until the contest end.
pub(super) const ATTEMPTS: u32 = 4;

impl Machine {
    /// Tries to fetch the outputs from the gateways of the settings. What comes is hashed,
    /// so a gateway cannot lie.
    pub(super) async fn can_fetch(&self, case: &Case) -> bool {
        let Some(fetcher) = &self.fetcher else {
            // The gateways were taken out of the settings since the case began.
            return true;
        };
        let Some(cid) = case.solution() else {
            return false;
        };
        match Outputs::fetch(fetcher, cid).await {
            Ok(_) => true,
            Err(error) => {
                tracing::debug!(task = %case.task, %error, "the outputs cannot be fetched yet");
                false
            }
        }
    }

    /// When to try again, in the chain's time: the first half of the contest period is for
    /// trying, the second for computing.
    pub(super) fn fetch_again_at(&self, case: &Case, now: u64) -> u64 {
        let end = case.contest_end.unwrap_or_default();
        let left = end
            .saturating_sub(self.contest_period / 2)
            .saturating_sub(now);
        let tries = u64::from(ATTEMPTS.saturating_sub(case.attempts).max(1));
        now + (left / tries).max(1)
    }
}
