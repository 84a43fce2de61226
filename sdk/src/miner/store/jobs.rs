//! Jobs: one for each task that the miner has anything to do with.

use std::collections::HashSet;

use alloy_primitives::B256;
use redb::{ReadableTable, ReadableTableMetadata, TableDefinition, WriteTransaction};

use super::{News, Store, StoreError, record, schema::META, totals};
use crate::{
    chain::Cursor,
    content::{Cid, cids},
    miner::{Job, JobFilter},
};

pub(super) const JOBS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("jobs");
/// Ids of jobs that are not over; a restart reads no others.
pub(super) const OPEN: TableDefinition<'_, [u8; 32], ()> = TableDefinition::new("open");
/// Ids of jobs that are over, by the time they ended, milliseconds since 1970.
pub(super) const ENDED: TableDefinition<'_, (u64, [u8; 32]), ()> = TableDefinition::new("ended");

/// Jobs of this many newest blocks are not pruned: a reorganisation reads blocks again, and
/// what is no longer known would look new.
const KEPT_BLOCKS: u64 = 1024;

/// Jobs pruned in one transaction, so that none is long.
const PRUNED_AT_ONCE: usize = 500;

/// Where a finished job stands in [`ENDED`].
pub(super) fn ended_key(job: &Job) -> (u64, [u8; 32]) {
    let at = job.history.last().map_or(0, |(_, at)| *at);
    (at, job.task.0)
}

/// Writes down where a job stands, within a transaction: its record, whether it is open, and
/// what it adds to the totals once it is over.
pub(super) fn put(write: &WriteTransaction, job: &Job) -> Result<(), StoreError> {
    let mut jobs = write.open_table(JOBS)?;
    let before = jobs
        .insert(job.task.0, record::encode(job)?.as_slice())?
        .and_then(|value| record::decode::<Job>(value.value()).ok())
        .filter(|before| before.state.is_over());
    let mut open = write.open_table(OPEN)?;
    if before.is_none() && !job.state.is_over() {
        open.insert(job.task.0, ())?;
        return Ok(());
    }
    let mut ended = write.open_table(ENDED)?;
    let mut totals = totals::read(write)?;
    if let Some(before) = before {
        ended.remove(ended_key(&before))?;
        totals.take_back(&before);
    }
    if job.state.is_over() {
        open.remove(job.task.0)?;
        ended.insert(ended_key(job), ())?;
        totals.add(job);
    } else {
        open.insert(job.task.0, ())?;
    }
    totals::write(write, &totals)
}

impl Store {
    /// Adds jobs that are not known yet and what is new about cases, and moves the cursor:
    /// all of it or nothing. Returns the jobs that were new.
    #[tracing::instrument(name = "take_in", level = "debug", skip_all, fields(jobs = jobs.len()))]
    pub(in crate::miner) fn add(
        &self,
        jobs: Vec<Job>,
        news: &News,
        cursor: Cursor,
    ) -> Result<Vec<Job>, StoreError> {
        let write = self.begin_write()?;
        let mut new = Vec::new();
        for job in jobs {
            // After a reorganisation the same task may be read again.
            if write.open_table(JOBS)?.get(job.task.0)?.is_none() {
                put(&write, &job)?;
                new.push(job);
            }
        }
        news.write(&write)?;
        write
            .open_table(META)?
            .insert("cursor", record::encode(&cursor)?.as_slice())?;
        write.commit()?;
        Ok(new)
    }

    /// Writes down where a job stands.
    pub(in crate::miner) fn save(&self, job: &Job) -> Result<(), StoreError> {
        let write = self.begin_write()?;
        put(&write, job)?;
        write.commit()?;
        Ok(())
    }

    /// One job.
    pub(in crate::miner) fn job(&self, task: B256) -> Result<Option<Job>, StoreError> {
        let table = self.begin_read()?.open_table(JOBS)?;
        let record = table.get(task.0)?;
        record
            .map(|record| record::decode(record.value()))
            .transpose()
    }

    /// Jobs that ended since a time, milliseconds since 1970.
    pub(in crate::miner) fn ended_since(&self, time: u64) -> Result<Vec<Job>, StoreError> {
        let read = self.begin_read()?;
        let (ended, table) = (read.open_table(ENDED)?, read.open_table(JOBS)?);
        let mut jobs = Vec::new();
        for entry in ended.range((time, [0; 32])..)? {
            if let Some(record) = table.get(entry?.0.value().1)? {
                jobs.push(record::decode::<Job>(record.value())?);
            }
        }
        Ok(jobs)
    }

