//! The trait of places that keep content.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::PinError;
use crate::content::block::Block;
use crate::content::{BlockStore, Cid};

/// What a [`PinStore`] answers with: boxed, so that a store can be held as
/// `Arc<dyn PinStore>`.
pub type PinFuture<'a, T> = BoxFuture<'a, Result<T, PinError>>;

/// How far a store has got with keeping something: the states of the IPFS Pinning Service
/// API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PinState {
    /// It could not.
    Failed,
    /// It will begin.
    Queued,
    /// It is at it.
    Pinning,
    /// It says that it has all of it.
    Pinned,
}

impl PinState {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Queued => "queued",
            Self::Pinning => "pinning",
            Self::Pinned => "pinned",
        }
    }
}

impl fmt::Display for PinState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no state's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no state of a pin; there are queued, pinning, pinned and failed")]
pub struct UnknownPinState(pub String);

impl FromStr for PinState {
    type Err = UnknownPinState;

    fn from_str(name: &str) -> Result<Self, UnknownPinState> {
        [Self::Failed, Self::Queued, Self::Pinning, Self::Pinned]
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| UnknownPinState(name.to_owned()))
    }
}

/// What a store says of something that it was asked to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// How far it has got.
    pub state: PinState,
    /// What it calls the request, to ask for its state by; nothing if the CID is enough.
    pub ticket: Option<String>,
}

impl Pinned {
    /// Of a store that goes by CIDs alone.
    #[must_use]
    pub const fn without_ticket(state: PinState) -> Self {
        Self {
            state,
            ticket: None,
        }
    }
}

/// How long a store may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinTimes {
    /// For an answer that needs no upload.
    pub answer: Duration,
    /// For an upload on top of that: the slowest that is waited for, bytes per second.
    pub slowest: u64,
}

impl PinTimes {
    /// How long an upload of so many bytes may take.
    #[must_use]
    pub fn upload(&self, bytes: u64) -> Duration {
        self.answer
            .saturating_add(Duration::from_secs(bytes / self.slowest.max(1)))
    }
}

impl Default for PinTimes {
    /// 30 s, and 64 KiB per second.
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(30),
            slowest: 64 * 1024,
        }
    }
}

/// A place that keeps content. What it is asked for it may be asked for again: keeping what is
/// kept already changes nothing.
pub trait PinStore: Send + Sync + fmt::Debug {
    /// What it is called in logs, metrics and settings; without credentials.
    fn name(&self) -> &str;

    /// Asks it to keep everything beneath `root`, whose blocks are in `source`.
    fn pin<'a>(&'a self, root: &'a Cid, source: &'a Arc<dyn BlockStore>) -> PinFuture<'a, Pinned>;

    /// How far it has got; `None` if it knows of no such pin. `ticket` is what
    /// [`PinStore::pin`] answered with.
    fn state<'a>(&'a self, root: &'a Cid, ticket: Option<&'a str>)
    -> PinFuture<'a, Option<Pinned>>;

    /// Asks it to keep `root` no longer. That it did not is no error.
    fn unpin<'a>(&'a self, root: &'a Cid) -> PinFuture<'a, ()>;

    /// What it keeps, in no order of its own; at most `limit`.
    fn pins(&self, limit: usize) -> PinFuture<'_, Vec<(Cid, PinState)>>;

    /// Whether [`PinStore::get`] can give anything.
    fn can_read(&self) -> bool;

    /// One block, hashed; `None` if it is not there.
    fn get<'a>(&'a self, cid: &'a Cid) -> PinFuture<'a, Option<Block>>;
}
