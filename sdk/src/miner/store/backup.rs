//! A copy of a store in one file, and back.
//!
//! ```text
//! arbius-store-backup/1 ⏎
//! {"schema":3,"writer":"0.1.0","taken":1795304471000,"owner":"…","cursor":…} ⏎
//! records: length of the table's name (1 byte), the name, length of the key (4 bytes, little
//!          endian), the key, length of the value (4 bytes), the value
//! a zero byte, then the number of records (8 bytes)
//! SHA-256 of all of that
//! ```
//!
//! It is taken from one read transaction, so that it is the store as it was at one moment,
//! whatever a running miner writes meanwhile, and it is independent of how redb lays a file
//! out. It holds no key: tasks, their inputs, and signed transactions.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use redb::{
    Database, Key, ReadTransaction, ReadableTable as _, TableDefinition, TableError,
    TableHandle as _, Value, WriteTransaction,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    Store, StoreError,
    database::open_file,
    schema::{self, SCHEMA, TableVisitor},
};
use crate::{chain::Cursor, miner::job::now_millis};

/// The name of the store within a miner's folder.
pub(in crate::miner) const STORE_FILE: &str = "miner.redb";

/// The first line of a backup.
const MAGIC: &str = "arbius-store-backup/1\n";

/// The longest header that is believed, bytes.
const HEADER_BYTES: usize = 64 * 1024;

/// The longest key or value that is believed, bytes: far beyond a job with the largest input.
const RECORD_BYTES: u32 = 64 << 20;

/// What the header of a backup says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// The layout of the store.
    pub schema: u64,
    /// The version that took it.
    pub writer: String,
    /// When, milliseconds since 1970.
    pub taken: u64,
    /// Whose store it is, in words.
    pub owner: String,
    /// How far the chain had been read.
    pub cursor: Option<Cursor>,
}

/// Why a backup was not taken or not restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be read or written.
    #[error("{path} cannot be {action}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the operating system says.
        source: io::Error,
    },
    /// Not a backup.
    #[error("{path} is no backup of a miner's store; `arbius store backup` makes one")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Not as it was written.
    #[error("{path} is damaged ({reason}); use another backup, nothing was changed")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A newer version took it.
    #[error(
        "{path} has layout {found} of version {writer}, but this version knows layouts up to {SCHEMA}; update arbius first"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The layout.
        found: u64,
        /// The version that took it.
        writer: String,
    },
    /// It would replace a store that knows more.
    #[error(
        "the store in {folder} has read the chain to block {there}, the backup to {backup}; restoring it would forget what came between: say so with --force if that is what you want"
    )]
    Older {
        /// The folder.
        folder: PathBuf,
        /// How far the store there is.
        there: u64,
        /// How far the backup is.
        backup: u64,
    },
    /// It would replace another miner's store.
    #[error(
        "the store in {folder} belongs to {there}, the backup to {backup}; restore it into a folder of its own"
    )]
    OtherOwner {
        /// The folder.
        folder: PathBuf,
        /// The owner there.
        there: String,
        /// The owner in the backup.
        backup: String,
    },
}

impl Backup {
    /// Reads a whole backup and checks it against its checksum.
    ///
    /// # Errors
    ///
    /// [`BackupError::Foreign`], [`BackupError::Damaged`], [`BackupError::Newer`].
    pub fn verify(path: &Path) -> Result<Self, BackupError> {
        let mut reader = Reader::open(path)?;
        while reader.record()?.is_some() {}
        Ok(reader.header)
    }

