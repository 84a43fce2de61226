//! What all finished jobs came to, those that were pruned included.

use std::collections::BTreeMap;

use alloy_primitives::U256;
use redb::WriteTransaction;
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, record, schema::META};
use crate::miner::{Earned, Gas, Job, State, Tally};

const KEY: &str = "totals";

/// Sums over finished jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::miner) struct Totals {
    /// How many ended in each state.
    jobs: BTreeMap<State, u64>,
    /// The solver's part of their fees, wei of AIUS.
    fees: U256,
    /// The solver's part of their rewards, wei of AIUS.
    rewards: U256,
    /// What they cost.
    gas: Gas,
}

impl Totals {
    /// Counts a finished job.
    pub(super) fn add(&mut self, job: &Job) {
        *self.jobs.entry(job.state).or_default() += 1;
        self.fees = self.fees.saturating_add(job.earned.fee);
        self.rewards = self.rewards.saturating_add(job.earned.reward);
        self.gas.add(job.gas);
    }

    /// Takes back what a finished job counted, before it is counted anew.
    pub(super) fn take_back(&mut self, job: &Job) {
        if let Some(count) = self.jobs.get_mut(&job.state) {
            *count = count.saturating_sub(1);
        }
        self.fees = self.fees.saturating_sub(job.earned.fee);
        self.rewards = self.rewards.saturating_sub(job.earned.reward);
        self.gas.commit = self.gas.commit.saturating_sub(job.gas.commit);
        self.gas.reveal = self.gas.reveal.saturating_sub(job.gas.reveal);
        self.gas.claim = self.gas.claim.saturating_sub(job.gas.claim);
    }
}

/// The totals within a transaction.
pub(super) fn read(write: &WriteTransaction) -> Result<Totals, StoreError> {
    Ok(record::at(&write.open_table(META)?, KEY)?.unwrap_or_default())
}

/// Writes the totals down within a transaction.
pub(super) fn write(write: &WriteTransaction, totals: &Totals) -> Result<(), StoreError> {
    let mut meta = write.open_table(META)?;
    meta.insert(KEY, record::encode(totals)?.as_slice())?;
    Ok(())
}

impl Store {
    /// What all finished jobs have brought.
    pub(in crate::miner) fn earned(&self) -> Result<Earned, StoreError> {
        let totals: Totals =
            record::at(&self.begin_read()?.open_table(META)?, KEY)?.unwrap_or_default();
        Ok(Earned {
            fee: totals.fees,
            reward: totals.rewards,
        })
    }

    /// Jobs by state and what they brought, pruned ones included. Reads the open jobs and no
    /// others.
    pub(in crate::miner) fn tally(&self) -> Result<Tally, StoreError> {
        let totals: Totals =
            record::at(&self.begin_read()?.open_table(META)?, KEY)?.unwrap_or_default();
        let mut tally = Tally {
            jobs: BTreeMap::new(),
            fees: totals.fees,
            rewards: totals.rewards,
            gas: totals.gas,
        };
        for (state, count) in totals.jobs.into_iter().filter(|(_, count)| *count > 0) {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            tally.jobs.insert(state, count);
        }
        for job in self.open_jobs()? {
            *tally.jobs.entry(job.state).or_default() += 1;
            tally.gas.add(job.gas);
        }
        Ok(tally)
    }
}
