//! What a log's contract announced while it happened.
//!
//! The code at an address does not tell who wrote what it stores: whoever created the contract
//! may have filled its storage first and left the right program there afterwards. Events are
//! of the block in which they were emitted, so what the contract did in time is told by them.

use std::{collections::HashMap, ops::Range};

use alloy_primitives::B256;
use alloy_sol_types::SolEvent as _;
use arbius_sdk::{
    chain::{Chain, ChainError, Logs},
    contracts::IEngine,
};

use super::{IWorklog, Log};

/// Receipts that are asked for in one batch: endpoints refuse larger ones.
const BATCH: usize = 100;

/// The entries that a contract announced, by their periods.
#[derive(Debug, Default)]
pub(super) struct Announced(HashMap<u64, Vec<Announcement>>);

/// A `Recorded` event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Announcement {
    /// What it says.
    pub(super) task: B256,
    /// Whether the contract had submitted the task in the same transaction.
    pub(super) submitted: bool,
}

impl Announced {
    /// Reads what the contract announced of a log within `time`, seconds since 1970.
    pub(super) async fn read(
        chain: &Chain,
        log: Log,
        time: Range<u64>,
    ) -> Result<Self, ChainError> {
        let Some(first) = chain.first_block_since(time.start).await? else {
            return Ok(Self::default());
        };
        let topics = vec![IWorklog::Recorded::SIGNATURE_HASH];
        let mut logs = Logs::new(chain.clone(), log.worklog, topics).about(log.id.into());
        let events = match chain.first_block_since(time.end).await? {
            Some(end) => logs.all(first, end.saturating_sub(1)).await?,
            None => logs.to_head(first).await?,
        };
        let mut announced = Self::default();
        for events in events.chunks(BATCH) {
            let hashes: Vec<_> = events
                .iter()
                .map(|event| event.transaction_hash.unwrap_or_default())
                .collect();
            let receipts = chain.receipts(&hashes).await?;
            for (event, receipt) in events.iter().zip(receipts) {
                let Ok(recorded) = IWorklog::Recorded::decode_log(&event.inner) else {
                    continue;
                };
                let task = recorded.task;
                let submitted = receipt.is_some_and(|receipt| {
                    receipt
                        .events::<IEngine::TaskSubmitted>(log.engine)
                        .any(|event| event.id == task && event.sender == log.worklog)
                });
                let period = announced.0.entry(recorded.period).or_default();
                period.push(Announcement { task, submitted });
            }
        }
        Ok(announced)
    }

    /// What was announced of a period: once at most, if the program that is there did it.
    pub(super) fn of(&self, period: u64) -> &[Announcement] {
        self.0.get(&period).map_or(&[], Vec::as_slice)
    }
}
