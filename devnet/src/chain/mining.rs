//! When blocks are made.

use std::time::Duration;

use super::Chain;

/// When blocks are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mining {
    /// One for each transaction, at once.
    #[default]
    Automatic,
    /// One at this interval, of whatever waits. The chain's server keeps the time: a chain
    /// without one makes no blocks by itself.
    Interval(Duration),
    /// One for each transaction, and one at this interval besides.
    Mixed(Duration),
    /// Only when asked to.
    Manual,
}

impl Mining {
    /// Whether every transaction gets a block at once.
    #[must_use]
    pub fn is_automatic(self) -> bool {
        matches!(self, Self::Automatic | Self::Mixed(_))
    }

    /// The interval at which blocks are made, if they are.
    #[must_use]
    pub fn interval(self) -> Option<Duration> {
        match self {
            Self::Interval(interval) | Self::Mixed(interval) => Some(interval),
            Self::Automatic | Self::Manual => None,
        }
    }

    /// The mode after automine is switched. As in Anvil, switching it on ends an interval,
    /// unless both were asked for.
    pub(super) fn with_automine(self, on: bool) -> Self {
        match (self, on) {
            (Self::Mixed(_), true) => self,
            (Self::Mixed(interval), false) => Self::Interval(interval),
            (_, true) => Self::Automatic,
            (Self::Interval(_), false) => self,
            (_, false) => Self::Manual,
        }
    }

    /// The mode after an interval is set, or ended with zero. As in Anvil this ends automine,
    /// unless both were asked for.
    pub(super) fn with_interval(self, interval: Duration) -> Self {
        match (self, interval.is_zero()) {
            (Self::Mixed(_), false) => Self::Mixed(interval),
            (Self::Mixed(_), true) => Self::Automatic,
            (_, false) => Self::Interval(interval),
            (_, true) => Self::Manual,
        }
    }
}

/// Makes blocks at whatever interval the chain is set to, for ever.
pub(crate) async fn mine_at_intervals(chain: Chain) {
    let mut mode = chain.mining_changes();
    loop {
        let interval = mode.borrow_and_update().interval();
        let changed = mode.changed();
        let Some(interval) = interval else {
            if changed.await.is_err() {
                return;
            }
            continue;
        };
        tokio::select! {
            changed = changed => {
                if changed.is_err() {
                    return;
                }
            }
            () = mine_every(&chain, interval) => {}
        }
    }
}

async fn mine_every(chain: &Chain, interval: Duration) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let chain = chain.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || chain.mine()).await {
            tracing::error!(%error, "no block was made");
        }
    }
}
