//! Why a store cannot be used.

use std::path::PathBuf;

use super::schema::SCHEMA;

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
