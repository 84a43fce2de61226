//! What of a deployment is done: every transaction, written down before it is sent.

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy_primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{DeployError, file::save_whole};
use crate::chain::{Intent, Journal, JournalError, Outcome, Receipt};

/// The version of the form of [`Record`].
const VERSION: u32 = 1;

/// The progress of one deployment, in memory or in a file.
///
/// A transaction is written down, signed, before it leaves, and once more when it is included.
/// So whatever ends the program, the next run knows what was sent, asks the chain how it
/// ended, and does nothing twice. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    record: Mutex<Record>,
    file: Option<PathBuf>,
    /// Kept as long as the progress, so that no second run uses the file.
    _lock: Option<File>,
}

/// What is written down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    version: u32,
    /// What the deployment was begun with; nothing before it began.
    pub begun: Option<Begun>,
    /// Contracts by name.
    pub contracts: BTreeMap<String, Address>,
    /// Transactions in the order of their nonces.
    pub transactions: Vec<Transaction>,
}

/// What a deployment was begun with, and goes on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Begun {
    /// The chain, EIP-155.
    pub chain_id: u64,
    /// Who signs.
    pub deployer: Address,
    /// The newest block at that time.
    pub block: u64,
    /// Its time, seconds since 1970.
    pub timestamp: u64,
    /// The settings, as JSON.
    pub settings: Value,
    /// SHA-256 of each program that is deployed, by name.
    pub programs: BTreeMap<String, String>,
}

/// A transaction of a deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    /// What it is for, in words, unique in its deployment.
    pub purpose: String,
    /// Bytes of it, signed.
    pub size: usize,
    /// As it was signed, until it is included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Done>,
}

/// A transaction that is included and successful.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    /// The transaction.
    pub hash: B256,
    /// The block that includes it.
    pub block: u64,
    /// Gas used.
    pub gas_used: u64,
    /// What a gas cost, wei.
    pub gas_price: U256,
    /// What activating a program cost beside the gas, wei.
    pub data_fee: U256,
    /// The contract it created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Address>,
}

impl Done {
    /// What it cost in all, wei.
    #[must_use]
    pub fn cost(&self) -> U256 {
        let gas = U256::from(self.gas_used).saturating_mul(self.gas_price);
        gas.saturating_add(self.data_fee)
    }
}

impl From<&Receipt> for Done {
    fn from(receipt: &Receipt) -> Self {
        Self {
            hash: receipt.hash,
            block: receipt.block,
            gas_used: receipt.gas_used,
            gas_price: U256::from(receipt.gas_price),
            data_fee: super::program::data_fees(receipt),
            created: receipt
                .created
                .or_else(|| super::program::created_by_deployer(receipt)),
        }
    }
}

impl Progress {
    /// Takes up the progress in a file, or begins one there. The file is locked until the
    /// progress is dropped.
    ///
    /// # Errors
    ///
    /// [`DeployError::InUse`] if another run has it, [`DeployError::Progress`] if it cannot be
    /// read, written, or is no progress of a deployment.
    pub fn open(path: &Path) -> Result<Self, DeployError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| DeployError::Progress {
            path: path.display().to_string(),
            source,
        };
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        // Beside the file, which every save replaces.
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(lock)
            .map_err(|error| failed(error.into()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DeployError::InUse {
                    path: path.display().to_string(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error.into())),
        }
        let record = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(error.into()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Record {
                version: VERSION,
                ..Record::default()
            },
            Err(error) => return Err(failed(error.into())),
        };
        if record.version != VERSION {
            let reason = format!(
                "it has the form {}, and this program reads {VERSION}",
                record.version
            );
            return Err(failed(reason.into()));
        }
        Ok(Self {
            shared: Arc::new(Shared {
                record: Mutex::new(record),
                file: Some(path.to_owned()),
                _lock: Some(lock),
            }),
        })
    }

    /// All that is written down.
    #[must_use]
    pub fn record(&self) -> Record {
        self.lock().clone()
    }

