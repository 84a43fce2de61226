//! Jobs: one for each task that the miner has anything to do with.

use alloy_primitives::B256;
use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};

use super::{Store, StoreError, record, schema::META};
use crate::{chain::Cursor, miner::Job};

pub(super) const JOBS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("jobs");
/// Ids of jobs that are not over; a restart reads no others.
pub(super) const OPEN: TableDefinition<'_, [u8; 32], ()> = TableDefinition::new("open");

impl Store {
    /// Adds jobs that are not known yet and moves the cursor, both or neither. Returns the
    /// jobs that were new.
    #[tracing::instrument(name = "take_in", level = "debug", skip_all, fields(jobs = jobs.len()))]
    pub(in crate::miner) fn add(
        &self,
        jobs: Vec<Job>,
        cursor: Cursor,
    ) -> Result<Vec<Job>, StoreError> {
        let write = self.database.begin_write()?;
        let mut new = Vec::new();
        {
            let mut table = write.open_table(JOBS)?;
            let mut open = write.open_table(OPEN)?;
            for job in jobs {
                // After a reorganisation the same task may be read again.
                if table.get(job.task.0)?.is_none() {
                    table.insert(job.task.0, record::encode(&job)?.as_slice())?;
                    open.insert(job.task.0, ())?;
                    new.push(job);
                }
            }
            let mut meta = write.open_table(META)?;
            meta.insert("cursor", record::encode(&cursor)?.as_slice())?;
        }
        write.commit()?;
        Ok(new)
    }

    /// Writes down where a job stands.
    pub(in crate::miner) fn save(&self, job: &Job) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        {
            write
                .open_table(JOBS)?
                .insert(job.task.0, record::encode(job)?.as_slice())?;
            let mut open = write.open_table(OPEN)?;
            if job.state.is_over() {
                open.remove(job.task.0)?;
            } else {
                open.insert(job.task.0, ())?;
            }
        }
        write.commit()?;
        Ok(())
    }

    /// One job.
    pub(in crate::miner) fn job(&self, task: B256) -> Result<Option<Job>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(JOBS)?;
        let record = table.get(task.0)?;
        record
            .map(|record| record::decode(record.value()))
            .transpose()
    }

    /// Jobs that ended since a time, milliseconds since 1970.
    pub(in crate::miner) fn ended_since(&self, time: u64) -> Result<Vec<Job>, StoreError> {
        let mut jobs = self.jobs()?;
        let ended = |job: &Job| job.history.last().is_some_and(|(_, at)| *at >= time);
        jobs.retain(|job| job.state.is_over() && ended(job));
        Ok(jobs)
    }

    /// Every job that is not over, oldest first.
    pub(in crate::miner) fn open_jobs(&self) -> Result<Vec<Job>, StoreError> {
        let read = self.database.begin_read()?;
        let (open, table) = (read.open_table(OPEN)?, read.open_table(JOBS)?);
        let mut jobs = Vec::new();
        for entry in open.iter()? {
            let (id, ()) = {
                let (id, value) = entry?;
                (id.value(), value.value())
            };
            if let Some(record) = table.get(id)? {
                jobs.push(record::decode::<Job>(record.value())?);
            }
        }
        jobs.sort_by_key(|job| job.block);
        Ok(jobs)
    }

    /// Every job, oldest first.
    pub(in crate::miner) fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(JOBS)?;
        let mut jobs = Vec::with_capacity(usize::try_from(table.len()?).unwrap_or_default());
        for entry in table.iter()? {
            jobs.push(record::decode::<Job>(entry?.1.value())?);
        }
        jobs.sort_by_key(|job| job.block);
        Ok(jobs)
    }
}
