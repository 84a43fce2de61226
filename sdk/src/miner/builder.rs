//! What a miner is made of, and the handle to one that runs.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy_primitives::{Address, B256, U256};
use arbius_protocol::params::Parameter;
use tokio::{
    sync::{Mutex as AsyncMutex, RwLock, Semaphore, broadcast},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    Case, Catalogue, Earnings, Gas, Job, MinerError, Pin, Settings, State, StoreError,
    choice::Choice,
    disk::once_there_is_room,
    disputes::Lot,
    journal::StoreJournal,
    machine::Machine,
    monitor::{Monitor, Observer},
    passports::Passports,
    pins::{PinQueue, Worker},
    run::Runner,
    stake,
    store::{Owner, STORE_FILE, Store},
};
use crate::{
    chain::{Chain, Lane, Signer},
    client::Network,
    content::{FetchLimits, Fetcher, FolderStore, Gateway, pinning::PinStore},
    contracts::IEngine,
    deploy::Deployment,
    inference::Solver,
    metrics::Metrics,
};

/// Where a miner keeps outputs, beneath its folder: a [`FolderStore`].
pub const BLOCKS_FOLDER: &str = "blocks";

/// How many changes of jobs a listener may be behind before it misses some.
const EVENTS_KEPT: usize = 4096;

/// How much trouble looking for another's outputs is worth.
const FETCH: FetchLimits = FetchLimits {
    time: Duration::from_secs(60),
    block_time: Duration::from_secs(15),
    parallel: 4,
    ..FetchLimits::DEFAULT
};

/// Builds a miner. Deployment, signer, solver and folder are needed, the rest is optional.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::{sync::Arc, time::Duration};
/// use arbius_sdk::{
///     inference::InProcess,
///     miner::{Catalogue, Miner, State},
///     model::Bundle,
/// };
/// # use alloy_primitives::U256;
/// # use arbius_sdk::client::{Network, Requester, TaskRequest};
/// # let digits = arbius_models::digits();
/// # let builder = arbius_testkit::TestChain::builder();
/// # let local = builder.model("digits", digits.template, U256::ZERO, U256::ONE).start(|_| ()).await?;
/// # let deployment = local.deployment();
/// # let files = digits.files.iter().copied();
/// # let bundle = Bundle::from_bytes(digits.template, digits.manifest, files)?;
/// # let model = Network::connect(deployment).await?.models().await?[0].id;
/// # let signer = local.signer(arbius_testkit::Actor::Miner(0))?;
/// # let folder = tempfile::tempdir()?;
///
/// let miner = Miner::builder()
///     .deployment(deployment.clone())
///     .signer(signer)
///     .solver(Arc::new(InProcess::default()))
///     .catalogue(Catalogue::new().with(model, Arc::new(bundle)))
///     .folder(folder.path())
///     .gateway(([127, 0, 0, 1], 0).into())
///     .spawn()
///     .await?;
/// let mut events = miner.events();
/// # let requester = Requester::new(local.lane(arbius_testkit::Actor::Requester)?.clone(), deployment)?;
/// # let input = br#"{"prompt": "a seven"}"#.to_vec().into();
/// # requester.submit(&TaskRequest { model, fee: U256::from(1000), input, owner: None }).await?;
/// loop {
///     let job = tokio::time::timeout(Duration::from_secs(60), events.recv()).await??;
///     println!("{}: {}", job.task, job.state);
///     if job.state == State::Revealed {
///         break;
///     }
/// }
/// miner.stop().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Miner {
    deployment: Option<Deployment>,
    signer: Option<Signer>,
    solver: Option<Arc<dyn Solver>>,
    folder: Option<PathBuf>,
    catalogue: Catalogue,
    gateway: Option<SocketAddr>,
    monitor: Option<SocketAddr>,
    pin_stores: Vec<Arc<dyn PinStore>>,
    settings: Settings,
    metrics: Metrics,
}

/// What was set, as far as it tells of itself.
impl fmt::Debug for Miner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Miner")
            .field("signer", &self.signer)
            .field("folder", &self.folder)
            .field("models", &self.catalogue.ids().collect::<Vec<_>>())
            .field("gateway", &self.gateway)
            .field("monitor", &self.monitor)
            .finish_non_exhaustive()
    }
}

impl Miner {
    /// A miner with nothing set yet.
    #[must_use]
    pub fn builder() -> Self {
        Self::default()
    }

