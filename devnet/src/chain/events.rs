//! What happens to the chain, in order, for filters and subscriptions.
//!
//! The chain keeps one list of what happened last. Whoever follows it keeps a place in the
//! list and nothing else, so that thousands of filters cost no more than their criteria,
//! and a reader that is too slow loses its place instead of filling memory.

use std::{collections::VecDeque, sync::Arc};

use tokio::sync::watch;

use super::{Block, Transaction};

/// Events that are kept for those who have not read them yet.
pub(crate) const KEPT_EVENTS: usize = 16_384;

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A transaction was taken and waits for its block.
    Pending(Arc<Transaction>),
    /// A block was added.
    Block(Arc<Block>),
    /// A block is no longer part of the chain, as the chain went back to a snapshot. Of
    /// several the oldest comes first.
    Removed(Arc<Block>),
}

/// The reader's place was pushed out by later events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missed;

#[derive(Debug)]
pub(super) struct Events {
    kept: VecDeque<Event>,
    /// Place of the next event, told to whoever waits for one.
    next: watch::Sender<u64>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            kept: VecDeque::new(),
            next: watch::Sender::new(0),
        }
    }
}

impl Events {
    pub(super) fn push(&mut self, event: Event) {
        if self.kept.len() == KEPT_EVENTS {
            self.kept.pop_front();
        }
        self.kept.push_back(event);
        self.next.send_modify(|next| *next += 1);
    }

    /// Place of the event that comes next.
    pub(super) fn next(&self) -> u64 {
        *self.next.borrow()
    }

    /// Tells of every change of [`Events::next`].
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.next.subscribe()
    }

    /// At most `limit` events from a place on.
    pub(super) fn since(&self, place: u64, limit: usize) -> Result<Vec<Event>, Missed> {
        let behind = usize::try_from(self.next().saturating_sub(place)).unwrap_or(usize::MAX);
        let first = self.kept.len().checked_sub(behind).ok_or(Missed)?;
        Ok(self.kept.range(first..).take(limit).cloned().collect())
    }
}
