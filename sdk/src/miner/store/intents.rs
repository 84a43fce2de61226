//! Transaction intents: written down before they are sent.

use redb::{ReadableTable, TableDefinition};

use super::{Store, StoreError, record};
use crate::chain::Intent;

/// Intents without an outcome, by transaction hash.
pub(super) const INTENTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("intents");

impl Store {
    /// Intents of which it is not known how they ended, in order of their nonces.
    pub(in crate::miner) fn open_intents(&self) -> Result<Vec<Intent>, StoreError> {
        let read = self.begin_read()?;
        let table = read.open_table(INTENTS)?;
        let mut intents = Vec::new();
        for entry in table.iter()? {
            intents.push(record::decode::<Intent>(entry?.1.value())?);
        }
        intents.sort_by_key(|intent| intent.nonce);
        Ok(intents)
    }

    /// Writes an intent down, in place of what was written of it before.
    #[tracing::instrument(level = "debug", skip_all, fields(purpose = intent.purpose))]
    pub(in crate::miner) fn record_intent(&self, intent: &Intent) -> Result<(), StoreError> {
        let write = self.begin_write()?;
        let record = record::encode(intent)?;
        write
            .open_table(INTENTS)?
            .insert(intent.hash.0, record.as_slice())?;
        write.commit()?;
        Ok(())
    }

    /// Forgets an intent whose end is known.
    #[tracing::instrument(level = "debug", skip_all, fields(purpose = intent.purpose))]
    pub(in crate::miner) fn forget_intent(&self, intent: &Intent) -> Result<(), StoreError> {
        let write = self.begin_write()?;
        write.open_table(INTENTS)?.remove(intent.hash.0)?;
        write.commit()?;
        Ok(())
    }
}
