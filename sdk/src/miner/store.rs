//! What a miner remembers: jobs, transaction intents, and how far it has read the chain.
//!
//! One redb file. Every write is a transaction that is on disk when the call returns, so a
//! miner that is killed at any instruction finds itself as it was before or after the step
//! that it was in. Writes are a few kilobytes and take as long as the disk's sync; they are
//! made from async code without a detour.

use std::path::{Path, PathBuf};

use alloy_primitives::{Address, B256};
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    TableDefinition,
};

use super::Job;
use crate::chain::{Intent, Journal, JournalError, Outcome};

/// The layout of this file. Raise it together with a migration.
const SCHEMA: u64 = 1;

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const JOBS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("jobs");
/// Ids of jobs that are not over; a restart reads no others.
const OPEN: TableDefinition<'_, [u8; 32], ()> = TableDefinition::new("open");
/// Intents without an outcome, by transaction hash.
const INTENTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("intents");

/// How far the chain was read: everything up to and with this block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    /// The last block that was read.
    pub block: u64,
    /// Its hash, by which a reorganisation is noticed; zero before the first block.
    pub hash: B256,
}

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another miner has it open.
    #[error(
        "{path} is in use by another miner; stop that one, or give this one a folder of its own"
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be opened.
    #[error("the miner's store {path} cannot be opened: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What redb or the operating system says.
        source: Box<redb::Error>,
    },
    /// A newer version wrote it.
    #[error(
        "{path} has layout {found}, but this version knows layouts up to {SCHEMA}; update arbius rather than lose what a newer version wrote"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The layout.
        found: u64,
    },
    /// It belongs to another engine or account.
    #[error("{path} belongs to {found}, but this miner is {expected}; give it a folder of its own")]
    OtherOwner {
        /// The file.
        path: PathBuf,
        /// Chain, engine and account in the file.
        found: String,
        /// Chain, engine and account now.
        expected: String,
    },
    /// Reading or writing failed: the disk is full or broken.
    #[error("the miner's store cannot be read or written: {0}; is the disk full?")]
    Io(#[source] Box<redb::Error>),
    /// A record cannot be read.
    #[error(
        "a record of the miner's store is damaged: {0}; restore a backup, or start anew in an empty folder"
    )]
    Damaged(#[from] serde_json::Error),
}

macro_rules! from_redb {
    ($($error:ident)*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::Io(Box::new(error.into()))
            }
        }
    )*};
}

from_redb!(TransactionError TableError StorageError CommitError);

/// Whose store it is: it is never used for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) chain: u64,
    pub(super) engine: Address,
    pub(super) account: Address,
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            chain,
            engine,
            account,
        } = self;
        write!(f, "account {account} at engine {engine} on chain {chain}")
    }
}

/// The store of one miner.
#[derive(Debug)]
pub(super) struct Store {
    database: Database,
}

