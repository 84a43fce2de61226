//! Many blocks in one answer: a CAR, as the trustless gateway specification has it.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use futures_util::TryStreamExt;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use tokio::io::BufReader;
use tokio_util::io::StreamReader;

use super::error::{FetchError, Refusal};
use super::fetcher::contents;
use super::limits::{FetchLimits, Fetched};
use super::peer::Peer;
use super::request::Requests;
use crate::content::block::Block;
use crate::content::car::{CarError, CarLimits, CarReader};
use crate::content::cids;
use crate::content::store::{BlockStore, StoreError};
use crate::http;

/// Blocks that are put into the store together.
const BATCH: usize = 32;

/// The least time in which a gateway has to begin.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

/// A CAR that one gateway is asked for.
pub(super) struct Car<'a> {
    pub(super) gateway: &'a Peer,
    pub(super) requests: &'a Requests,
    pub(super) limits: &'a FetchLimits,
    pub(super) progress: &'a (dyn Fn(Fetched) + Send + Sync),
}

/// Why a CAR came to an end before its time.
enum End {
    /// The gateway gives none.
    NoCar,
    /// The gateway did something else that is its fault.
    Refused(Refusal),
    /// The store took no block.
    Store(Box<StoreError>),
}

impl Car<'_> {
    /// Brings what lies beneath a root, which is known, and says whether the answer came to its
    /// end. What came is kept either way; blocks that do not lie beneath the root are not.
    ///
    /// # Errors
    /// [`FetchError::Store`] if the store takes no block.
    pub(super) async fn bring(
        &self,
        root: &Block,
        store: &dyn BlockStore,
        fetched: &mut Fetched,
    ) -> Result<bool, FetchError> {
        let mut batch = Vec::new();
        let end = self.read(root, store, fetched, &mut batch).await;
        store.put_many(&batch).await?;
        let refusal = match end {
            Ok(()) => None,
            Err(End::Store(error)) => return Err((*error).into()),
            Err(End::NoCar) => {
                self.gateway.gave_no_car();
                return Ok(false);
            }
            Err(End::Refused(refusal)) => Some(refusal),
        };
        if let Some(refusal) = &refusal {
            let gateway = self.gateway.name();
            tracing::debug!(cid = %root.cid(), gateway, %refusal, "a CAR broke off");
            // Blocks are asked for one by one then, perhaps of the same gateway.
            self.gateway.gave_no_car();
        }
        self.gateway.remember(refusal.as_ref(), self.limits);
        Ok(refusal.is_none())
    }

    async fn read(
        &self,
        root: &Block,
        store: &dyn BlockStore,
        fetched: &mut Fetched,
        batch: &mut Vec<Block>,
    ) -> Result<(), End> {
        let begun = self.within(self.begin(root), self.limits.patience.max(LEAST_PATIENCE));
        let response = begun.await?;
        let stream = response
            .bytes_stream()
            .map_err(|error| io::Error::other(http::cause(error)));
        let limits = CarLimits {
            // Beside the blocks there are their CIDs, and the header.
            bytes: self.limits.bytes.saturating_mul(2),
            blocks: self.limits.blocks as u64,
        };
        let reader = BufReader::new(StreamReader::new(stream));
        let opened = async { CarReader::new(reader, limits).await.map_err(End::from) };
        let mut car = self.within(opened, self.limits.block_time).await?;
        let mut wanted = HashSet::new();
        let mut seen = HashSet::new();
        self.expect(root, &mut wanted);
        loop {
            let next = async { car.next().await.map_err(End::from) };
            let Some(block) = self.within(next, self.limits.block_time).await? else {
                return Ok(());
            };
            if block.cid() == root.cid() {
                continue;
            }
            let name = (block.cid().codec(), digest(&block)?);
            if !wanted.contains(&name) {
                return Err(End::NoCar);
            }
            if !seen.insert(name) {
                continue;
            }
            self.expect(&block, &mut wanted);
            if !store.has(block.cid()).await.map_err(End::from)? {
                fetched.count(&block);
                (self.progress)(*fetched);
                batch.push(block);
            }
            // The walk that follows says so.
            if fetched.bytes > self.limits.bytes || wanted.len() > self.limits.blocks {
                return Ok(());
            }
            if batch.len() >= BATCH {
                store.put_many(batch).await.map_err(End::from)?;
                batch.clear();
            }
        }
    }

    async fn begin(&self, root: &Block) -> Result<Response, End> {
        let mut url = http::beneath(self.gateway.url(), &format!("ipfs/{}", root.cid()));
        url.set_query(Some("format=car&dag-scope=all"));
        let accept = "application/vnd.ipld.car; version=1; order=dfs; dups=n";
        let asked = self
            .requests
            .get(self.gateway.url(), url, accept, self.limits.redirects);
        let response = match asked.await {
            Ok(response) => response,
            Err(Refusal::Status(status)) if is_no(status) => return Err(End::NoCar),
            Err(Refusal::Absent) => return Err(End::NoCar),
            Err(refusal) => return Err(End::Refused(refusal)),
        };
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        match kind.starts_with("application/vnd.ipld.car") {
            true => Ok(response),
            false => Err(End::NoCar),
        }
    }

    /// Notes what a block links to: such blocks may come. One that holds nothing that can be
    /// followed is left to the walk that follows.
    fn expect(&self, block: &Block, wanted: &mut HashSet<(u64, [u8; 32])>) {
        let Ok(contents) = contents(block) else {
            return;
        };
        for cid in contents.beneath() {
            if wanted.len() > self.limits.blocks {
                return;
            }
            if let Ok(digest) = cids::digest(&cid) {
                wanted.insert((cid.codec(), digest));
            }
        }
    }

    async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, End>>,
        time: Duration,
    ) -> Result<T, End> {
        let done = tokio::time::timeout(time, work).await;
        done.unwrap_or(Err(End::Refused(Refusal::Late(time))))
    }
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<CarError> for End {
    fn from(error: CarError) -> Self {
        match error {
            CarError::Block { reason, .. } => Self::Refused(Refusal::Lie(reason)),
            other => Self::Refused(Refusal::Connection(other.to_string())),
        }
    }
}

fn digest(block: &Block) -> Result<[u8; 32], End> {
    cids::digest(block.cid()).map_err(|error| End::Refused(Refusal::Lie(error.into())))
}

/// Whether a status says that there are no CARs here.
fn is_no(status: StatusCode) -> bool {
    status.is_client_error() || status == StatusCode::NOT_IMPLEMENTED
}
