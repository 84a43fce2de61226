//! Brings content from gateways into a store.
//!
//! Gateways are strangers. A block is believed when its bytes hash to its CID and not
//! before; a gateway that sent other bytes is not asked again. Blocks are asked for by
//! `/ipfs/<cid>?format=raw`, several at a time, and where one gateway is slow the next is
//! asked beside it. Redirects are not followed: a gateway could send this machine to
//! addresses that only this machine reaches.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::content::Cid;
use bytes::BytesMut;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use reqwest::header::{ACCEPT, CONTENT_LENGTH};
use reqwest::{StatusCode, Url, redirect};

use super::block::{Block, BlockError, MAX_BLOCK_BYTES};
use super::cids::{self, CidError};
use super::store::{BlockStore, MemoryStore, StoreError};
use super::unixfs::{self, Contents, Lookup, MAX_DEPTH, MalformedError, ReadError, Step};
use crate::http::{self, HttpError};

/// How long a gateway whose connection failed is left alone before it is asked once more.
const SECOND_CHANCE_AFTER: Duration = Duration::from_millis(250);

/// What one fetch may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchLimits {
    /// Bytes of all blocks together.
    pub bytes: u64,
    /// Blocks.
    pub blocks: usize,
    /// How long the whole fetch may take.
    pub time: Duration,
    /// How long one gateway may take over one block.
    pub block_time: Duration,
    /// After how long the next gateway is asked beside one that has not answered.
    pub patience: Duration,
    /// Blocks that are asked for at a time.
    pub parallel: usize,
}

impl Default for FetchLimits {
    /// 256 MiB in 100,000 blocks, 5 min in all and 30 s a block, 2 s of patience, 8 blocks
    /// at a time.
    fn default() -> Self {
        Self {
            bytes: 256 << 20,
            blocks: 100_000,
            time: Duration::from_secs(300),
            block_time: Duration::from_secs(30),
            patience: Duration::from_secs(2),
            parallel: 8,
        }
    }
}

/// What a fetch brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Blocks that came from gateways; those that the store had are not among them.
    pub blocks: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// How a gateway has done so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayHealth {
    /// Its address.
    pub url: String,
    /// Blocks that it sent and that were what they should be.
    pub blocks: u64,
    /// Requests that failed since the last success.
    pub failures: u64,
    /// Answers that were not the block that was asked for. A gateway with one is not asked
    /// again by this fetcher.
    pub lies: u64,
}

/// Why a gateway did not give a block.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It sent other bytes.
    #[error("it sent bytes that are not the block ({0})")]
    Lie(BlockError),
    /// It does not have the block.
    #[error("it does not have it")]
    Absent,
    /// It answered with another status.
    #[error("it answered {0}")]
    Status(StatusCode),
    /// It could not be reached, or the connection broke.
    #[error("{}", innermost(.0))]
    Connection(reqwest::Error),
    /// It lied before, so it was not asked.
    #[error("it was not asked, because it sent false bytes before")]
    Distrusted,
    /// It took too long.
    #[error("it did not give it within {} s", .0.as_secs_f64())]
    Late(Duration),
}