    /// The network to mine on.
    #[must_use]
    pub fn deployment(mut self, deployment: Deployment) -> Self {
        self.deployment = Some(deployment);
        self
    }

    /// The key to mine with. Use it in no other program.
    #[must_use]
    pub fn signer(mut self, signer: Signer) -> Self {
        self.signer = Some(signer);
        self
    }

    /// What computes outputs.
    #[must_use]
    pub fn solver(mut self, solver: Arc<dyn Solver>) -> Self {
        self.solver = Some(solver);
        self
    }

    /// Where to keep jobs (`miner.redb`) and outputs (`blocks/`). It is made if missing.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The models to mine.
    #[must_use]
    pub fn catalogue(mut self, catalogue: Catalogue) -> Self {
        self.catalogue = catalogue;
        self
    }

    /// Serves outputs over HTTP at this address (port 0: any free one).
    #[must_use]
    pub const fn gateway(mut self, address: SocketAddr) -> Self {
        self.gateway = Some(address);
        self
    }

    /// Tells how it is over HTTP at this address (port 0: any free one): `/health`,
    /// `/metrics`, `/status`.
    #[must_use]
    pub const fn monitor(mut self, address: SocketAddr) -> Self {
        self.monitor = Some(address);
        self
    }

    /// Keeps results and the inputs of their tasks with a store beyond this machine, too; may
    /// be called several times. Nothing waits for it.
    #[must_use]
    pub fn pin_store(mut self, store: Arc<dyn PinStore>) -> Self {
        self.pin_stores.push(store);
        self
    }

    /// How it behaves.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Where it counts what it does; numbers of its own otherwise.
    #[must_use]
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Connects, checks that the models are the chain's and that this machine reproduces
    /// their golden outputs, leaving out those that it does not, takes up what an earlier run left, stakes, and
    /// works in the background until the handle is stopped or dropped. Where the disk has no
    /// room to start with, it waits until there is some, and logs that.
    ///
    /// # Errors
    ///
    /// [`MinerError`]; nothing runs then.
    pub async fn spawn(mut self) -> Result<MinerHandle, MinerError> {
        let deployment = self
            .deployment
            .ok_or(MinerError::Incomplete("a deployment"))?;
        let signer = self.signer.ok_or(MinerError::Incomplete("a signer"))?;
        let solver = self.solver.ok_or(MinerError::Incomplete("a solver"))?;
        let folder = self.folder.ok_or(MinerError::Incomplete("a folder"))?;
        let engine = deployment.engine()?;
        let mut endpoints = deployment
            .endpoints()
            .metrics(self.metrics.clone())
            .agreement(self.settings.agreement);
        if let Some(rate) = self.settings.requests_per_second {
            endpoints = endpoints.requests_per_second(rate);
        }
        let chain = deployment.connect_by(endpoints).await?;
        self.catalogue.check(&chain, engine).await?;
        self.catalogue.prove(&*solver).await?;

        let passports = Passports::proved(solver.runtime_id());
        let network = Network::new(chain.clone(), &deployment)?;
        let contest_period: U256 = chain
            .read(engine, &IEngine::minClaimSolutionTimeCall {})
            .await?;
        let longest = Parameter::MinClaimSolutionTime.row().max;
        let longest = u64::try_from(longest).unwrap_or(u64::MAX);

        let blocks = folder.join(BLOCKS_FOLDER);
        let outputs = once_there_is_room(async || Ok(FolderStore::open(&blocks)?)).await?;
        let choice = Choice::new(chain.clone(), engine, outputs.clone(), &self.settings)?;
        let gateways = &self.settings.verification.gateways;
        let fetcher = match gateways.is_empty() {
            true => None,
            false => Some(Fetcher::new(gateways, FETCH)?),
        };
        let owner = Owner {
            chain: chain.id(),
            engine,
            account: signer.address(),
        };
        let drawn = random()?;
        let path = folder.join(STORE_FILE);
        let (store, lot) = once_there_is_room(async || {
            let store = Store::take_over(&path, owner).await?;
            let lot = Lot::new(store.secret(drawn)?);
            Ok((Arc::new(store), lot))
        })
        .await?;
        let journal = Arc::new(StoreJournal::new(Arc::clone(&store), self.metrics.clone()));
        let lane = Lane::with_journal(chain.clone(), signer, self.settings.fees, journal);
        let lane = match self.settings.shadow {
            true => lane.shadow(),
            false => lane,
        };

        let (pins, waiting) = PinQueue::to(self.pin_stores, !self.settings.shadow)?;
        let (events, _) = broadcast::channel(EVENTS_KEPT);
        let (case_events, _) = broadcast::channel(EVENTS_KEPT);
        let machine = Arc::new(Machine {
            chain,
            lane,
            engine,
            store: Arc::clone(&store),
            outputs: outputs.clone(),
            tidied: AsyncMutex::new(None),
            solver,
            catalogue: self.catalogue,
            solving: Semaphore::new(
                self.settings
                    .parallel_solves
                    .clamp(1, Semaphore::MAX_PERMITS),
            ),
            staking: AsyncMutex::new(()),
            locking: RwLock::new(()),
            withdrawing: AsyncMutex::new(()),
            settings: self.settings,
            metrics: self.metrics.clone(),
            choice,
            passports,
            lot,
            fetcher,
            network,
            pins,
            contest_period: longest.min(contest_period.saturating_to()),
            events: events.clone(),
            case_events,
            expected: Arc::default(),
            solved: Mutex::new(HashMap::new()),
            clock: Mutex::new(None),
            queue: AtomicUsize::new(0),
            skipped: AtomicU64::new(0),
        });
        let workers: Vec<Worker> = waiting
            .into_iter()
            .map(|waiting| Worker::resume(Arc::clone(&machine), waiting))
            .collect::<Result<_, _>>()?;
        let runner = Runner::resume(Arc::clone(&machine), workers, deployment.block)?;
        if machine.may_stake() {
            // Groups that were taken up may find the stake too low at the same time.
            let _one_at_a_time = machine.staking.lock().await;
            let validator = machine.validator();
            once_there_is_room(async || {
                stake::ensure(&machine.lane, &validator, &machine.chain).await
            })
            .await?;
        }
        let gateway = match self.gateway {
            Some(address) => Some(Gateway::start(address, Arc::new(outputs)).await?),
            None => None,
        };
        let account = machine.account();
        let chain = machine.chain.clone();
        let models = machine.catalogue.ids().collect();
        let monitor = match self.monitor {
            Some(address) => {
                let started = once_there_is_room(async || {
                    let observer = Observer::new(
                        &machine,
                        folder.clone(),
                        gateway.as_ref().map(Gateway::url),
                        machine.catalogue.left_out().to_vec(),
                    );
                    Ok(Monitor::start(address, observer, &folder).await?)
                });
                Some(started.await?)
            }
            None => None,
        };
        let stop = CancellationToken::new();
        let task = tokio::spawn(runner.run(stop.clone()));
        Ok(MinerHandle {
            account,
            chain,
            models,
            store,
            machine,
            events,
            gateway,
            monitor,
            metrics: self.metrics,
            stop,
            task: Some(task),
        })
    }
}