    /// The transaction with this purpose, if it is done.
    #[must_use]
    pub fn done(&self, purpose: &str) -> Option<Done> {
        let record = self.lock();
        let transaction = record
            .transactions
            .iter()
            .find(|transaction| transaction.purpose == purpose)?;
        transaction.done.clone()
    }

    /// The address of a contract that is made.
    #[must_use]
    pub fn contract(&self, name: &str) -> Option<Address> {
        self.lock().contracts.get(name).copied()
    }

    /// What was sent, or was about to be, and has no outcome yet.
    pub(super) fn open_intents(&self) -> Vec<Intent> {
        let record = self.lock();
        let open = record.transactions.iter();
        open.filter(|transaction| transaction.done.is_none())
            .filter_map(|transaction| transaction.intent.clone())
            .collect()
    }

    pub(super) fn begin(&self, begun: Begun) -> Result<(), DeployError> {
        self.change(|record| record.begun = Some(begun))
    }

    pub(super) fn made(&self, name: &str, address: Address) -> Result<(), DeployError> {
        if self.contract(name) == Some(address) {
            return Ok(());
        }
        self.change(|record| {
            record.contracts.insert(name.to_owned(), address);
        })
    }

    pub(super) fn finish(&self, purpose: &str, done: Done) -> Result<(), DeployError> {
        self.change(|record| {
            if let Some(transaction) = record
                .transactions
                .iter_mut()
                .find(|transaction| transaction.purpose == purpose)
            {
                transaction.done = Some(done);
                transaction.intent = None;
            }
        })
    }

    pub(super) fn forget(&self, hash: B256) -> Result<(), DeployError> {
        self.change(|record| record.forget(hash))
    }

    fn change(&self, change: impl FnOnce(&mut Record)) -> Result<(), DeployError> {
        self.write(change).map_err(|source| DeployError::Progress {
            path: self.path(),
            source: source.into(),
        })
    }

    /// Changes the record and makes it last, or leaves it as it is.
    fn write(&self, change: impl FnOnce(&mut Record)) -> std::io::Result<()> {
        let mut record = self.lock();
        let mut changed = record.clone();
        change(&mut changed);
        if let Some(file) = &self.shared.file {
            save_whole(file, &serde_json::to_vec_pretty(&changed)?)?;
        }
        *record = changed;
        Ok(())
    }

    fn path(&self) -> String {
        let file = self.shared.file.as_deref();
        file.map_or_else(|| "memory".to_owned(), |file| file.display().to_string())
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        let record = &self.shared.record;
        record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn forget(&mut self, hash: B256) {
        self.transactions.retain(|transaction| {
            transaction.done.is_some()
                || transaction
                    .intent
                    .as_ref()
                    .is_none_or(|intent| intent.hash != hash)
        });
    }
}

impl Journal for Progress {
    fn intend(&self, intent: &Intent) -> Result<(), JournalError> {
        self.write(|record| {
            let transaction = Transaction {
                purpose: intent.purpose.clone(),
                size: intent.newest().len(),
                intent: Some(intent.clone()),
                done: None,
            };
            match record
                .transactions
                .iter_mut()
                .find(|known| known.purpose == intent.purpose && known.done.is_none())
            {
                Some(known) => *known = transaction,
                None => record.transactions.push(transaction),
            }
        })
        .map_err(JournalError::lasting)
    }

