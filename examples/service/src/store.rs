//! Everything that is written down: requests, and transactions that have no outcome yet.

use std::{fs, path::Path};

use alloy_primitives::B256;
use arbius_sdk::chain::Intent;
use redb::{
    Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _,
    TableDefinition, WriteTransaction,
};
use tokio_util::sync::CancellationToken;

use crate::{Id, Request, StoreError};

const REQUESTS: TableDefinition<'_, [u8; 16], &[u8]> = TableDefinition::new("requests");
/// Requests that are not over, in the order in which they came.
const OPEN: TableDefinition<'_, (u64, [u8; 16]), ()> = TableDefinition::new("open");
/// Requests that are over, by when that was.
const ENDED: TableDefinition<'_, (u64, [u8; 16]), ()> = TableDefinition::new("ended");
/// Requests by the key that a client gave them.
const KEYS: TableDefinition<'_, &str, [u8; 16]> = TableDefinition::new("keys");
/// Which requests have the result with this CID.
const RESULTS: TableDefinition<'_, (&str, [u8; 16]), ()> = TableDefinition::new("results");
/// Transactions that were written down and have no outcome yet.
const INTENTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("intents");

/// The file. What a function wrote is there when it returns, also after a power cut.
///
/// A disk that is full or fails for a moment makes redb refuse everything from then on: then
/// it is [`broken`](Store::broken), and has to be opened anew.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
    broken: CancellationToken,
}

