//! Records that cannot be read: set apart and named, so that the others go on.

use alloy_primitives::B256;
use redb::{ReadableTable as _, ReadableTableMetadata as _, TableDefinition, WriteTransaction};

use super::{
    News, Store, StoreError,
    cases::{CASES, OPEN_CASES},
    intents::INTENTS,
    jobs::{self, JOBS, OPEN},
    record,
    schema::META,
};
use crate::{
    chain::{Cursor, Intent},
    miner::{Case, Job},
};

/// Table and key of a record, `jobs/0x…`, and its bytes.
pub(super) const DAMAGED: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("damaged");

/// Sets a record apart. Taking it out of its own table is the caller's.
fn set_apart(
    write: &WriteTransaction,
    table: &str,
    key: &[u8],
    value: &[u8],
) -> Result<(), StoreError> {
    let name = format!("{table}/{}", alloy_primitives::hex::encode_prefixed(key));
    tracing::error!(
        record = name,
        "a record of the store is damaged and was set apart; what the chain still tells of it \
         is taken up again"
    );
    write.open_table(DAMAGED)?.insert(name.as_str(), value)?;
    Ok(())
}

/// Sets apart what a miner needs at its start and cannot read: open jobs, open intents, open
/// cases, the cursor. What is over is looked at when they are asked for.
pub(super) fn isolate(write: &WriteTransaction) -> Result<(), StoreError> {
    let mut jobs = write.open_table(JOBS)?;
    let mut open = write.open_table(OPEN)?;
    let mut bad = Vec::new();
    for entry in open.iter()? {
        let id = entry?.0.value();
        match jobs.get(id)? {
            Some(value) if record::decode::<Job>(value.value()).is_ok() => {}
            Some(value) => bad.push((id, value.value().to_vec())),
            None => bad.push((id, Vec::new())),
        }
    }
    for (id, value) in bad {
        jobs.remove(id)?;
        open.remove(id)?;
        set_apart(write, "jobs", &id, &value)?;
    }
    let mut intents = write.open_table(INTENTS)?;
    let mut bad = Vec::new();
    for entry in intents.iter()? {
        let (id, value) = entry?;
        if record::decode::<Intent>(value.value()).is_err() {
            bad.push((id.value(), value.value().to_vec()));
        }
    }
    for (id, value) in bad {
        intents.remove(id)?;
        set_apart(write, "intents", &id, &value)?;
    }
    let mut cases = write.open_table(CASES)?;
    let mut open = write.open_table(OPEN_CASES)?;
    let mut bad = Vec::new();
    for entry in open.iter()? {
        let id = entry?.0.value();
        match cases.get(id)? {
            Some(value) if record::decode::<Case>(value.value()).is_ok() => {}
            Some(value) => bad.push((id, value.value().to_vec())),
            None => bad.push((id, Vec::new())),
        }
    }
    for (id, value) in bad {
        cases.remove(id)?;
        open.remove(id)?;
        set_apart(write, "cases", &id, &value)?;
    }
    let mut meta = write.open_table(META)?;
    let cursor = meta.get("cursor")?.map(|value| value.value().to_vec());
    if let Some(cursor) = cursor
        && record::decode::<Cursor>(&cursor).is_err()
    {
        // Read from the start of the deployment again: what is known already is passed over.
        meta.remove("cursor")?;
        set_apart(write, "meta", b"cursor", &cursor)?;
    }
    Ok(())
}

/// What a record that was set apart was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::miner) enum Lost {
    /// An open job of a task.
    Job(B256),
    /// An open case of a task.
    Case(B256),
}

impl Lost {
    fn of(name: &str) -> Option<Self> {
        let (table, task) = name.split_once('/')?;
        let task = task.parse().ok()?;
        match table {
            "jobs" => Some(Self::Job(task)),
            "cases" => Some(Self::Case(task)),
            _ => None,
        }
    }

    fn name(self) -> String {
        match self {
            Self::Job(task) => format!("jobs/{task}"),
            Self::Case(task) => format!("cases/{task}"),
        }
    }
}

impl Store {
    /// The jobs and cases whose records were set apart.
    pub(in crate::miner) fn lost(&self) -> Result<Vec<Lost>, StoreError> {
        let names = self.damaged()?;
        Ok(names.iter().filter_map(|name| Lost::of(name)).collect())
    }

    /// Writes jobs and cases down in the place of damaged records, which are not kept any
    /// longer. What has come anew meanwhile stays as it is.
    pub(in crate::miner) fn restore(&self, jobs: &[Job], news: &News) -> Result<(), StoreError> {
        let write = self.begin_write()?;
        for job in jobs {
            if write.open_table(JOBS)?.get(job.task.0)?.is_none() {
                jobs::put(&write, job)?;
            }
        }
        news.write(&write)?;
        {
            let mut damaged = write.open_table(DAMAGED)?;
            let jobs = jobs.iter().map(|job| Lost::Job(job.task));
            let cases = news.cases.iter().map(|case| Lost::Case(case.task));
            for lost in jobs.chain(cases) {
                damaged.remove(lost.name().as_str())?;
            }
        }
        write.commit()?;
        Ok(())
    }

    /// The names of records that were set apart.
    pub(in crate::miner) fn damaged(&self) -> Result<Vec<String>, StoreError> {
        let read = self.begin_read()?;
        let table = read.open_table(DAMAGED)?;
        let mut names = Vec::with_capacity(usize::try_from(table.len()?).unwrap_or_default());
        for entry in table.iter()? {
            names.push(entry?.0.value().to_owned());
        }
        Ok(names)
    }
}
