//! How far the chain was read.

use alloy_primitives::B256;
use redb::ReadableDatabase;

use super::{Store, StoreError, record, schema::META};

/// How far the chain was read: everything up to and with this block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    /// The last block that was read.
    pub block: u64,
    /// Its hash, by which a reorganisation is noticed; zero before the first block.
    pub hash: B256,
}

impl Store {
    /// How far the chain was read, if it was.
    pub(in crate::miner) fn cursor(&self) -> Result<Option<Cursor>, StoreError> {
        record::at(&self.database.begin_read()?.open_table(META)?, "cursor")
    }
}