    /// Puts a backup into a miner's folder, where no miner may run. What is there already is
    /// kept beside it as `miner.redb.replaced`.
    ///
    /// # Errors
    ///
    /// As [`Backup::verify`]; [`BackupError::OtherOwner`] and, unless `force`,
    /// [`BackupError::Older`], for which nothing is changed; [`StoreError::InUse`] while a
    /// miner runs there.
    pub fn restore(path: &Path, folder: &Path, force: bool) -> Result<Self, BackupError> {
        // Once to believe it, once to use it.
        Self::verify(path)?;
        let failed = |path: &Path, action| {
            let path = path.to_owned();
            move |source| BackupError::File {
                path,
                action,
                source,
            }
        };
        fs::create_dir_all(folder).map_err(failed(folder, "made"))?;
        let target = folder.join(STORE_FILE);
        let mut reader = Reader::open(path)?;
        let present = match Store::inspect(&target) {
            Ok(store) => Some(store),
            Err(StoreError::Missing { .. }) => None,
            Err(error @ (StoreError::InUse { .. } | StoreError::Newer { .. })) => {
                return Err(error.into());
            }
            // What cannot be read, or is of an older version, is what a backup is for.
            Err(_) => None,
        };
        if let Some(store) = &present {
            refuse_to_lose(store, &reader.header, folder, force)?;
        }
        let new = tempfile::Builder::new()
            .prefix(".restoring-")
            .tempfile_in(folder)
            .map_err(failed(folder, "written to"))?;
        fill(new.path(), &mut reader)?;
        // There is a store at every moment, and `present` keeps miners away from the old one.
        if target.exists() {
            let aside = folder.join(format!("{STORE_FILE}.replaced"));
            let _ = fs::remove_file(&aside);
            fs::hard_link(&target, &aside)
                .or_else(|_| fs::copy(&target, &aside).map(|_| ()))
                .map_err(failed(&aside, "written"))?;
        }
        new.persist(&target)
            .map_err(|error| failed(&target, "written")(error.error))?;
        sync_folder(folder).map_err(failed(folder, "written to"))?;
        drop(present);
        Ok(reader.header)
    }
}

fn refuse_to_lose(
    store: &Store,
    backup: &Backup,
    folder: &Path,
    force: bool,
) -> Result<(), BackupError> {
    let owner = store.owner()?;
    if owner != backup.owner {
        return Err(BackupError::OtherOwner {
            folder: folder.to_owned(),
            there: owner,
            backup: backup.owner.clone(),
        });
    }
    let block = |cursor: Option<&Cursor>| cursor.map_or(0, |cursor| cursor.block);
    let (there, backup) = (
        block(store.cursor()?.as_ref()),
        block(backup.cursor.as_ref()),
    );
    if there > backup && !force {
        let folder = folder.to_owned();
        return Err(BackupError::Older {
            folder,
            there,
            backup,
        });
    }
    Ok(())
}

/// Makes a store of what a backup holds, and brings it to the present layout.
fn fill(path: &Path, reader: &mut Reader) -> Result<(), BackupError> {
    let database = open_file(path, |path| Database::create(path))?;
    let write = database.begin_write().map_err(StoreError::from)?;
    schema::each_table(&mut schema::MakeTables(&write))?;
    while let Some(record) = reader.record()? {
        let mut put = Put {
            write: &write,
            record: &record,
            done: false,
        };
        schema::each_table(&mut put)?;
        if !put.done {
            let table = record.table;
            return Err(reader.damaged(format!("a record of `{table}` fits no table")));
        }
    }
    schema::bring_forward(&write, Some(reader.header.schema))?;
    write.commit().map_err(StoreError::from)?;
    open_file(path, |_| database.close())?;
    Ok(())
}

impl Store {
    /// Writes a backup, whole or not at all.
    pub(in crate::miner) fn backup_to(&self, to: &Path) -> Result<Backup, BackupError> {
        let folder = match to.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let failed = |source| BackupError::File {
            path: to.to_owned(),
            action: "written",
            source,
        };
        let mut file = tempfile::Builder::new()
            .prefix(".backup-")
            .tempfile_in(folder)
            .map_err(failed)?;
        let backup = self.backup(file.as_file_mut(), to)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(to).map_err(|error| failed(error.error))?;
        sync_folder(folder).map_err(failed)?;
        Ok(backup)
    }

