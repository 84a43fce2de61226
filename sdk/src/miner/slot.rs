//! What is to be done about an open job, as the loop keeps it in mind.

use std::time::{Duration, Instant};

use alloy_primitives::B256;

use crate::deadline;

/// Pauses between attempts at a step.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long to wait after a step has failed so often in a row.
pub(super) fn pause_after(failures: u32) -> Duration {
    FIRST_PAUSE
        .saturating_mul(1 << failures.min(16))
        .min(LONGEST_PAUSE)
}

/// What is to be done about an open job.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slot {
    /// A step runs; afterwards the job is compared with the chain if `recheck`.
    Running { recheck: bool },
    /// A step can start, after comparing with the chain if `recheck`.
    Ready { recheck: bool },
    /// A step failed and is tried again then, as [`Slot::Ready`] says.
    Later { at: Instant, recheck: bool },
    /// The outbox has it; when it comes back it is compared with the chain if `recheck`.
    Sending { recheck: bool },
}

impl Slot {
    /// A step can start after a pause that grows with the failures before it.
    pub(super) fn after(failures: u32) -> Self {
        Self::in_a_while(pause_after(failures))
    }

    /// A step can start after a pause.
    pub(super) fn in_a_while(pause: Duration) -> Self {
        Self::Later {
            at: deadline::after(pause),
            recheck: false,
        }
    }

    /// The same, but whatever comes next, the job is compared with the chain before it if
    /// `recheck`.
    pub(super) const fn rechecked(self, recheck: bool) -> Self {
        match self {
            Self::Later { at, .. } => Self::Later { at, recheck },
            other => other,
        }
    }
}

/// How a batch of work ended for one job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    pub(super) task: B256,
    /// How it goes on; nothing if it is over.
    pub(super) slot: Option<Slot>,
}
