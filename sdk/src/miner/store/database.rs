//! The file, opened for one owner.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};

use redb::{
    Database, DatabaseError, ReadTransaction, ReadableDatabase as _, StorageError,
    TableHandle as _, TransactionError, WriteTransaction,
};

use super::{Owner, StoreError, damaged, record, schema};

/// How long a miner waits for the one before it to let go of the file.
const LETTING_GO: Duration = Duration::from_secs(2);

/// The store of one miner.
///
/// A disk that is full or fails for a moment makes redb refuse everything from then on. The
/// file is opened again then, by whoever needs it next, and stands at its last commit.
#[derive(Debug)]
pub(in crate::miner) struct Store {
    path: PathBuf,
    /// `None` while the file cannot be opened again.
    database: RwLock<Option<Database>>,
}

impl Store {
    /// Opens a store, making it where there is none, and brings it to the present layout.
    pub(in crate::miner) fn open(path: &Path, owner: Owner) -> Result<Self, StoreError> {
        if !path.exists() {
            create(path)?;
        }
        let store = Self::new(path, open_file(path, |path| Database::open(path))?);
        let write = store.begin_write()?;
        let found = layout(&write, path)?;
        if let Some(found) = found
            && found > schema::SCHEMA
        {
            return Err(newer(&write, path, found));
        }
        schema::bring_forward(&write, found)?;
        check_owner(&write, path, owner)?;
        damaged::isolate(&write)?;
        write.commit()?;
        Ok(store)
    }

    /// [`Store::open`] from a miner of the same folder that has just stopped, or whose start was
    /// dropped: its last transaction may still be on its way to an endpoint, and keeps the file.
    pub(in crate::miner) async fn take_over(path: &Path, owner: Owner) -> Result<Self, StoreError> {
        let since = Instant::now();
        loop {
            match Self::open(path, owner) {
                Err(StoreError::InUse { .. }) if since.elapsed() < LETTING_GO => {
                    tokio::time::sleep(LETTING_GO / 40).await;
                }
                other => return other,
            }
        }
    }

    /// Opens a store that is there, whosesoever it is, as it is: for looking at the store of a
    /// miner that does not run.
    pub(in crate::miner) fn inspect(path: &Path) -> Result<Self, StoreError> {
        let store = Self::new(path, open_file(path, |path| Database::open(path))?);
        // Nothing of this is committed.
        let write = store.begin_write()?;
        match layout(&write, path)? {
            Some(found) if found > schema::SCHEMA => return Err(newer(&write, path, found)),
            Some(schema::SCHEMA) => {}
            found => {
                return Err(StoreError::Older {
                    path: path.to_owned(),
                    found: found.unwrap_or_default(),
                });
            }
        }
        drop(write);
        Ok(store)
    }

    fn new(path: &Path, database: Database) -> Self {
        Self {
            path: path.to_owned(),
            database: RwLock::new(Some(database)),
        }
    }

    /// A store whose file is behind `backend`, until it has to be opened again.
    #[cfg(test)]
    pub(super) fn with_backend(path: &Path, backend: impl redb::StorageBackend) -> Self {
        let database = Database::builder().create_with_backend(backend);
        Self::new(path, database.unwrap())
    }

    /// Where the file is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes something that nobody needs: asserts that something can be written.
    pub(in crate::miner) fn probe(&self) -> Result<(), StoreError> {
        let write = self.begin_write()?;
        write
            .open_table(schema::META)?
            .insert("probe", b"0".as_slice())?;
        write.commit()?;
        Ok(())
    }

    /// Begins to write; waits for whoever writes.
    pub(super) fn begin_write(&self) -> Result<WriteTransaction, StoreError> {
        self.begin(Database::begin_write)
    }

    /// Begins to read what was committed last.
    pub(super) fn begin_read(&self) -> Result<ReadTransaction, StoreError> {
        self.begin(Database::begin_read)
    }