impl Store {
    /// Opens the file in `folder`, making both where there is none.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(folder).map_err(StoreError::Folder)?;
        let database =
            Database::create(folder.join("requests.redb")).map_err(|error| match error {
                DatabaseError::DatabaseAlreadyOpen => StoreError::InUse(folder.to_owned()),
                other => other.into(),
            })?;
        let write = database.begin_write()?;
        write.open_table(REQUESTS)?;
        write.open_table(OPEN)?;
        write.open_table(ENDED)?;
        write.open_table(KEYS)?;
        write.open_table(RESULTS)?;
        write.open_table(INTENTS)?;
        write.commit()?;
        let broken = CancellationToken::new();
        Ok(Self { database, broken })
    }

    /// Is cancelled when nothing can be written any more.
    pub(crate) const fn broken(&self) -> &CancellationToken {
        &self.broken
    }

    /// Writes all that `work` does, or nothing where it gives nothing back or fails.
    fn write<T>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<Option<T>, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let written = || {
            let write = self.database.begin_write()?;
            let done = work(&write)?;
            match done {
                Some(_) => write.commit()?,
                None => write.abort()?,
            }
            Ok(done)
        };
        let written = written();
        if matches!(written, Err(StoreError::File(_))) {
            self.broken.cancel();
        }
        written
    }

    /// Adds a request, or gives the one that has its key already.
    pub(crate) fn add(&self, request: &Request) -> Result<Option<Request>, StoreError> {
        let mut known = None;
        self.write(|write| {
            if let Some(key) = &request.key {
                let mut keys = write.open_table(KEYS)?;
                known = keys.get(key.as_str())?.map(|id| Id::of(id.value()));
                if known.is_some() {
                    return Ok(None);
                }
                keys.insert(key.as_str(), request.id.bytes())?;
            }
            put(write, request)?;
            let at = (began(request), request.id.bytes());
            write.open_table(OPEN)?.insert(at, ())?;
            Ok(Some(()))
        })?;
        match known {
            Some(id) => self.get(id),
            None => Ok(None),
        }
    }

    /// One request.
    pub(crate) fn get(&self, id: Id) -> Result<Option<Request>, StoreError> {
        let requests = self.database.begin_read()?.open_table(REQUESTS)?;
        let found = requests.get(id.bytes())?;
        Ok(match found {
            Some(record) => Some(serde_json::from_slice(record.value())?),
            None => None,
        })
    }

    /// The request with a key of a client's.
    pub(crate) fn with_key(&self, key: &str) -> Result<Option<Request>, StoreError> {
        let keys = self.database.begin_read()?.open_table(KEYS)?;
        let found = keys.get(key)?.map(|id| id.value());
        match found {
            Some(id) => self.get(Id::of(id)),
            None => Ok(None),
        }
    }

    /// Changes a request, unless `change` refuses, and returns it as it is then; `None` if
    /// there is none or the change was refused.
    pub(crate) fn change(
        &self,
        id: Id,
        change: impl FnOnce(&mut Request) -> bool,
    ) -> Result<Option<Request>, StoreError> {
        self.write(|write| {
            let Some(mut request) = find(write, id)? else {
                return Ok(None);
            };
            if !change(&mut request) {
                return Ok(None);
            }
            put(write, &request)?;
            if request.is_over() {
                let bytes = id.bytes();
                write.open_table(OPEN)?.remove((began(&request), bytes))?;
                let at = (ended(&request), bytes);
                write.open_table(ENDED)?.insert(at, ())?;
            }
            if let Some((cid, _)) = request.files() {
                write.open_table(RESULTS)?.insert((cid, id.bytes()), ())?;
            }
            Ok(Some(request))
        })
    }

    /// The requests that are not over, oldest first.
    pub(crate) fn open_requests(&self) -> Result<Vec<Request>, StoreError> {
        let open = self.database.begin_read()?.open_table(OPEN)?;
        let mut requests = Vec::new();
        for entry in open.iter()? {
            let (_, id) = entry?.0.value();
            requests.extend(self.get(Id::of(id))?);
        }
        Ok(requests)
    }

    /// Forgets the requests that were over before `before` (milliseconds since 1970), and all
    /// but `count` of the newest. Returns how many that were.
    pub(crate) fn forget(&self, before: u64, count: usize) -> Result<usize, StoreError> {
        let forgotten = self.write(|write| {
            let mut ended = write.open_table(ENDED)?;
            let mut requests = write.open_table(REQUESTS)?;
            let mut results = write.open_table(RESULTS)?;
            let mut keys = write.open_table(KEYS)?;
            let mut forgotten = 0_usize;
            loop {
                let oldest = ended.first()?.map(|(entry, _)| entry.value());
                let many = ended.len()? > count as u64;
                let Some((_, id)) = oldest.filter(|(at, _)| *at < before || many) else {
                    break;
                };
                ended.pop_first()?;
                forgotten += 1;
                let Some(record) = requests.remove(id)? else {
                    continue;
                };
                let request: Request = serde_json::from_slice(record.value())?;
                if let Some(key) = &request.key {
                    keys.remove(key.as_str())?;
                }
                for cid in request.results() {
                    results.remove((cid, id))?;
                }
            }
            Ok((forgotten > 0).then_some(forgotten))
        })?;
        Ok(forgotten.unwrap_or_default())
    }

    /// Whether a request has the result with this CID.
    pub(crate) fn has_result(&self, cid: &str) -> Result<bool, StoreError> {
        let results = self.database.begin_read()?.open_table(RESULTS)?;
        let all = (cid, [0; 16])..=(cid, [0xff; 16]);
        Ok(results.range(all)?.next().is_some())
    }

    /// The transactions that have no outcome yet.
    pub(crate) fn intents(&self) -> Result<Vec<Intent>, StoreError> {
        let intents = self.database.begin_read()?.open_table(INTENTS)?;
        let mut found = Vec::new();
        for entry in intents.iter()? {
            found.push(serde_json::from_slice(entry?.1.value())?);
        }
        Ok(found)
    }

    /// Writes a transaction down, with the request that it submits, if it submits one.
    pub(crate) fn intend(&self, intent: &Intent, id: Option<Id>) -> Result<(), StoreError> {
        self.write(|write| {
            let record = serde_json::to_vec(intent)?;
            write
                .open_table(INTENTS)?
                .insert(intent.hash.0, record.as_slice())?;
            if let Some(id) = id
                && let Some(mut request) = find(write, id)?
            {
                let new: Vec<B256> = intent
                    .hashes()
                    .filter(|hash| !request.transactions.contains(hash))
                    .collect();
                request.transactions.extend(new);
                put(write, &request)?;
            }
            Ok(Some(()))
        })?;
        Ok(())
    }

    /// Forgets a transaction that has an outcome.
    pub(crate) fn settle(&self, intent: &Intent) -> Result<(), StoreError> {
        self.write(|write| {
            write.open_table(INTENTS)?.remove(intent.hash.0)?;
            Ok(Some(()))
        })?;
        Ok(())
    }
}

fn find(write: &WriteTransaction, id: Id) -> Result<Option<Request>, StoreError> {
    let requests = write.open_table(REQUESTS)?;
    let found = requests.get(id.bytes())?;
    Ok(match found {
        Some(record) => Some(serde_json::from_slice(record.value())?),
        None => None,
    })
}

fn put(write: &WriteTransaction, request: &Request) -> Result<(), StoreError> {
    let record = serde_json::to_vec(request)?;
    write
        .open_table(REQUESTS)?
        .insert(request.id.bytes(), record.as_slice())?;
    Ok(())
}

fn began(request: &Request) -> u64 {
    request.steps.first().map_or(0, |timed| timed.time)
}

fn ended(request: &Request) -> u64 {
    request.steps.last().map_or(0, |timed| timed.time)
}
