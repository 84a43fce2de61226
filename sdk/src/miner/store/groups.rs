//! Groups of tasks that are committed to and revealed together.

use redb::{ReadableTable, TableDefinition};

use super::{Store, StoreError, jobs, record};
use crate::miner::{Job, outbox::Group};

/// Groups that are not revealed yet, by number.
pub(super) const GROUPS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("groups");

impl Store {
    /// Every group, oldest first.
    pub(in crate::miner) fn groups(&self) -> Result<Vec<Group>, StoreError> {
        let read = self.begin_read()?;
        let table = read.open_table(GROUPS)?;
        let mut groups = Vec::new();
        for entry in table.iter()? {
            groups.push(record::decode::<Group>(entry?.1.value())?);
        }
        Ok(groups)
    }

    /// Writes groups down together with where their jobs stand, and forgets the group of the
    /// number `closed`: all of it or nothing.
    #[tracing::instrument(level = "debug", skip_all, fields(step = step(closed, jobs), groups = groups.len(), jobs = jobs.len()))]
    pub(in crate::miner) fn save_groups(
        &self,
        groups: &[Group],
        closed: Option<u64>,
        jobs: &[Job],
    ) -> Result<(), StoreError> {
        let write = self.begin_write()?;
        {
            let mut table = write.open_table(GROUPS)?;
            if let Some(id) = closed {
                table.remove(id)?;
            }
            for group in groups {
                table.insert(group.id, record::encode(group)?.as_slice())?;
            }
        }
        for job in jobs {
            jobs::put(&write, job)?;
        }
        write.commit()?;
        Ok(())
    }
}

/// What a write is about, for logs.
fn step(closed: Option<u64>, jobs: &[Job]) -> &'static str {
    match (jobs.first(), closed) {
        (Some(job), _) => job.state.name(),
        (None, Some(_)) => "closing",
        (None, None) => "forming",
    }
}
