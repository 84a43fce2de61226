//! Reading back what a store says that it has.

use std::collections::{HashSet, VecDeque};

use super::{PinError, PinState, PinStore, Pinned};
use crate::content::{Cid, cids, unixfs};

/// Blocks that [`prove`] reads back of one content: all of most results.
const READ_BACK: usize = 64;

/// How far a store has been shown to be with keeping something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It says that it is at it, or will be. It is asked again by this ticket.
    Underway(Option<String>),
    /// It says that it has all of it, and cannot be read.
    Claimed,
    /// It was read back.
    Confirmed(Confirmed),
}

/// What the word of a store is worth: where it says that it has everything beneath `root` and
/// can be read, some of it is read back.
///
/// # Errors
/// [`PinError::Failed`] if it says that it failed, and as [`confirm`].
pub async fn prove(store: &dyn PinStore, root: &Cid, said: Pinned) -> Result<Standing, PinError> {
    match said.state {
        PinState::Failed => Err(PinError::Failed {
            store: store.name().to_owned(),
            cid: Box::new(*root),
        }),
        PinState::Queued | PinState::Pinning => Ok(Standing::Underway(said.ticket)),
        PinState::Pinned if !store.can_read() => Ok(Standing::Claimed),
        PinState::Pinned => confirm(store, root, READ_BACK)
            .await
            .map(Standing::Confirmed),
    }
}

/// What was read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    /// Blocks that came, each what its CID says.
    pub blocks: usize,
    /// Whether that is all of it.
    pub whole: bool,
}

/// Asks a store for what it says that it keeps, from the root down and level by level, up to
/// `most` blocks. Nothing is believed: each block is hashed.
///
/// # Errors
/// [`PinError::Withheld`] if it does not give a block, and what else goes wrong with asking.
pub async fn confirm(store: &dyn PinStore, root: &Cid, most: usize) -> Result<Confirmed, PinError> {
    let mut ahead = VecDeque::from([*root]);
    let mut seen = HashSet::from([cids::digest(root)?]);
    let mut blocks = 0;
    while let Some(cid) = ahead.pop_front() {
        if blocks == most {
            return Ok(Confirmed {
                blocks,
                whole: false,
            });
        }
        let block = store.get(&cid).await?;
        let block = block.ok_or_else(|| PinError::Withheld {
            store: store.name().to_owned(),
            root: Box::new(*root),
            cid: Box::new(cid),
        })?;
        blocks += 1;
        let contents = unixfs::parse(&block);
        let contents = contents.map_err(|reason| PinError::Malformed {
            cid: Box::new(cid),
            reason: Box::new(reason),
        })?;
        for below in contents.beneath() {
            // What will not be asked for need not be remembered.
            if blocks + ahead.len() <= most && seen.insert(cids::digest(&below)?) {
                ahead.push_back(below);
            }
        }
    }
    Ok(Confirmed {
        blocks,
        whole: true,
    })
}