    fn settle(&self, intent: &Intent, outcome: Outcome) -> Result<(), JournalError> {
        match outcome {
            // Its receipt is written down by whoever waits for it, this run or the next.
            Outcome::Included => Ok(()),
            Outcome::Reverted | Outcome::Dropped => self
                .write(|record| record.forget(intent.hash))
                .map_err(JournalError::lasting),
        }
    }
}

impl Begun {
    /// How another beginning differs, a line each; nothing if it is the same.
    pub(super) fn differences(&self, other: &Self) -> Vec<String> {
        let (before, now) = match (serde_json::to_value(self), serde_json::to_value(other)) {
            (Ok(before), Ok(now)) => (before, now),
            // Text, numbers and objects by text always become JSON.
            (Err(error), _) | (_, Err(error)) => return vec![error.to_string()],
        };
        let mut differences = Vec::new();
        compare("", &before, &now, &mut differences);
        differences
    }
}

/// Notes every leaf that differs, by its path.
fn compare(path: &str, before: &Value, now: &Value, differences: &mut Vec<String>) {
    let inner = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            let keys: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).collect();
            for key in keys {
                let value = |object: &serde_json::Map<String, Value>| {
                    object.get(key).cloned().unwrap_or(Value::Null)
                };
                compare(&inner(key), &value(before), &value(now), differences);
            }
        }
        (Value::Array(before), Value::Array(now)) if before.len() == now.len() => {
            for (index, (before, now)) in before.iter().zip(now).enumerate() {
                compare(&format!("{path}[{index}]"), before, now, differences);
            }
        }
        _ if before == now => {}
        _ => differences.push(format!(
            "{path} was {} and is {}",
            brief(before),
            brief(now)
        )),
    }
}

/// A value, without the middle of what is long.
fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn begun(settings: Value) -> Begun {
        Begun {
            chain_id: 1,
            deployer: Address::repeat_byte(1),
            block: 7,
            timestamp: 8,
            settings,
            programs: BTreeMap::new(),
        }
    }

    fn intent(purpose: &str, byte: u8) -> Intent {
        Intent {
            hash: B256::repeat_byte(byte),
            sender: Address::repeat_byte(1),
            nonce: 0,
            raw: vec![byte].into(),
            purpose: purpose.to_owned(),
            urgency: Default::default(),
            replacements: Vec::new(),
        }
    }

    #[test]
    fn a_second_run_is_refused_until_the_first_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let first = Progress::open(&path).unwrap();
        let error = Progress::open(&path).unwrap_err();
        assert!(matches!(error, DeployError::InUse { .. }), "{error}");
        assert!(error.to_string().contains("state.json"), "{error}");
        drop(first);
        Progress::open(&path).unwrap();
    }

    #[test]
    fn what_is_written_is_there_for_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let progress = Progress::open(&path).unwrap();
        progress.begin(begun(json!({"a": 1}))).unwrap();
        progress.intend(&intent("one", 1)).unwrap();
        progress.intend(&intent("two", 2)).unwrap();
        progress.intend(&intent("three", 3)).unwrap();
        progress
            .settle(&intent("three", 3), Outcome::Dropped)
            .unwrap();
        let done = Done {
            hash: B256::repeat_byte(1),
            block: 9,
            gas_used: 21_000,
            gas_price: U256::from(5),
            data_fee: U256::from(7),
            created: None,
        };
        assert_eq!(done.cost(), U256::from(105_007));
        progress.finish("one", done.clone()).unwrap();
        progress.made("x", Address::repeat_byte(9)).unwrap();
        let before = progress.record();
        drop(progress);
        let again = Progress::open(&path).unwrap();
        assert_eq!(again.record(), before);
        assert_eq!(again.done("one"), Some(done));
        assert_eq!(again.done("two"), None);
        assert_eq!(again.contract("x"), Some(Address::repeat_byte(9)));
        assert_eq!(again.open_intents(), [intent("two", 2)]);
    }

    #[test]
    fn a_file_that_is_no_progress_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        for text in [
            "",
            "{}",
            "{\"version\":2,\"contracts\":{},\"transactions\":[]}",
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Progress::open(&path).unwrap_err();
            assert!(matches!(error, DeployError::Progress { .. }), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn every_difference_from_the_beginning_is_named() {
        let before = begun(json!({"models": [{"fee": "1"}], "same": true}));
        let now = begun(json!({"models": [{"fee": "2"}], "same": true, "new": 3}));
        assert_eq!(before.differences(&before), Vec::<String>::new());
        assert_eq!(
            before.differences(&now),
            [
                "settings.models[0].fee was \"1\" and is \"2\"",
                "settings.new was null and is 3"
            ]
        );
    }
}