impl Store {
    /// Opens a store, making it where there is none.
    pub(super) fn open(path: &Path, owner: Owner) -> Result<Self, StoreError> {
        let database = Database::create(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => StoreError::InUse {
                path: path.to_owned(),
            },
            other => StoreError::Open {
                path: path.to_owned(),
                source: Box::new(other.into()),
            },
        })?;
        let write = database.begin_write()?;
        {
            let mut meta = write.open_table(META)?;
            write.open_table(JOBS)?;
            write.open_table(OPEN)?;
            write.open_table(INTENTS)?;
            let found: Option<u64> = read(&meta, "schema")?;
            match found {
                Some(found) if found > SCHEMA => {
                    return Err(StoreError::Newer {
                        path: path.to_owned(),
                        found,
                    });
                }
                _ => meta.insert("schema", serde_json::to_vec(&SCHEMA)?.as_slice())?,
            };
            let name = owner.to_string();
            match read::<String>(&meta, "owner")? {
                Some(found) if found != name => {
                    let (path, expected) = (path.to_owned(), name);
                    return Err(StoreError::OtherOwner {
                        path,
                        found,
                        expected,
                    });
                }
                _ => meta.insert("owner", serde_json::to_vec(&name)?.as_slice())?,
            };
        }
        write.commit()?;
        Ok(Self { database })
    }

    /// How far the chain was read, if it was.
    pub(super) fn cursor(&self) -> Result<Option<Cursor>, StoreError> {
        read(&self.database.begin_read()?.open_table(META)?, "cursor")
    }

    /// Adds jobs that are not known yet and moves the cursor, both or neither. Returns the
    /// jobs that were new.
    pub(super) fn add(&self, jobs: Vec<Job>, cursor: Cursor) -> Result<Vec<Job>, StoreError> {
        let write = self.database.begin_write()?;
        let mut new = Vec::new();
        {
            let mut table = write.open_table(JOBS)?;
            let mut open = write.open_table(OPEN)?;
            for job in jobs {
                // After a reorganisation the same task may be read again.
                if table.get(job.task.0)?.is_none() {
                    table.insert(job.task.0, serde_json::to_vec(&job)?.as_slice())?;
                    open.insert(job.task.0, ())?;
                    new.push(job);
                }
            }
            let mut meta = write.open_table(META)?;
            meta.insert("cursor", serde_json::to_vec(&cursor)?.as_slice())?;
        }
        write.commit()?;
        Ok(new)
    }

    /// Writes down where a job stands.
    pub(super) fn save(&self, job: &Job) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        {
            write
                .open_table(JOBS)?
                .insert(job.task.0, serde_json::to_vec(job)?.as_slice())?;
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
    pub(super) fn job(&self, task: B256) -> Result<Option<Job>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(JOBS)?;
        let record = table.get(task.0)?;
        Ok(record
            .map(|record| serde_json::from_slice(record.value()))
            .transpose()?)
    }

    /// Every job that is not over, oldest first.
    pub(super) fn open_jobs(&self) -> Result<Vec<Job>, StoreError> {
        let read = self.database.begin_read()?;
        let (open, table) = (read.open_table(OPEN)?, read.open_table(JOBS)?);
        let mut jobs = Vec::new();
        for entry in open.iter()? {
            let (id, ()) = {
                let (id, value) = entry?;
                (id.value(), value.value())
            };
            if let Some(record) = table.get(id)? {
                jobs.push(serde_json::from_slice::<Job>(record.value())?);
            }
        }
        jobs.sort_by_key(|job| job.block);
        Ok(jobs)
    }

    /// Every job, oldest first.
    pub(super) fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(JOBS)?;
        let mut jobs = Vec::with_capacity(usize::try_from(table.len()?).unwrap_or_default());
        for entry in table.iter()? {
            jobs.push(serde_json::from_slice::<Job>(entry?.1.value())?);
        }
        jobs.sort_by_key(|job| job.block);
        Ok(jobs)
    }

    /// Intents of which it is not known how they ended, in order of their nonces.
    pub(super) fn open_intents(&self) -> Result<Vec<Intent>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(INTENTS)?;
        let mut intents = Vec::new();
        for entry in table.iter()? {
            intents.push(serde_json::from_slice::<Intent>(entry?.1.value())?);
        }
        intents.sort_by_key(|intent| intent.nonce);
        Ok(intents)
    }

    fn record_intent(&self, intent: &Intent) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        let record = serde_json::to_vec(intent)?;
        write
            .open_table(INTENTS)?
            .insert(intent.hash.0, record.as_slice())?;
        write.commit()?;
        Ok(())
    }

    fn forget_intent(&self, intent: &Intent) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        write.open_table(INTENTS)?.remove(intent.hash.0)?;
        write.commit()?;
        Ok(())
    }
}

impl Journal for Store {
    fn intend(&self, intent: &Intent) -> Result<(), JournalError> {
        self.record_intent(intent)
            .map_err(|error| JournalError(Box::new(error)))
    }

    fn settle(&self, intent: &Intent, outcome: Outcome) -> Result<(), JournalError> {
        tracing::debug!(hash = %intent.hash, nonce = intent.nonce, ?outcome, purpose = %intent.purpose);
        self.forget_intent(intent)
            .map_err(|error| JournalError(Box::new(error)))
    }
}

