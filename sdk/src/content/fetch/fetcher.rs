//! Brings content from a list of gateways into a store.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::car::Car;
use super::error::{FetchError, Refusal};
use super::limits::{FetchLimits, Fetched};
use super::peer::{GatewayHealth, Peer};
use super::request::Requests;
use crate::content::Cid;
use crate::content::block::Block;
use crate::content::cids;
use crate::content::store::{BlockStore, MemoryStore, StoreError};
use crate::content::unixfs::{self, Contents, Lookup, MAX_DEPTH, ReadError, Step};

/// Of how many gateways a CAR is asked before all comes block by block.
const CARS: usize = 2;

/// How often one gateway is asked for one block.
const ATTEMPTS: u32 = 2;

/// How often one is asked that has too much to do and says so.
const PATIENT_ATTEMPTS: u32 = 6;

/// Gateways by their numbers, each with the pause before it is asked.
type Order = VecDeque<(usize, Duration)>;

/// Fetches content from a list of gateways. It remembers how each has done, so make one and
/// keep it.
///
/// ```
/// # #[cfg(not(feature = "gateway"))]
/// # fn main() {}
/// # #[cfg(feature = "gateway")]
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::sync::Arc;
/// use arbius_sdk::content::{FetchLimits, Fetcher};
/// # use arbius_sdk::content::{Gateway, MemoryStore, unixfs::{self, Layout}};
/// # let store = MemoryStore::new();
/// # let cid = unixfs::import_files(Layout::KUBO, &[("out.txt", "seven")], &store).await?.cid;
/// # let gateway = Gateway::start(([127, 0, 0, 1], 0).into(), Arc::new(store)).await?;
/// # let near = gateway.url();
///
/// // The first does not answer, and is asked last from then on.
/// let fetcher = Fetcher::new(["http://127.0.0.1:9".to_owned(), near], FetchLimits::default())?;
/// let bytes = fetcher.read(&cid, "out.txt").await?;
/// assert_eq!(bytes, b"seven");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Fetcher {
    requests: Requests,
    gateways: Vec<Peer>,
    limits: FetchLimits,
    /// Whose turn it is among gateways that do equally well.
    turn: AtomicUsize,
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
        Ok(Self {
            requests: Requests::new()?,
            gateways,
            limits,
            turn: AtomicUsize::new(0),
        })
    }

    /// What one fetch may take.
    #[must_use]
    pub const fn limits(&self) -> &FetchLimits {
        &self.limits
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
        self.fetch_with(cid, store, &|_| {}).await
    }

    /// [`Fetcher::fetch`], which says after each block what has come so far.
    ///
    /// # Errors
    /// As [`Fetcher::fetch`].
    pub async fn fetch_with(
        &self,
        cid: &Cid,
        store: &dyn BlockStore,
        progress: &(dyn Fn(Fetched) + Send + Sync),
    ) -> Result<Fetched, FetchError> {
        self.in_time(cid, self.tree(cid, store, progress)).await
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
            self.tree(&file, store, &|_| {}).await?;
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

    async fn tree(
        &self,
        root: &Cid,
        store: &dyn BlockStore,
        progress: &(dyn Fn(Fetched) + Send + Sync),
    ) -> Result<Fetched, FetchError> {
        let limits = &self.limits;
        let too_large = || FetchError::TooLarge {
            cid: *root,
            bytes: limits.bytes,
            blocks: limits.blocks,
        };
        let mut fetched = Fetched::default();
        self.stream(root, store, &mut fetched, progress).await?;
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
                fetched.count(&block);
                progress(fetched);
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

    /// Brings as much as it can of what is missing beneath a root as one CAR, where that is more
    /// than a block or two: a request for each block takes longer. Whatever goes wrong with it,
    /// the rest comes block by block.
    async fn stream(
        &self,
        root: &Cid,
        store: &dyn BlockStore,
        fetched: &mut Fetched,
        progress: &(dyn Fn(Fetched) + Send + Sync),
    ) -> Result<(), FetchError> {
        if !self.limits.cars {
            return Ok(());
        }
        let (block, came) = self.bring(root, store).await?;
        if came {
            fetched.count(&block);
            progress(*fetched);
        }
        let mut missing = 0;
        for cid in contents(&block)?.beneath() {
            if Block::inline(&cid).is_none() && !store.has(&cid).await? {
                missing += 1;
            }
            if missing > 1 {
                break;
            }
        }
        if missing < 2 {
            return Ok(());
        }
        let (order, _) = self.order();
        let willing = order.into_iter().map(|(index, _)| &self.gateways[index]);
        for gateway in willing.filter(|gateway| gateway.gives_cars()).take(CARS) {
            let car = Car {
                gateway,
                requests: &self.requests,
                limits: &self.limits,
                progress,
            };
            if car.bring(&block, store, fetched).await? {
                break;
            }
        }
        Ok(())
    }

    /// The block from the store, or else from a gateway into the store; whether it came from
    /// a gateway.
    async fn bring(&self, cid: &Cid, store: &dyn BlockStore) -> Result<(Block, bool), FetchError> {
        if let Some(block) = Block::inline(cid) {
            return Ok((block, false));
        }
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

    /// One block, whatever is in it, from whichever gateway gives it first. The next gateway
    /// is asked when one refuses or keeps us waiting.
    ///
    /// # Errors
    /// [`FetchError::Unavailable`] if no gateway gave it, [`FetchError::Cid`] if it could not
    /// be checked.
    pub async fn block(&self, cid: &Cid) -> Result<Block, FetchError> {
        cids::digest(cid)?;
        let (mut order, mut refusals) = self.order();
        let mut attempts: HashMap<usize, u32> = HashMap::new();
        let mut asked = FuturesUnordered::new();
        loop {
            if let Some((index, pause)) = order.pop_front() {
                asked.push(async move {
                    tokio::time::sleep(pause).await;
                    let gateway = &self.gateways[index];
                    (index, gateway.ask(&self.requests, cid, &self.limits).await)
                });
            }
            tokio::select! {
                answer = asked.next() => match answer {
                    None => return Err(FetchError::Unavailable { cid: *cid, refusals }),
                    Some((_, Ok(block))) => return Ok(block),
                    Some((index, Err(refusal))) => {
                        let name = self.gateways[index].name();
                        tracing::debug!(%cid, gateway = name, %refusal, "a gateway gave no block");
                        let count = attempts.entry(index).or_insert(0);
                        *count += 1;
                        let most = match refusal {
                            Refusal::Busy(_) => PATIENT_ATTEMPTS,
                            _ => ATTEMPTS,
                        };
                        match refusal.again_in() {
                            Some(pause) if *count < most => order.push_back((index, pause)),
                            _ => refusals.push((name, refusal)),
                        }
                    }
                },
                () = tokio::time::sleep(self.limits.patience), if !order.is_empty() => {}
            }
        }
    }

    /// Whom to ask, one after another: those that fail least first, in turns among equals; and
    /// whom not to ask.
    fn order(&self) -> (Order, Vec<(String, Refusal)>) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = self.gateways.len();
        let mut refusals = Vec::new();
        let mut order = Vec::new();
        for (index, peer) in self.gateways.iter().enumerate() {
            match peer.banished() {
                Some(left) => refusals.push((peer.name(), Refusal::Banished(left))),
                None => {
                    let place = (index + count - turn % count) % count;
                    order.push((peer.failures(&self.limits), place, index));
                }
            }
        }
        order.sort_unstable();
        let order = order
            .into_iter()
            .map(|(_, _, index)| (index, Duration::ZERO));
        (order.collect(), refusals)
    }
}

pub(super) fn contents(block: &Block) -> Result<Contents, FetchError> {
    unixfs::parse(block).map_err(|reason| FetchError::Malformed {
        cid: *block.cid(),
        reason,
    })
}
