//! Several stores at once.

use std::num::NonZeroUsize;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;

use super::{PinError, PinFuture, PinState, PinStore, Pinned};
use crate::content::block::Block;
use crate::content::{BlockStore, Cid};

/// How many of several stores have to keep something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WritePolicy {
    /// Every one.
    #[default]
    All,
    /// So many, whichever they are. All are asked.
    Quorum(NonZeroUsize),
}

/// Several stores as one: what is written goes to all of them at once, what is read comes from
/// the first that answers right.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use arbius_sdk::content::{
///     BlockStore, FolderStore, MemoryStore,
///     pinning::{FolderPins, PinStore, Replicas, Standing, WritePolicy, prove},
///     unixfs,
/// };
/// # let (one, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
///
/// let stores: Vec<Arc<dyn PinStore>> = vec![
///     Arc::new(FolderPins::new("disk", FolderStore::open(one.path())?)),
///     Arc::new(FolderPins::new("backup", FolderStore::open(other.path())?)),
/// ];
/// let both = Replicas::new(stores, WritePolicy::All);
///
/// let here = MemoryStore::new();
/// let cid = unixfs::import(&b"a picture"[..], &here).await?.cid;
/// let here: Arc<dyn BlockStore> = Arc::new(here);
/// let said = both.pin(&cid, &here).await?;
/// // Their word is not enough: what they say they have is read back and hashed.
/// assert!(matches!(prove(&both, &cid, said).await?, Standing::Confirmed(_)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Replicas {
    name: String,
    stores: Vec<Arc<dyn PinStore>>,
    policy: WritePolicy,
}

impl Replicas {
    /// These stores. Each has times of its own, after which it counts as failed.
    #[must_use]
    pub fn new(stores: Vec<Arc<dyn PinStore>>, policy: WritePolicy) -> Self {
        let names: Vec<_> = stores.iter().map(|store| store.name()).collect();
        Self {
            name: names.join(", "),
            stores,
            policy,
        }
    }

    /// The stores.
    #[must_use]
    pub fn stores(&self) -> &[Arc<dyn PinStore>] {
        &self.stores
    }

    /// How many have to keep something.
    fn wanted(&self) -> usize {
        match self.policy {
            WritePolicy::All => self.stores.len(),
            WritePolicy::Quorum(number) => number.get(),
        }
    }

    /// What all of them together have got to: the least of the best `wanted`.
    fn together(
        &self,
        cid: &Cid,
        answers: Vec<Result<Option<Pinned>, PinError>>,
    ) -> Result<Pinned, PinError> {
        let mut states = Vec::new();
        let mut reasons = Vec::new();
        for (store, answer) in self.stores.iter().zip(answers) {
            match answer {
                Ok(Some(Pinned { state, .. })) if state != PinState::Failed => states.push(state),
                Ok(_) => reasons.push(format!("{} does not keep it", store.name())),
                Err(error) => reasons.push(error.to_string()),
            }
        }
        states.sort_unstable_by(|one, other| other.cmp(one));
        let wanted = self.wanted();
        match states.get(wanted.saturating_sub(1)) {
            Some(state) => Ok(Pinned::without_ticket(*state)),
            None => Err(PinError::Quorum {
                cid: Box::new(*cid),
                kept: states.len(),
                wanted,
                reasons,
            }),
        }
    }
}

impl PinStore for Replicas {
    fn name(&self) -> &str {
        &self.name
    }

    /// Asks all of them at once, and waits for each or its time.
    fn pin<'a>(&'a self, root: &'a Cid, source: &'a Arc<dyn BlockStore>) -> PinFuture<'a, Pinned> {
        Box::pin(async move {
            let asked = self.stores.iter().map(|store| store.pin(root, source));
            let answers = join_all(asked).await;
            let answers = answers.into_iter().map(|answer| answer.map(Some));
            self.together(root, answers.collect())
        })
    }

    fn state<'a>(
        &'a self,
        root: &'a Cid,
        _ticket: Option<&'a str>,
    ) -> PinFuture<'a, Option<Pinned>> {
        Box::pin(async move {
            let asked = self.stores.iter().map(|store| store.state(root, None));
            let answers = join_all(asked).await;
            if answers.iter().all(|answer| matches!(answer, Ok(None))) {
                return Ok(None);
            }
            self.together(root, answers).map(Some)
        })
    }

    fn unpin<'a>(&'a self, root: &'a Cid) -> PinFuture<'a, ()> {
        Box::pin(async move {
            let asked = self.stores.iter().map(|store| store.unpin(root));
            let answers = join_all(asked).await;
            answers.into_iter().collect()
        })
    }

    /// What any of them keeps, with the best state.
    fn pins(&self, limit: usize) -> PinFuture<'_, Vec<(Cid, PinState)>> {
        Box::pin(async move {
            let asked = self.stores.iter().map(|store| store.pins(limit));
            let mut all = Vec::new();
            for answer in join_all(asked).await {
                all.extend(answer?);
            }
            // By the content, whatever version of the CID a store names it by.
            all.sort_by_key(|(cid, state)| {
                let hash = cid.hash().to_bytes();
                (hash, cid.codec(), std::cmp::Reverse(*state))
            });
            all.dedup_by_key(|(cid, _)| (*cid.hash(), cid.codec()));
            all.truncate(limit);
            Ok(all)
        })
    }

    fn can_read(&self) -> bool {
        self.stores.iter().any(|store| store.can_read())
    }

    /// Asks all of them at once and takes the first right answer.
    fn get<'a>(&'a self, cid: &'a Cid) -> PinFuture<'a, Option<Block>> {
        Box::pin(async move {
            let readable = self.stores.iter().filter(|store| store.can_read());
            let mut asked: FuturesUnordered<_> = readable.map(|store| store.get(cid)).collect();
            let mut failure = None;
            while let Some(answer) = asked.next().await {
                match answer {
                    Ok(Some(block)) => return Ok(Some(block)),
                    Ok(None) => {}
                    Err(error) => failure = Some(error),
                }
            }
            failure.map_or(Ok(None), Err)
        })
    }
}
