//! Why a store cannot be used.

use std::{io, path::PathBuf};

use super::schema::SCHEMA;
use crate::miner::disk;

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    /// There is none.
    #[error("there is no store of a miner at {path}")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is not as it was written.
    #[error(
        "the miner's store {path} is damaged ({reason}); restore a backup, or move the file away and start anew: what was solved is found on the chain"
    )]
    Corrupted {
        /// The file.
        path: PathBuf,
        /// What redb says.
        reason: String,
    },
    /// A newer version wrote it.
    #[error(
        "{path} has layout {found}{}, but this is version {} and knows layouts up to {SCHEMA}; update arbius rather than lose what a newer version wrote",
        .writer.as_ref().map(|version| format!(" of version {version}")).unwrap_or_default(),
        env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The layout.
        found: u64,
        /// The version that wrote it last, where it says so.
        writer: Option<String>,
    },
    /// An older version wrote it, and it is only looked at.
    #[error(
        "{path} has layout {found}, which is older than this version's {SCHEMA}; `arbius mine` brings it forward when it starts with that folder"
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// The layout.
        found: u64,
    },
    /// A database, but none of a miner.
    #[error("{path} is not the store of a miner; give the miner a folder of its own")]
    Foreign {
        /// The file.
        path: PathBuf,
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
    /// Reading or writing failed: the disk is full or broken. See [`StoreError::is_passing`].
    #[error("the miner's store cannot be read or written: {0}; is the disk full?")]
    Io(#[source] Box<redb::Error>),
    /// A record cannot be read.
    #[error(
        "a record of the miner's store is damaged: {0}; restore a backup, or start anew in an empty folder"
    )]
    Damaged(#[from] serde_json::Error),
}

impl StoreError {
    /// Whether it may be over in a moment: the disk is full or did not answer. Nothing was
    /// written then, and nothing may be done that had to be written down first.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        let (Self::Io(source) | Self::Open { source, .. }) = self else {
            return false;
        };
        match &**source {
            // Without the file there is nothing to wait for.
            redb::Error::Io(error) => !matches!(
                error.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::PermissionDenied
                    | io::ErrorKind::IsADirectory
                    | io::ErrorKind::InvalidData
            ),
            redb::Error::PreviousIo | redb::Error::DatabaseClosed => true,
            _ => false,
        }
    }

    /// Whether it is for want of room on the disk.
    pub(in crate::miner) fn is_full(&self) -> bool {
        let (Self::Io(source) | Self::Open { source, .. }) = self else {
            return false;
        };
        match &**source {
            redb::Error::Io(error) => disk::is_full(error),
            // Only after something else has failed, which was said then.
            redb::Error::PreviousIo | redb::Error::DatabaseClosed => true,
            _ => false,
        }
    }
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
