//! The journal of the service's transactions: its store.

use std::sync::Arc;

use arbius_sdk::chain::{Intent, Journal, JournalError, Outcome};

use crate::{Id, store::Store};

/// Begins the purpose of every submission; the request's id follows.
const PURPOSE: &str = "request ";

/// The purpose of the transaction that submits a request: by it the journal knows which
/// request a transaction belongs to, before it is sent.
pub(crate) fn purpose(id: Id) -> String {
    format!("{PURPOSE}{id}")
}

/// Writes transactions into the store before they are sent.
pub(crate) struct StoreJournal(pub(crate) Arc<Store>);

impl Journal for StoreJournal {
    fn intend(&self, intent: &Intent) -> Result<(), JournalError> {
        let id = intent.purpose.strip_prefix(PURPOSE);
        let id = id.and_then(|id| id.parse().ok());
        self.0.intend(intent, id).map_err(JournalError::lasting)
    }

    fn settle(&self, intent: &Intent, _: Outcome) -> Result<(), JournalError> {
        self.0.settle(intent).map_err(JournalError::lasting)
    }
}
