//! The store of a miner that does not run.

use std::{collections::BTreeMap, fs, path::Path};

use alloy_primitives::{Address, B256};
use redb::{
    Database, Key, ReadableTable as _, TableDefinition, TableError, TableHandle as _, Value,
};

use super::{
    Backup, BackupError, Owner, Store, StoreError,
    backup::STORE_FILE,
    database::open_file,
    jobs::JOBS,
    record,
    schema::{self, META, SCHEMA, TableVisitor},
};
use crate::{
    chain::{Cursor, Intent},
    miner::{Case, Job, JobFilter, PinCounts, Tally},
};

/// The store in the folder of a miner that does not run, to be looked at. While it is open, no
/// miner can start there.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use arbius_sdk::{
///     inference::InProcess,
///     miner::{JobFilter, Miner, MonitorClient, StoreFile},
/// };
/// # let local = arbius_testkit::TestChain::start().await?;
/// # let deployment = local.deployment();
/// # let signer = local.signer(arbius_testkit::Actor::Miner(0))?;
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
///
/// # let miner = Miner::builder().deployment(deployment.clone()).signer(signer).folder(folder)
/// #     .solver(Arc::new(InProcess::default())).monitor(([127, 0, 0, 1], 0).into()).spawn().await?;
/// // While a miner runs, its monitor is asked,
/// let monitor = MonitorClient::find(folder)?.ok_or("no miner runs there")?;
/// println!("healthy: {}", monitor.status().await?.healthy);
/// assert!(StoreFile::open(folder).is_err());
/// miner.stop().await?;
///
/// // and afterwards what it has written down.
/// let store = StoreFile::open(folder)?;
/// println!("{} has {} jobs", store.account(), store.jobs(&JobFilter::default())?.len());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct StoreFile {
    store: Store,
    owner: Owner,
}

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreCheck {
    /// The layout.
    pub layout: u64,
    /// Whose it is, in words.
    pub owner: String,
    /// How far the chain was read.
    pub cursor: Option<Cursor>,
    /// Whether every page of the file was what its checksum says. Pages that were not have
    /// been put right from the last commit.
    pub intact: bool,
    /// Records by table.
    pub records: Vec<(String, u64)>,
    /// Records that cannot be read, by table and key; those that the miner has set apart
    /// among them.
    pub damaged: Vec<String>,
    /// The size of the file, bytes.
    pub bytes: u64,
}

impl StoreFile {
    /// Opens the store in a miner's folder.
    ///
    /// # Errors
    ///
    /// [`StoreError::Open`] if there is none, [`StoreError::InUse`] while a miner runs,
    /// [`StoreError::Newer`] and [`StoreError::Older`] where another version wrote it.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let store = Store::inspect(&folder.join(STORE_FILE))?;
        let owner = store.owner()?.parse().map_err(|()| StoreError::Foreign {
            path: store.path().to_owned(),
        })?;
        Ok(Self { store, owner })
    }

    /// The account whose store it is.
    #[must_use]
    pub const fn account(&self) -> Address {
        self.owner.account
    }

    /// The engine that it mined for.
    #[must_use]
    pub const fn engine(&self) -> Address {
        self.owner.engine
    }

    /// The chain of that engine, EIP-155.
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.owner.chain
    }

    /// The solutions that were watched, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be read.
    pub fn cases(&self) -> Result<Vec<Case>, StoreError> {
        self.store.cases()
    }

    /// How what is to be kept with each store beyond this machine stands.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    pub fn pins(&self) -> Result<BTreeMap<String, PinCounts>, StoreError> {
        self.store.pin_counts()
    }

    /// Transactions that were signed and whose outcome is not known yet, by their nonces.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    pub fn open_intents(&self) -> Result<Vec<Intent>, StoreError> {
        self.store.open_intents()
    }

    /// How far the chain was read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    pub fn cursor(&self) -> Result<Option<Cursor>, StoreError> {
        self.store.cursor()
    }

    /// Jobs by state and what they brought.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    pub fn tally(&self) -> Result<Tally, StoreError> {
        self.store.tally()
    }

    /// One job.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    pub fn job(&self, task: B256) -> Result<Option<Job>, StoreError> {
        self.store.job(task)
    }

    /// The jobs that a filter lets through, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    pub fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
        self.store.select(filter)
    }

    /// Writes a backup: see [`Backup`].
    ///
    /// # Errors
    ///
    /// [`BackupError`] if the store cannot be read or the file not be written.
    pub fn backup(&self, to: &Path) -> Result<Backup, BackupError> {
        self.store.backup_to(to)
    }

    /// Reads every page and every record of the store in a miner's folder.
    ///
    /// # Errors
    ///
    /// As [`StoreFile::open`].
    pub fn check(folder: &Path) -> Result<StoreCheck, StoreError> {
        let path = folder.join(STORE_FILE);
        let intact = open_file(&path, |path| {
            let mut database = Database::open(path)?;
            let intact = database.check_integrity()?;
            database.close()?;
            Ok(intact)
        })?;
        let file = Self::open(folder)?;
        let mut counter = Count {
            store: &file.store,
            records: Vec::new(),
        };
        schema::each_table(&mut counter)?;
        let records = counter.records;
        Ok(StoreCheck {
            layout: SCHEMA,
            cursor: file.cursor()?,
            intact,
            records,
            damaged: file.store.unreadable()?,
            bytes: fs::metadata(&path).map_or(0, |file| file.len()),
            owner: file.owner.to_string(),
        })
    }
}

impl Store {
    /// Whose store it is, in words.
    pub(super) fn owner(&self) -> Result<String, StoreError> {
        Ok(record::at(&self.begin_read()?.open_table(META)?, "owner")?.unwrap_or_default())
    }

    /// Damaged records: those that were set apart, and jobs that have become so since.
    fn unreadable(&self) -> Result<Vec<String>, StoreError> {
        let mut names = self.damaged()?;
        let read = self.begin_read()?;
        for entry in read.open_table(JOBS)?.iter()? {
            let (key, value) = entry?;
            if record::decode::<Job>(value.value()).is_err() {
                names.push(format!("jobs/{}", B256::from(key.value())));
            }
        }
        Ok(names)
    }
}

/// Counts records.
struct Count<'a> {
    store: &'a Store,
    records: Vec<(String, u64)>,
}

impl TableVisitor for Count<'_> {
    fn visit<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        use redb::ReadableTableMetadata as _;

        let name = table.name().to_owned();
        let count = match self.store.begin_read()?.open_table(table) {
            Ok(table) => table.len()?,
            // Nothing was ever written there.
            Err(TableError::TableDoesNotExist(_)) => 0,
            Err(error) => return Err(error.into()),
        };
        self.records.push((name, count));
        Ok(())
    }
}
