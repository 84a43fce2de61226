//! The same content with stores beyond this machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arbius_sdk::content::pinning::{PinError, PinState, PinStore, Pinned, Standing, prove};
use arbius_sdk::content::{BlockStore, Cid};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::show::{self, Side};

/// How often a store that is at it is asked how far it has got.
const ASKED_EVERY: Duration = Duration::from_secs(2);

/// Pins that are listed of one store.
const LISTED: usize = 1_000;

/// What a store has come to.
pub(super) struct Answer {
    store: String,
    state: Option<PinState>,
    read_back: bool,
    error: Option<String>,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        json!({
            "store": self.store,
            "state": self.state.map(PinState::name),
            "readBack": self.read_back,
            "error": self.error,
        })
    }

    fn row(&self) -> Vec<String> {
        let state = self.state.map(PinState::name).unwrap_or_default();
        let note = match (&self.error, self.state, self.read_back) {
            (Some(error), _, _) => error.clone(),
            (None, Some(PinState::Queued | PinState::Pinning), _) => {
                "it goes on by itself".to_owned()
            }
            (None, Some(PinState::Pinned), true) => "read back".to_owned(),
            (None, Some(PinState::Pinned), false) => {
                "its word is taken: name a --pin-gateway to read it back".to_owned()
            }
            (None, _, _) => String::new(),
        };
        vec![self.store.clone(), state.to_owned(), note]
    }
}

/// Shows what stores have come to.
pub(super) fn table(answers: &[Answer]) -> eyre::Result<()> {
    let rows: Vec<_> = answers.iter().map(Answer::row).collect();
    let columns = [
        ("store", Side::Left),
        ("state", Side::Left),
        ("", Side::Left),
    ];
    Ok(show::table(&columns, &rows)?)
}

/// An error if a store does not do what it was asked for.
pub(super) fn all_do(answers: &[Answer], what: &str) -> eyre::Result<()> {
    let failures: Vec<&String> = answers.iter().filter_map(|a| a.error.as_ref()).collect();
    let Some(reason) = failures.first() else {
        return Ok(());
    };
    eyre::bail!(
        "{} of {} stores {what}, the first of them because: {reason}",
        failures.len(),
        answers.len()
    )
}

/// Asks all stores at once to keep what is beneath `root`, waits until each says that it has
/// it, but not longer than `patience` for those that are at it, and reads it back.
pub(super) async fn keep(
    stores: &[Arc<dyn PinStore>],
    root: &Cid,
    blocks: &Arc<dyn BlockStore>,
    patience: Duration,
) -> Vec<Answer> {
    let asked = stores.iter().map(async |store| {
        let mut answer = Answer {
            store: store.name().to_owned(),
            state: None,
            read_back: false,
            error: None,
        };
        if let Err(error) = follow(&**store, root, blocks, patience, &mut answer).await {
            answer.error = Some(error.to_string());
        }
        answer
    });
    join_all(asked).await
}

async fn follow(
    store: &dyn PinStore,
    root: &Cid,
    blocks: &Arc<dyn BlockStore>,
    patience: Duration,
    answer: &mut Answer,
) -> Result<(), PinError> {
    let started = Instant::now();
    let mut said = store.pin(root, blocks).await?;
    let ticket = said.ticket.clone();
    loop {
        answer.state = Some(said.state);
        match prove(store, root, said).await? {
            Standing::Underway(_) if started.elapsed() < patience => {
                tokio::time::sleep(ASKED_EVERY).await;
                let known = store.state(root, ticket.as_deref()).await?;
                // A store that no longer knows of it has given up.
                said = known.unwrap_or(Pinned::without_ticket(PinState::Failed));
            }
            Standing::Confirmed(_) => {
                answer.read_back = true;
                return Ok(());
            }
            Standing::Underway(_) | Standing::Claimed => return Ok(()),
        }
    }
}

/// Asks all stores at once to keep `root` no longer.
pub(super) async fn release(stores: &[Arc<dyn PinStore>], root: &Cid) -> Vec<Answer> {
    let asked = stores.iter().map(async |store| Answer {
        store: store.name().to_owned(),
        state: None,
        read_back: false,
        error: store.unpin(root).await.err().map(|error| error.to_string()),
    });
    join_all(asked).await
}

/// What a store keeps.
pub(super) struct Kept {
    pub(super) store: String,
    pub(super) cid: Cid,
    pub(super) state: PinState,
}

/// What all of these stores keep, up to a thousand pins of each.
pub(super) async fn list(stores: &[Arc<dyn PinStore>]) -> Result<Vec<Kept>, PinError> {
    let mut all = Vec::new();
    for (store, pins) in stores
        .iter()
        .zip(join_all(stores.iter().map(|store| store.pins(LISTED))).await)
    {
        all.extend(pins?.into_iter().map(|(cid, state)| Kept {
            store: store.name().to_owned(),
            cid,
            state,
        }));
    }
    Ok(all)
}
