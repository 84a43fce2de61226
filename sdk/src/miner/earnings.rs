//! What a miner earns, as it comes.

use std::sync::{Arc, Weak};

use alloy_primitives::U256;
use tokio::sync::broadcast::{self, error::RecvError};

use super::{Earned, Job, State, StoreError, store::Store};

/// What a miner earns, as it comes: [`MinerHandle::earnings`](super::MinerHandle::earnings).
#[derive(Debug)]
pub struct Earnings {
    events: broadcast::Receiver<Job>,
    /// The miner's: another may open it once that has ended.
    store: Weak<Store>,
    told: Earned,
}

impl Earnings {
    /// From now on.
    pub(super) fn of(
        events: broadcast::Receiver<Job>,
        store: &Arc<Store>,
    ) -> Result<Self, StoreError> {
        let told = store.earned()?;
        Ok(Self {
            events,
            store: Arc::downgrade(store),
            told,
        })
    }

    /// All that the miner had ever earned when it was last told, earlier runs included.
    #[must_use]
    pub const fn total(&self) -> Earned {
        self.told
    }

    /// Waits until it has earned more, and returns how much more than was told before; nothing
    /// once its handle was stopped or dropped. Claims that come together are told together, and
    /// none is missed however rarely this is called. May be dropped and called again.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn next(&mut self) -> Result<Option<Earned>, StoreError> {
        loop {
            let Some(total) = self.store.upgrade().map(|store| store.earned()) else {
                return Ok(None);
            };
            let total = total?;
            // After a reorganisation it may be less for a while.
            let fee = total.fee.saturating_sub(self.told.fee);
            let reward = total.reward.saturating_sub(self.told.reward);
            self.told = total;
            if fee > U256::ZERO || reward > U256::ZERO {
                return Ok(Some(Earned { fee, reward }));
            }
            // Other changes of jobs bring nothing.
            loop {
                match self.events.recv().await {
                    Ok(job) if job.state == State::Claimed => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return Ok(None),
                }
            }
        }
    }
}
