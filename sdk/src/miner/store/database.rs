//! The file, opened for one owner.

use std::path::Path;

use redb::{Database, DatabaseError};

use super::{
    Owner, StoreError,
    intents::INTENTS,
    jobs::{JOBS, OPEN},
    record,
    schema::{META, SCHEMA},
};

/// The store of one miner.
#[derive(Debug)]
pub(in crate::miner) struct Store {
    pub(super) database: Database,
}

impl Store {
    /// Opens a store, making it where there is none.
    pub(in crate::miner) fn open(path: &Path, owner: Owner) -> Result<Self, StoreError> {
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
            let found: Option<u64> = record::at(&meta, "schema")?;
            match found {
                Some(found) if found > SCHEMA => {
                    return Err(StoreError::Newer {
                        path: path.to_owned(),
                        found,
                    });
                }
                _ => meta.insert("schema", record::encode(&SCHEMA)?.as_slice())?,
            };
            let name = owner.to_string();
            match record::at::<String>(&meta, "owner")? {
                Some(found) if found != name => {
                    let (path, expected) = (path.to_owned(), name);
                    return Err(StoreError::OtherOwner {
                        path,
                        found,
                        expected,
                    });
                }
                _ => meta.insert("owner", record::encode(&name)?.as_slice())?,
            };
        }
        write.commit()?;
        Ok(Self { database })
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, B256, Bytes, U256};

    use super::*;
    use crate::{
        chain::{Cursor, Intent, Journal as _, Outcome},
        miner::{Job, State},
    };

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
        let cursor = Cursor::after(5);
        let intent = Intent {
            hash: B256::repeat_byte(3),
            sender: Address::repeat_byte(2),
            nonce: 4,
            raw: Bytes::from_static(&[2]),
            purpose: "committing".to_owned(),
            urgency: crate::chain::Urgency::Routine,
            replacements: Vec::new(),
        };
        {
            let store = Store::open(&path, owner()).unwrap();
            assert_eq!(store.cursor().unwrap(), None);
            assert_eq!(
                store
                    .add(vec![job(2), job(1)], cursor.clone())
                    .unwrap()
                    .len(),
                2
            );
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
        let cursor = Cursor::after(5);
        store.add(vec![job(1)], cursor.clone()).unwrap();
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