/// Jobs by state, and what they brought, those of earlier runs included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many jobs are in each state.
    pub jobs: BTreeMap<State, usize>,
    /// The solver's part of fees claimed, wei of AIUS.
    pub fees: U256,
    /// The solver's part of rewards claimed, wei of AIUS.
    pub rewards: U256,
    /// Gas that jobs have used.
    pub gas: Gas,
}

impl Tally {
    /// How many jobs are in a state.
    #[must_use]
    pub fn of(&self, state: State) -> usize {
        self.jobs.get(&state).copied().unwrap_or_default()
    }
}

/// A miner that runs. Dropping it stops the miner where it stands.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::sync::Arc;
/// # use alloy_primitives::U256;
/// # use arbius_sdk::{client::Network, inference::InProcess, miner::{Catalogue, Miner, State}, model::Bundle};
/// # let digits = arbius_models::digits();
/// # let builder = arbius_testkit::TestChain::builder();
/// # let local = builder.model("digits", digits.template, U256::ZERO, U256::ONE).start(|_| ()).await?;
/// # let files = digits.files.iter().copied();
/// # let bundle = Bundle::from_bytes(digits.template, digits.manifest, files)?;
/// # let network = Network::connect(local.deployment()).await?;
/// # let folder = tempfile::tempdir()?;
/// # let miner = Miner::builder()
/// #     .deployment(local.deployment().clone())
/// #     .signer(local.signer(arbius_testkit::Actor::Miner(0))?)
/// #     .solver(Arc::new(InProcess::default()))
/// #     .catalogue(Catalogue::registered(&network, [bundle]).await?)
/// #     .folder(folder.path());
/// let miner = miner.spawn().await?;
/// println!("mining {} models as {}", miner.models().len(), miner.account());
/// // At any time: from its store, not from the chain.
/// let tally = miner.tally()?;
/// println!("{} tasks claimed, for {} wei of AIUS in fees", tally.of(State::Claimed), tally.fees);
/// miner.stop().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MinerHandle {
    account: Address,
    chain: Chain,
    models: Vec<B256>,
    store: Arc<Store>,
    machine: Arc<Machine>,
    events: broadcast::Sender<Job>,
    gateway: Option<Gateway>,
    monitor: Option<Monitor>,
    metrics: Metrics,
    stop: CancellationToken,
    task: Option<JoinHandle<Result<(), MinerError>>>,
}