fn read<T: serde::de::DeserializeOwned>(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
) -> Result<Option<T>, StoreError> {
    let record = table.get(key)?;
    Ok(record
        .map(|record| serde_json::from_slice(record.value()))
        .transpose()?)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Bytes, U256};

    use super::*;
    use crate::miner::State;

    fn owner() -> Owner {
        Owner {
            chain: 1,
            engine: Address::repeat_byte(1),
            account: Address::repeat_byte(2),
        }
    }

    fn job(number: u8) -> Job {
        Job::seen(
            B256::repeat_byte(number),
            B256::repeat_byte(9),
            U256::from(number),
            Bytes::from_static(b"{}"),
            number.into(),
        )
    }

    #[test]
    fn finds_itself_again_after_being_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("miner.redb");
        let cursor = Cursor {
            block: 5,
            hash: B256::repeat_byte(7),
        };
        let intent = Intent {
            hash: B256::repeat_byte(3),
            sender: Address::repeat_byte(2),
            nonce: 4,
            raw: Bytes::from_static(&[2]),
            purpose: "committing".to_owned(),
        };
        {
            let store = Store::open(&path, owner()).unwrap();
            assert_eq!(store.cursor().unwrap(), None);
            assert_eq!(store.add(vec![job(2), job(1)], cursor).unwrap().len(), 2);
            let mut first = job(1);
            first.end(State::Lost, "too slow");
            store.save(&first).unwrap();
            store.intend(&intent).unwrap();
        }
        let store = Store::open(&path, owner()).unwrap();
        assert_eq!(store.cursor().unwrap(), Some(cursor));
        assert_eq!(store.jobs().unwrap().len(), 2);
        let open = store.open_jobs().unwrap();
        assert_eq!(
            open.iter().map(|job| job.task).collect::<Vec<_>>(),
            [job(2).task]
        );
        assert_eq!(store.open_intents().unwrap(), std::slice::from_ref(&intent));
        store.settle(&intent, Outcome::Included).unwrap();
        assert_eq!(store.open_intents().unwrap(), []);
    }

    #[test]
    fn reading_a_task_twice_does_not_set_its_job_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("miner.redb"), owner()).unwrap();
        let cursor = Cursor {
            block: 5,
            hash: B256::ZERO,
        };
        store.add(vec![job(1)], cursor).unwrap();
        let mut moved = job(1);
        moved.reach(State::Committed);
        store.save(&moved).unwrap();
        assert_eq!(store.add(vec![job(1), job(2)], cursor).unwrap().len(), 1);
        assert_eq!(
            store.job(job(1).task).unwrap().unwrap().state,
            State::Committed
        );
    }

    #[test]
    fn refuses_to_serve_two_miners_or_another_account() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("miner.redb");
        let store = Store::open(&path, owner()).unwrap();
        assert!(matches!(
            Store::open(&path, owner()),
            Err(StoreError::InUse { .. })
        ));
        drop(store);
        let other = Owner {
            account: Address::repeat_byte(8),
            ..owner()
        };
        assert!(matches!(
            Store::open(&path, other),
            Err(StoreError::OtherOwner { .. })
        ));
    }

    #[test]
    fn refuses_a_newer_layout_and_a_file_that_is_no_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("miner.redb");
        {
            let store = Store::open(&path, owner()).unwrap();
            let write = store.database.begin_write().unwrap();
            write
                .open_table(META)
                .unwrap()
                .insert("schema", b"2".as_slice())
                .unwrap();
            write.commit().unwrap();
        }
        assert!(matches!(
            Store::open(&path, owner()),
            Err(StoreError::Newer { found: 2, .. })
        ));
        let text = folder.path().join("notes.txt");
        std::fs::write(
            &text,
            "this is no database, and long enough to be looked at",
        )
        .unwrap();
        assert!(matches!(
            Store::open(&text, owner()),
            Err(StoreError::Open { .. })
        ));
    }
}