    /// Every job that is not over, oldest first.
    pub(in crate::miner) fn open_jobs(&self) -> Result<Vec<Job>, StoreError> {
        let read = self.begin_read()?;
        let (open, table) = (read.open_table(OPEN)?, read.open_table(JOBS)?);
        let mut jobs = Vec::new();
        for entry in open.iter()? {
            if let Some(record) = table.get(entry?.0.value())? {
                jobs.push(record::decode::<Job>(record.value())?);
            }
        }
        jobs.sort_by_key(|job| job.block);
        Ok(jobs)
    }

    /// The outputs that jobs and cases have, as far as their records can be read.
    pub(in crate::miner) fn roots(&self) -> Result<HashSet<Cid>, StoreError> {
        let read = self.begin_read()?;
        let mut roots = HashSet::new();
        for entry in read.open_table(JOBS)?.iter()? {
            if let Ok(job) = record::decode::<Job>(entry?.1.value()) {
                roots.extend(job.cid.and_then(|cid| cids::from_onchain(&cid).ok()));
            }
        }
        for case in self.cases()? {
            roots.extend(case.solution());
        }
        Ok(roots)
    }

    /// Every job that can be read, oldest first.
    pub(in crate::miner) fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        self.select(&JobFilter::default())
    }

    /// The jobs that a filter lets through, oldest first; of too many the newest. Jobs whose
    /// records are damaged are left out, with a warning.
    pub(in crate::miner) fn select(&self, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
        let read = self.begin_read()?;
        let table = read.open_table(JOBS)?;
        let limit = filter.limit.unwrap_or(usize::MAX);
        let mut jobs: Vec<Job> = Vec::new();
        let mut damaged = 0_u64;
        for entry in table.iter()? {
            match record::decode::<Job>(entry?.1.value()) {
                Ok(job) if filter.lets_through(&job) => jobs.push(job),
                Ok(_) => {}
                Err(_) => damaged += 1,
            }
            // Never holds more than twice what was asked for.
            if jobs.len() / 2 >= limit {
                keep_newest(&mut jobs, limit);
            }
        }
        keep_newest(&mut jobs, limit);
        if damaged > 0 {
            tracing::warn!(
                damaged,
                "some finished jobs cannot be read; `arbius store check` names them"
            );
        }
        Ok(jobs)
    }

    /// Forgets finished jobs that ended before `before`, milliseconds since 1970, or that are
    /// older than the newest `keep` of them; the totals stay. Returns how many went.
    pub(in crate::miner) fn prune(&self, before: u64, keep: u64) -> Result<u64, StoreError> {
        let settled = match self.cursor()? {
            Some(cursor) => cursor.block.saturating_sub(KEPT_BLOCKS),
            None => return Ok(0),
        };
        let mut pruned = 0;
        loop {
            let write = self.begin_write()?;
            let went = prune_some(&write, before, keep, settled)?;
            write.commit()?;
            pruned += went;
            if went < PRUNED_AT_ONCE as u64 {
                return Ok(pruned);
            }
        }
    }
}

fn prune_some(
    write: &WriteTransaction,
    before: u64,
    keep: u64,
    settled: u64,
) -> Result<u64, StoreError> {
    let mut ended = write.open_table(ENDED)?;
    let mut jobs = write.open_table(JOBS)?;
    let surplus = usize::try_from(ended.len()?.saturating_sub(keep)).unwrap_or(usize::MAX);
    let mut going = Vec::new();
    for (index, entry) in ended.iter()?.enumerate() {
        let key = entry?.0.value();
        if going.len() == PRUNED_AT_ONCE || (index >= surplus && key.0 >= before) {
            break;
        }
        let block = jobs
            .get(key.1)?
            .and_then(|value| record::decode::<Job>(value.value()).ok())
            .map(|job| job.block);
        if block.is_none_or(|block| block < settled) {
            going.push(key);
        }
    }
    for key in &going {
        ended.remove(key)?;
        jobs.remove(key.1)?;
    }
    Ok(going.len() as u64)
}

/// Sorts jobs, oldest first, and drops the oldest beyond `limit`.
fn keep_newest(jobs: &mut Vec<Job>, limit: usize) {
    jobs.sort_by_key(|job| (job.block, job.task));
    let surplus = jobs.len().saturating_sub(limit);
    jobs.drain(..surplus);
}