    /// Writes a backup into `out`, which an error calls `name`.
    pub(in crate::miner) fn backup(
        &self,
        out: impl Write,
        name: &Path,
    ) -> Result<Backup, BackupError> {
        let header = Backup {
            schema: SCHEMA,
            writer: env!("CARGO_PKG_VERSION").to_owned(),
            taken: now_millis(),
            owner: self.owner()?,
            cursor: self.cursor()?,
        };
        let read = self.begin_read()?;
        let mut dump = Dump {
            read: &read,
            out: Hashing::new(BufWriter::new(out)),
            records: 0,
            failure: None,
        };
        let json = super::record::encode(&header)?;
        let written = dump
            .out
            .write_all(MAGIC.as_bytes())
            .and_then(|()| dump.out.write_all(&json))
            .and_then(|()| dump.out.write_all(b"\n"));
        schema::each_table(&mut dump)?;
        let finished = written
            .and(dump.failure.take().map_or(Ok(()), Err))
            .and_then(|()| dump.out.write_all(&[0]))
            .and_then(|()| dump.out.write_all(&dump.records.to_le_bytes()))
            .and_then(|()| {
                let digest = dump.out.hash.finalize();
                dump.out.inner.write_all(&digest)?;
                dump.out.inner.flush()
            });
        finished.map_err(|source| BackupError::File {
            path: name.to_owned(),
            action: "written",
            source,
        })?;
        Ok(header)
    }
}

/// Writes records of one table after the other.
struct Dump<'a, W: Write> {
    read: &'a ReadTransaction,
    out: Hashing<W>,
    records: u64,
    failure: Option<io::Error>,
}

impl<W: Write> TableVisitor for Dump<'_, W> {
    fn visit<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        let name = table.name().to_owned();
        let records = match self.read.open_table(table) {
            Ok(records) => records,
            // Nothing was ever written there.
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for entry in records.iter()? {
            let (key, value) = entry?;
            let (key, value) = (key.value(), value.value());
            let (key, value) = (K::as_bytes(&key), V::as_bytes(&value));
            if self.failure.is_none() {
                self.failure = self.record(&name, key.as_ref(), value.as_ref()).err();
            }
        }
        Ok(())
    }
}

impl<W: Write> Dump<'_, W> {
    fn record(&mut self, table: &str, key: &[u8], value: &[u8]) -> io::Result<()> {
        let length = |bytes: &[u8]| {
            u32::try_from(bytes.len()).map_err(|_| io::Error::other("a record is too long"))
        };
        let name = u8::try_from(table.len()).map_err(io::Error::other)?;
        self.out.write_all(&[name])?;
        self.out.write_all(table.as_bytes())?;
        for part in [key, value] {
            self.out.write_all(&length(part)?.to_le_bytes())?;
            self.out.write_all(part)?;
        }
        self.records += 1;
        Ok(())
    }
}

/// Puts one record into the table that it belongs to.
struct Put<'a> {
    write: &'a WriteTransaction,
    record: &'a Record,
    done: bool,
}

impl TableVisitor for Put<'_> {
    fn visit<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        let Record {
            table: name,
            key,
            value,
        } = self.record;
        if table.name() != name || !fits::<K>(key) || !fits::<V>(value) {
            return Ok(());
        }
        self.write
            .open_table(table)?
            .insert(K::from_bytes(key), V::from_bytes(value))?;
        self.done = true;
        Ok(())
    }
}

/// Whether bytes are those of some value: redb takes that for granted.
fn fits<T: Value>(bytes: &[u8]) -> bool {
    let text = T::type_name() == <&str>::type_name();
    T::fixed_width().is_none_or(|width| width == bytes.len())
        && (!text || std::str::from_utf8(bytes).is_ok())
}

/// A record of any table.
struct Record {
    table: String,
    key: Vec<u8>,
    value: Vec<u8>,
}

