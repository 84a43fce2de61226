//! How far the chain was read.

use super::{Store, StoreError, record, schema::META};
use crate::chain::Cursor;

impl Store {
    /// How far the chain was read, if it was.
    pub(in crate::miner) fn cursor(&self) -> Result<Option<Cursor>, StoreError> {
        record::at(&self.begin_read()?.open_table(META)?, "cursor")
    }
}
