//! Transaction intents: written down before they are sent.

use redb::{ReadableDatabase, ReadableTable, TableDefinition};

use super::{Store, StoreError, record};
use crate::chain::{Intent, Journal, JournalError, Outcome};

/// Intents without an outcome, by transaction hash.
pub(super) const INTENTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("intents");

impl Store {
    /// Intents of which it is not known how they ended, in order of their nonces.
    pub(in crate::miner) fn open_intents(&self) -> Result<Vec<Intent>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(INTENTS)?;
        let mut intents = Vec::new();
        for entry in table.iter()? {
            intents.push(record::decode::<Intent>(entry?.1.value())?);
        }
        intents.sort_by_key(|intent| intent.nonce);
        Ok(intents)
    }

    #[tracing::instrument(level = "debug", skip_all, fields(purpose = intent.purpose))]
    fn record_intent(&self, intent: &Intent) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        let record = record::encode(intent)?;
        write
            .open_table(INTENTS)?
            .insert(intent.hash.0, record.as_slice())?;
        write.commit()?;
        Ok(())
    }

    #[tracing::instrument(level = "debug", skip_all, fields(purpose = intent.purpose))]
    fn forget_intent(&self, intent: &Intent) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        write.open_table(INTENTS)?.remove(intent.hash.0)?;
        write.commit()?;
        Ok(())
    }
}

impl Journal for Store {
    fn intend(&self, intent: &Intent) -> Result<(), JournalError> {
        self.record_intent(intent)
            .map_err(|error| JournalError(Box::new(error)))
    }

    fn settle(&self, intent: &Intent, outcome: Outcome) -> Result<(), JournalError> {
        tracing::debug!(hash = %intent.hash, nonce = intent.nonce, ?outcome, purpose = %intent.purpose);
        self.forget_intent(intent)
            .map_err(|error| JournalError(Box::new(error)))
    }
}