/// A backup that is being read.
struct Reader {
    path: PathBuf,
    input: Hashing<BufReader<File>>,
    header: Backup,
    records: u64,
}

impl Reader {
    fn open(path: &Path) -> Result<Self, BackupError> {
        let failed = |source| BackupError::File {
            path: path.to_owned(),
            action: "read",
            source,
        };
        let foreign = || BackupError::Foreign {
            path: path.to_owned(),
        };
        let file = File::open(path).map_err(failed)?;
        let mut input = Hashing::new(BufReader::new(file));
        let mut magic = [0; MAGIC.len()];
        match input.read_exact(&mut magic) {
            Ok(()) if magic == MAGIC.as_bytes() => {}
            Ok(()) => return Err(foreign()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(foreign()),
            Err(error) => return Err(failed(error)),
        }
        let mut line = Vec::new();
        let mut byte = [0];
        while line.len() < HEADER_BYTES && input.read(&mut byte).map_err(failed)? == 1 {
            match byte {
                [b'\n'] => break,
                [byte] => line.push(byte),
            }
        }
        let header: Backup =
            serde_json::from_slice(&line).map_err(|error| BackupError::Damaged {
                path: path.to_owned(),
                reason: format!("its header: {error}"),
            })?;
        if header.schema > SCHEMA {
            return Err(BackupError::Newer {
                path: path.to_owned(),
                found: header.schema,
                writer: header.writer,
            });
        }
        Ok(Self {
            path: path.to_owned(),
            input,
            header,
            records: 0,
        })
    }

    fn damaged(&self, reason: impl Into<String>) -> BackupError {
        BackupError::Damaged {
            path: self.path.clone(),
            reason: reason.into(),
        }
    }

    fn bytes(&mut self, length: u32) -> Result<Vec<u8>, BackupError> {
        if length > RECORD_BYTES {
            return Err(self.damaged("a record of impossible length"));
        }
        let mut bytes = Vec::new();
        let read = (&mut self.input)
            .take(length.into())
            .read_to_end(&mut bytes);
        match read {
            Ok(read) if read == length as usize => Ok(bytes),
            Ok(_) => Err(self.damaged("it is cut short")),
            Err(source) => Err(BackupError::File {
                path: self.path.clone(),
                action: "read",
                source,
            }),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BackupError> {
        let bytes = self.bytes(N as u32)?;
        <[u8; N]>::try_from(bytes).map_err(|_| self.damaged("it is cut short"))
    }

    /// The next record, or nothing after the last, once the checksum is found right.
    fn record(&mut self) -> Result<Option<Record>, BackupError> {
        let [name] = self.array()?;
        if name == 0 {
            let count = u64::from_le_bytes(self.array()?);
            if count != self.records {
                return Err(self.damaged("records are missing"));
            }
            let expected = self.input.hash.clone().finalize();
            let found: [u8; 32] = self.array()?;
            if found[..] != expected[..] {
                return Err(self.damaged("its checksum differs"));
            }
            return match self.input.inner.read(&mut [0]) {
                Ok(0) => Ok(None),
                _ => Err(self.damaged("something follows its end")),
            };
        }
        let table = self.bytes(name.into())?;
        let table = String::from_utf8(table).map_err(|_| self.damaged("a table without name"))?;
        let length = u32::from_le_bytes(self.array()?);
        let key = self.bytes(length)?;
        let length = u32::from_le_bytes(self.array()?);
        let value = self.bytes(length)?;
        self.records += 1;
        Ok(Some(Record { table, key, value }))
    }
}

/// Hashes what passes through.
struct Hashing<T> {
    inner: T,
    hash: Sha256,
}

impl<T> Hashing<T> {
    fn new(inner: T) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
        }
    }
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.hash.update(&bytes[..read]);
        Ok(read)
    }
}

/// Makes a rename last through a loss of power.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
