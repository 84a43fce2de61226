//! Reading back what a store says that it has.

use std::collections::{HashSet, VecDeque};

use super::{PinError, PinStore};
use crate::content::{Cid, cids, unixfs};

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
