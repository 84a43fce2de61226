//! One gateway, and what is remembered of it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Url;

use super::error::{FetchError, Refusal};
use super::limits::FetchLimits;
use super::request::Requests;
use crate::content::Cid;
use crate::content::block::{Block, BlockError, MAX_BLOCK_BYTES};
use crate::http::{self, BodyError};

/// The longest that a gateway is not asked, however often it lied.
const LONGEST_BANISHMENT: Duration = Duration::from_secs(86_400);

/// How a gateway has done so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayHealth {
    /// Its address, without credentials.
    pub url: String,
    /// Blocks that it sent and that were what they should be.
    pub blocks: u64,
    /// Requests that failed since the last success.
    pub failures: u64,
    /// Answers that were not the block that was asked for.
    pub lies: u64,
    /// For how long it is not asked, on account of the last of these.
    pub banished: Option<Duration>,
}

/// A gateway. It is the operator's to choose, so what is remembered is bounded by their list.
#[derive(Debug)]
pub(super) struct Peer {
    url: Url,
    record: Mutex<Record>,
}

#[derive(Debug, Default)]
struct Record {
    blocks: u64,
    failures: u64,
    failed_at: Option<Instant>,
    lies: u64,
    banished_until: Option<Instant>,
    /// When it was found to give no CARs.
    no_cars: Option<Instant>,
}

/// For how long a gateway that gave no CAR is not asked for one.
const WITHOUT_CARS: Duration = Duration::from_secs(3600);

impl Peer {
    pub(super) fn at(url: &str) -> Result<Self, FetchError> {
        let url = http::base(url).map_err(|reason| FetchError::Url {
            url: url.to_owned(),
            reason,
        })?;
        Ok(Self {
            url,
            record: Mutex::default(),
        })
    }

    /// Its address for people: without credentials.
    pub(super) fn name(&self) -> String {
        http::redacted(&self.url)
    }

    // A record is whole whatever a panicking writer did, so poison means nothing here.
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn health(&self) -> GatewayHealth {
        let banished = self.banished();
        let record = self.record();
        GatewayHealth {
            url: self.name(),
            blocks: record.blocks,
            failures: record.failures,
            lies: record.lies,
            banished,
        }
    }

    /// For how long it is not asked any more, if so.
    pub(super) fn banished(&self) -> Option<Duration> {
        let until = self.record().banished_until?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Failures that still count against it: those before its last success do not, and in time
    /// none does.
    pub(super) fn failures(&self, limits: &FetchLimits) -> u64 {
        let record = self.record();
        let fresh = record
            .failed_at
            .is_some_and(|at| at.elapsed() < limits.banishment);
        if fresh { record.failures } else { 0 }
    }

    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    /// Whether it may be asked for a CAR.
    pub(super) fn gives_cars(&self) -> bool {
        let no_cars = self.record().no_cars;
        no_cars.is_none_or(|since| since.elapsed() > WITHOUT_CARS)
    }

    /// Remembers that it gives none.
    pub(super) fn gave_no_car(&self) {
        self.record().no_cars = Some(Instant::now());
    }

    /// The block, if it is what its CID says; remembers how that went.
    pub(super) async fn ask(
        &self,
        requests: &Requests,
        cid: &Cid,
        limits: &FetchLimits,
    ) -> Result<Block, Refusal> {
        let asked = self.request(requests, cid, limits.redirects);
        let answered = tokio::time::timeout(limits.block_time, asked).await;
        let answered = answered.unwrap_or(Err(Refusal::Late(limits.block_time)));
        self.remember(answered.as_ref().err(), limits);
        answered
    }

    /// Remembers how it answered.
    pub(super) fn remember(&self, refusal: Option<&Refusal>, limits: &FetchLimits) {
        let mut record = self.record();
        match refusal {
            None => {
                record.blocks += 1;
                record.failures = 0;
            }
            Some(Refusal::Lie(reason)) => {
                let factor = 1_u32 << record.lies.min(16);
                let time = limits.banishment.saturating_mul(factor);
                let time = time.min(LONGEST_BANISHMENT);
                record.lies += 1;
                record.banished_until = Some(Instant::now() + time);
                tracing::warn!(
                    gateway = self.name(), %reason, seconds = time.as_secs(),
                    "a gateway lied and is not asked for a while"
                );
            }
            // Not having a block is no fault, nor is it to be asked too often.
            Some(Refusal::Absent | Refusal::Busy(_)) => {}
            Some(_) => {
                record.failures += 1;
                record.failed_at = Some(Instant::now());
            }
        }
    }

    async fn request(
        &self,
        requests: &Requests,
        cid: &Cid,
        redirects: usize,
    ) -> Result<Block, Refusal> {
        let url = self.block_url(cid);
        let response = requests.get(&self.url, url, "application/vnd.ipld.raw", redirects);
        let mut response = response.await?;
        let data = http::body(&mut response, MAX_BLOCK_BYTES).await;
        let data = data.map_err(|error| match error {
            BodyError::TooLong(bytes) => Refusal::Lie(BlockError::TooLarge { bytes }),
            BodyError::Broken(error) => Refusal::Connection(http::cause(error)),
        })?;
        Block::verified(*cid, data).map_err(Refusal::Lie)
    }

    fn block_url(&self, cid: &Cid) -> Url {
        let mut url = http::beneath(&self.url, &format!("ipfs/{cid}"));
        url.set_query(Some("format=raw"));
        url
    }
}