/// Content that could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No gateway was named.
    #[error("no gateway to fetch content from: name at least one, such as http://127.0.0.1:8080")]
    NoGateway,
    /// A gateway's address is no URL of HTTP.
    #[error("`{url}` is not a gateway's address ({reason}); one looks like https://ipfs.io")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No gateway gave the block.
    #[error("no gateway gave the block {cid}: {}", listed(refusals))]
    Unavailable {
        /// The block.
        cid: Cid,
        /// Who was asked, and what each did.
        refusals: Vec<(String, Refusal)>,
    },
    /// The content is larger than the limits allow.
    #[error("the content of {cid} is above the limit of {bytes} bytes in {blocks} blocks")]
    TooLarge {
        /// The content's root.
        cid: Cid,
        /// The limit in bytes.
        bytes: u64,
        /// The limit in blocks.
        blocks: usize,
    },
    /// The whole did not come in time.
    #[error("the content of {cid} did not come within {} s", time.as_secs_f64())]
    Late {
        /// The content's root.
        cid: Cid,
        /// The limit.
        time: Duration,
    },
    /// A block is what its CID says, and that is no file or directory.
    #[error("the block {cid} holds no file or directory: {reason}")]
    Malformed {
        /// The block.
        cid: Cid,
        /// Why.
        reason: MalformedError,
    },
    /// A tree is deeper than [`MAX_DEPTH`].
    #[error("the content of {cid} lies deeper than {MAX_DEPTH} levels")]
    TooDeep {
        /// The content's root.
        cid: Cid,
    },
    /// What came cannot be read as was asked.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The CID cannot be checked.
    #[error(transparent)]
    Cid(#[from] CidError),
    /// There is no HTTP client.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// Fetches content from a list of gateways. It remembers how each has done, so make one and
/// keep it.
#[derive(Debug)]
pub struct Fetcher {
    client: reqwest::Client,
    gateways: Vec<Peer>,
    limits: FetchLimits,
    /// Whose turn it is among gateways that do equally well.
    turn: AtomicUsize,
}

#[derive(Debug)]
struct Peer {
    url: Url,
    blocks: AtomicU64,
    failures: AtomicU64,
    lies: AtomicU64,
}

impl Fetcher {
    /// A fetcher over these gateways, given by their addresses, as `https://ipfs.io`.
    ///
    /// # Errors
    /// [`FetchError::NoGateway`] if there is none, [`FetchError::Url`] if one is no address
    /// of HTTP.
    pub fn new<U: AsRef<str>>(
        gateways: impl IntoIterator<Item = U>,
        limits: FetchLimits,
    ) -> Result<Self, FetchError> {
        let gateways: Vec<Peer> = gateways
            .into_iter()
            .map(|url| Peer::at(url.as_ref()))
            .collect::<Result<_, _>>()?;
        if gateways.is_empty() {
            return Err(FetchError::NoGateway);
        }
        let client = http::builder()?
            .redirect(redirect::Policy::none())
            .build()
            .map_err(HttpError::from)?;
        Ok(Self {
            client,
            gateways,
            limits,
            turn: AtomicUsize::new(0),
        })
    }

    /// How each gateway has done so far.
    pub fn health(&self) -> Vec<GatewayHealth> {
        self.gateways.iter().map(Peer::health).collect()
    }

    /// Brings everything beneath `cid`, a file or a directory, into `store`. Blocks that the
    /// store has are not fetched.
    ///
    /// # Errors
    /// [`FetchError`]; what had come by then stays in the store, so another try goes on
    /// where this one stopped.
    pub async fn fetch(&self, cid: &Cid, store: &dyn BlockStore) -> Result<Fetched, FetchError> {
        self.in_time(cid, self.tree(cid, store)).await
    }

    /// Brings the file that `path` leads to from `cid` (empty: `cid` itself) into `store`,
    /// without the rest of the directories on the way, and gives its bytes.
    ///
    /// # Errors
    /// As [`Fetcher::fetch`], and [`FetchError::Read`] if the path leads to no file.
    pub async fn fetch_file(
        &self,
        cid: &Cid,
        path: &str,
        store: &dyn BlockStore,
    ) -> Result<Vec<u8>, FetchError> {
        self.in_time(cid, async {
            let mut file = *cid;
            for name in path.split('/').filter(|name| !name.is_empty()) {
                let directory = file;
                let mut lookup = Lookup::new(name);
                file = loop {
                    let (block, _) = self.bring(&file, store).await?;
                    match lookup.step(&contents(&block)?) {
                        Step::Entry(entry) => break entry,
                        Step::Shard(next) => file = next,
                        Step::Absent => {
                            return Err(FetchError::Read(ReadError::NoEntry {
                                cid: directory,
                                name: name.to_owned(),
                            }));
                        }
                    }
                };
            }
            self.tree(&file, store).await?;
            Ok(unixfs::read(&file, store, self.limits.bytes).await?)
        })
        .await
    }

    /// [`Fetcher::fetch_file`] without a store: for content that is read once.
    ///
    /// # Errors
    /// As [`Fetcher::fetch_file`].
    pub async fn read(&self, cid: &Cid, path: &str) -> Result<Vec<u8>, FetchError> {
        self.fetch_file(cid, path, &MemoryStore::new()).await
    }
}

impl Fetcher {
    async fn in_time<T>(
        &self,
        cid: &Cid,
        work: impl Future<Output = Result<T, FetchError>>,
    ) -> Result<T, FetchError> {
        let time = self.limits.time;
        match tokio::time::timeout(time, work).await {
            Ok(done) => done,
            Err(_) => Err(FetchError::Late { cid: *cid, time }),
        }
    }

    async fn tree(&self, root: &Cid, store: &dyn BlockStore) -> Result<Fetched, FetchError> {
        let limits = &self.limits;
        let too_large = || FetchError::TooLarge {
            cid: *root,
            bytes: limits.bytes,
            blocks: limits.blocks,
        };
        let mut fetched = Fetched::default();
        let mut seen = HashSet::from([*root]);
        let mut ahead = vec![(*root, 0)];
        let mut coming = FuturesUnordered::new();
        loop {
            while coming.len() < limits.parallel.max(1)
                && let Some((cid, depth)) = ahead.pop()
            {
                coming.push(async move { (depth, self.bring(&cid, store).await) });
            }
            let Some((depth, brought)) = coming.next().await else {
                return Ok(fetched);
            };
            let (block, came) = brought?;
            if came {
                fetched.blocks += 1;
                fetched.bytes += block.data().len() as u64;
            }
            let contents = contents(&block)?;
            if fetched.bytes > limits.bytes || contents.size() > limits.bytes {
                return Err(too_large());
            }
            for cid in contents.beneath() {
                if !seen.insert(cid) {
                    continue;
                }
                if seen.len() > limits.blocks {
                    return Err(too_large());
                }
                if depth == MAX_DEPTH {
                    return Err(FetchError::TooDeep { cid: *root });
                }
                ahead.push((cid, depth + 1));
            }
        }
    }

    /// The block from the store, or else from a gateway into the store; whether it came from
    /// a gateway.
    async fn bring(&self, cid: &Cid, store: &dyn BlockStore) -> Result<(Block, bool), FetchError> {
        match store.get(cid).await {
            Ok(Some(block)) => return Ok((block, false)),
            // Fetching it again heals the damage.
            Ok(None) | Err(StoreError::Damaged { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let block = self.block(cid).await?;
        store.put(&block).await?;
        Ok((block, true))
    }

    /// The block from whichever gateway gives it first. The next gateway is asked when one
    /// refuses or keeps us waiting; one whose connection failed gets a second chance.
    async fn block(&self, cid: &Cid) -> Result<Block, FetchError> {
        cids::digest(cid)?;
        let mut refusals = Vec::new();
        let mut order = Vec::new();
        for (index, peer) in self.gateways.iter().enumerate() {
            match peer.lies.load(Ordering::Relaxed) {
                0 => order.push(index),
                _ => refusals.push((peer.url.to_string(), Refusal::Distrusted)),
            }
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = self.gateways.len();
        order.sort_by_key(|index| {
            let failures = self.gateways[*index].failures.load(Ordering::Relaxed);
            (failures, (index + count - turn % count) % count)
        });
        let mut order: VecDeque<(usize, Duration)> = order
            .into_iter()
            .map(|index| (index, Duration::ZERO))
            .collect();
        let mut second_chance = HashSet::new();
        let mut asked = FuturesUnordered::new();
        loop {
            if let Some((index, pause)) = order.pop_front() {
                asked.push(async move {
                    tokio::time::sleep(pause).await;
                    (
                        index,
                        self.gateways[index]
                            .ask(&self.client, cid, &self.limits)
                            .await,
                    )
                });
            }
            tokio::select! {
                answer = asked.next() => match answer {
                    None => return Err(FetchError::Unavailable { cid: *cid, refusals }),
                    Some((_, Ok(block))) => return Ok(block),
                    Some((index, Err(refusal))) => {
                        let url = &self.gateways[index].url;
                        tracing::debug!(%cid, gateway = %url, %refusal, "a gateway gave no block");
                        if refusal.may_pass() && second_chance.insert(index) {
                            order.push_back((index, SECOND_CHANCE_AFTER));
                        } else {
                            refusals.push((url.to_string(), refusal));
                        }
                    }
                },
                () = tokio::time::sleep(self.limits.patience), if !order.is_empty() => {}
            }
        }
    }
}

impl Peer {
    fn at(url: &str) -> Result<Self, FetchError> {
        let refused = |reason: String| FetchError::Url {
            url: url.to_owned(),
            reason,
        };
        let mut parsed = Url::parse(url).map_err(|error| refused(error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(refused(format!("its scheme is `{}`", parsed.scheme())));
        }
        parsed.set_query(None);
        parsed.set_fragment(None);
        Ok(Self {
            url: parsed,
            blocks: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            lies: AtomicU64::new(0),
        })
    }

    fn health(&self) -> GatewayHealth {
        GatewayHealth {
            url: self.url.to_string(),
            blocks: self.blocks.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            lies: self.lies.load(Ordering::Relaxed),
        }
    }

    async fn ask(
        &self,
        client: &reqwest::Client,
        cid: &Cid,
        limits: &FetchLimits,
    ) -> Result<Block, Refusal> {
        let answered = tokio::time::timeout(limits.block_time, self.request(client, cid)).await;
        let answered = answered.unwrap_or(Err(Refusal::Late(limits.block_time)));
        match &answered {
            Ok(_) => {
                self.blocks.fetch_add(1, Ordering::Relaxed);
                self.failures.store(0, Ordering::Relaxed);
            }
            Err(Refusal::Lie(reason)) => {
                tracing::warn!(gateway = %self.url, %reason, "a gateway lied and is not asked again");
                self.lies.fetch_add(1, Ordering::Relaxed);
            }
            // Not having a block is no fault.
            Err(Refusal::Absent) => {}
            Err(_) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        answered
    }

    async fn request(&self, client: &reqwest::Client, cid: &Cid) -> Result<Block, Refusal> {
        let lie = |bytes: usize| Refusal::Lie(BlockError::TooLarge { bytes });
        let request = client
            .get(self.block_url(cid))
            .header(ACCEPT, "application/vnd.ipld.raw");
        let mut response = request.send().await.map_err(Refusal::Connection)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Err(Refusal::Absent),
            status => return Err(Refusal::Status(status)),
        }
        let announced = response
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok())
            .unwrap_or_default();
        if announced > MAX_BLOCK_BYTES {
            return Err(lie(announced));
        }
        let mut data = BytesMut::with_capacity(announced);
        while let Some(bytes) = response.chunk().await.map_err(Refusal::Connection)? {
            data.extend_from_slice(&bytes);
            if data.len() > MAX_BLOCK_BYTES {
                return Err(lie(data.len()));
            }
        }
        Block::verified(*cid, data.freeze()).map_err(Refusal::Lie)
    }

    fn block_url(&self, cid: &Cid) -> Url {
        let mut url = self.url.clone();
        let path = format!("{}/ipfs/{cid}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.set_query(Some("format=raw"));
        url
    }
}

impl Refusal {
    /// Whether asking again in a moment may help.
    fn may_pass(&self) -> bool {
        match self {
            Self::Connection(_) => true,
            Self::Status(status) => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Lie(_) | Self::Absent | Self::Late(_) | Self::Distrusted => false,
        }
    }
}

fn contents(block: &Block) -> Result<Contents, FetchError> {
    unixfs::parse(block).map_err(|reason| FetchError::Malformed {
        cid: *block.cid(),
        reason,
    })
}

/// What lies at the bottom of an error: reqwest's own words are "error sending request".
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn listed(refusals: &[(String, Refusal)]) -> String {
    let said: Vec<_> = refusals
        .iter()
        .map(|(url, refusal)| format!("{url}: {refusal}"))
        .collect();
    said.join("; ")
}
