//! Keeping a text that another command has made.

use std::sync::Arc;
use std::time::Duration;

use arbius_sdk::content::{BlockStore, Cid, FolderStore, MemoryStore, PinMode, unixfs};
use serde_json::{Value, json};

use super::blocks;
use super::elsewhere::{self, Answer};
use crate::{args, pin_stores};

/// How long is waited for stores that fetch what they keep.
const WAIT: Duration = Duration::from_secs(60);

/// Where a text is kept.
pub(crate) struct Kept {
    folder: bool,
    answers: Vec<Answer>,
}

/// Keeps a text: in the block folder, if there is one, and with the stores that are named.
pub(crate) async fn keep(
    text: &str,
    name: &str,
    folder: &args::Folder,
    stores: &args::PinStores,
) -> eyre::Result<Kept> {
    let stores = pin_stores::named(stores)?;
    let place = blocks::place(folder);
    let folder = place.is_dir();
    let (source, cid): (Arc<dyn BlockStore>, Cid) = if folder {
        let blocks = FolderStore::open(place)?;
        let _hold = blocks.hold().await?;
        let cid = unixfs::import(text.as_bytes(), &blocks).await?.cid;
        blocks.pin(&cid, PinMode::Recursive, Some(name)).await?;
        (Arc::new(blocks), cid)
    } else {
        let blocks = MemoryStore::new();
        let cid = unixfs::import(text.as_bytes(), &blocks).await?.cid;
        (Arc::new(blocks), cid)
    };
    Ok(Kept {
        folder,
        answers: elsewhere::keep(&stores, &cid, &source, WAIT).await,
    })
}

impl Kept {
    pub(crate) fn json(&self) -> Value {
        let stores: Vec<_> = self.answers.iter().map(Answer::json).collect();
        json!({ "folder": self.folder, "stores": stores })
    }

    /// Where, in a line; what stores say in a table.
    pub(crate) fn tell(&self) -> eyre::Result<()> {
        match self.answers.is_empty() {
            true => Ok(()),
            false => elsewhere::table(&self.answers),
        }
    }

    /// Whether anybody keeps it.
    pub(crate) fn anywhere(&self) -> bool {
        self.folder || !self.answers.is_empty()
    }

    /// An error if a store does not keep it.
    pub(crate) fn check(&self) -> eyre::Result<()> {
        elsewhere::all_do(&self.answers, "do not keep the description")
    }
}