    fn begin<T>(
        &self,
        begin: impl Fn(&Database) -> Result<T, TransactionError>,
    ) -> Result<T, StoreError> {
        {
            let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(database) = &*database {
                match begin(database).map_err(StoreError::from) {
                    Err(error) if error.is_passing() => {}
                    other => return other,
                }
            }
        }
        let mut database = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(database) = &*database {
            // Somebody else may have opened it meanwhile.
            match begin(database).map_err(StoreError::from) {
                Err(error) if error.is_passing() => {}
                other => return other,
            }
        }
        if let Some(broken) = database.take() {
            // It failed before, and so does this; the file is given back all the same.
            let _ = broken.close();
        }
        let opened = open_file(&self.path, |path| Database::open(path)).map_err(still_held)?;
        tracing::info!(path = %self.path.display(), "the store was opened again after a failure of the disk");
        Ok(begin(database.insert(opened))?)
    }
}

/// Makes an empty database, under its name once it is one: a disk that fills meanwhile, or a
/// kill, must not leave a file there that is none yet.
fn create(path: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| StoreError::Open {
        path: path.to_owned(),
        source: Box::new(redb::Error::Io(error)),
    };
    let file = tempfile::Builder::new()
        .prefix("miner.redb.")
        .tempfile_in(path.parent().unwrap_or(Path::new(".")))
        .map_err(failed)?;
    let database = open_file(file.path(), |path| Database::create(path))?;
    database.close().map_err(cannot_open(path))?;
    match file.persist_noclobber(path) {
        // Another miner was faster, and has the folder.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error.error)),
        Ok(_) => Ok(()),
    }
}

/// A transaction of this program that began before the failure keeps the file locked until it is
/// dropped, which is not another miner: it passes.
fn still_held(error: StoreError) -> StoreError {
    match error {
        StoreError::InUse { .. } => StoreError::Io(Box::new(redb::Error::PreviousIo)),
        other => other,
    }
}

/// Opens a file in some way. redb finds most damage by checksums, and panics over some.
pub(super) fn open_file<T>(
    path: &Path,
    open: impl FnOnce(&Path) -> Result<T, DatabaseError>,
) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(|| open(path))) {
        Ok(opened) => opened.map_err(cannot_open(path)),
        Err(_) => Err(StoreError::Corrupted {
            path: path.to_owned(),
            reason: "its pages contradict each other".to_owned(),
        }),
    }
}

pub(super) fn cannot_open(path: &Path) -> impl FnOnce(DatabaseError) -> StoreError + '_ {
    move |error| match error {
        DatabaseError::DatabaseAlreadyOpen => StoreError::InUse {
            path: path.to_owned(),
        },
        DatabaseError::Storage(StorageError::Io(error))
            if error.kind() == io::ErrorKind::NotFound =>
        {
            StoreError::Missing {
                path: path.to_owned(),
            }
        }
        DatabaseError::Storage(StorageError::Corrupted(reason)) => StoreError::Corrupted {
            path: path.to_owned(),
            reason,
        },
        other => StoreError::Open {
            path: path.to_owned(),
            source: Box::new(other.into()),
        },
    }
}

/// The layout of a file; `None` for one that is empty.
fn layout(write: &WriteTransaction, path: &Path) -> Result<Option<u64>, StoreError> {
    let mut tables = write.list_tables()?.map(|table| table.name().to_owned());
    if tables.any(|name| name == "meta") {
        let found: Option<u64> = record::at(&write.open_table(schema::META)?, "schema")?;
        if found.is_some() {
            return Ok(found);
        }
    } else if write.list_tables()?.next().is_none() {
        return Ok(None);
    }
    Err(StoreError::Foreign {
        path: path.to_owned(),
    })
}

fn newer(write: &WriteTransaction, path: &Path, found: u64) -> StoreError {
    let writer = write
        .open_table(schema::META)
        .ok()
        .and_then(|meta| record::at::<String>(&meta, "writer").ok().flatten());
    StoreError::Newer {
        path: path.to_owned(),
        found,
        writer,
    }
}

fn check_owner(write: &WriteTransaction, path: &Path, owner: Owner) -> Result<(), StoreError> {
    let mut meta = write.open_table(schema::META)?;
    let expected = owner.to_string();
    match record::at::<String>(&meta, "owner")? {
        Some(found) if found != expected => Err(StoreError::OtherOwner {
            path: path.to_owned(),
            found,
            expected,
        }),
        _ => {
            meta.insert("owner", record::encode(&expected)?.as_slice())?;
            Ok(())
        }
    }
}