impl MinerHandle {
    /// The account that it mines with.
    #[must_use]
    pub const fn account(&self) -> Address {
        self.account
    }

    /// Its connection to the chain: how its endpoints do, and how much it asked them.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The models that it mines: those of the catalogue that this machine reproduces.
    #[must_use]
    pub fn models(&self) -> &[B256] {
        &self.models
    }

    /// Where its gateway serves, if it has one.
    #[must_use]
    pub fn gateway(&self) -> Option<String> {
        self.gateway.as_ref().map(Gateway::url)
    }

    /// Where it tells how it is, if it does.
    #[must_use]
    pub fn monitor(&self) -> Option<String> {
        self.monitor.as_ref().map(Monitor::url)
    }

    /// What it has counted.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Every change of a job from now on. A listener that falls too far behind is told how
    /// many it missed; [`MinerHandle::jobs`] has them all.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Job> {
        self.events.subscribe()
    }

    /// What it earns from now on, as it comes.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub fn earnings(&self) -> Result<Earnings, StoreError> {
        Earnings::of(self.events(), &self.store)
    }

    /// Every job that it knows, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        self.store.jobs()
    }

    /// Jobs by state, and what they brought.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub fn tally(&self) -> Result<Tally, StoreError> {
        self.store.tally()
    }

    /// Every change of a case from now on, as [`MinerHandle::events`] has those of jobs.
    #[must_use]
    pub fn case_events(&self) -> broadcast::Receiver<Case> {
        self.machine.case_events.subscribe()
    }

    /// Every solution that it watches or watched, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub fn cases(&self) -> Result<Vec<Case>, StoreError> {
        self.store.cases()
    }

    /// Every result and input that stores beyond this machine are to keep, as far as they are
    /// remembered, in the order in which they were queued.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub fn pins(&self) -> Result<Vec<Pin>, StoreError> {
        self.store.pins()
    }

    /// How many solutions it would have looked at, had there been room in its queue.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.machine.skipped.load(Ordering::Relaxed)
    }

    /// The models that it stopped working on since this machine is not to be trusted with
    /// them, and why.
    #[must_use]
    pub fn stopped_models(&self) -> Vec<(B256, String)> {
        self.machine.passports.all_stopped()
    }

    /// Makes the golden outputs of every model again, and takes up those models again that
    /// were stopped and come out as they should now.
    pub async fn recheck(&self) {
        self.machine.recheck().await;
    }

    /// Stops it and waits until it has; a new one can take up from the same folder then. A
    /// transaction that is on its way to an endpoint keeps the folder until that answers: a new
    /// one waits two seconds for it, and is refused with [`StoreError::InUse`] after that.
    ///
    /// # Errors
    ///
    /// What ended the miner before, if something did.
    pub async fn stop(mut self) -> Result<(), MinerError> {
        self.stop.cancel();
        let ended = self.join().await;
        if let Some(monitor) = self.monitor.take() {
            monitor.shutdown().await;
        }
        if let Some(gateway) = self.gateway.take() {
            gateway.shutdown().await;
        }
        ended
    }

    /// Waits until the miner ends by itself, which only an error makes it do. May be
    /// dropped and called again.
    ///
    /// # Errors
    ///
    /// What ended it.
    pub async fn ended(&mut self) -> Result<(), MinerError> {
        self.join().await
    }

    async fn join(&mut self) -> Result<(), MinerError> {
        let Some(task) = self.task.as_mut() else {
            return Ok(());
        };
        let ended = task.await;
        self.task = None;
        ended.map_err(|error| MinerError::Crashed(error.to_string()))?
    }
}

impl Drop for MinerHandle {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// A number that nobody else knows, from what TLS takes its keys from.
fn random() -> Result<B256, MinerError> {
    let mut bytes = B256::ZERO;
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(bytes.as_mut_slice())
        .map_err(|_| MinerError::NoRandomness)?;
    Ok(bytes)
}
