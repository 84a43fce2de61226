//! What a miner is made of, and the handle to one that runs.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use alloy_primitives::{Address, B256, U256};
use tokio::{
    sync::{Mutex as AsyncMutex, Semaphore, broadcast},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    Catalogue, Gas, Job, MinerError, State, StoreError,
    journal::StoreJournal,
    machine::Machine,
    monitor::{Monitor, Observer},
    run::Runner,
    stake,
    store::{Owner, STORE_FILE, Store},
};
use crate::{
    chain::{FeePolicy, Lane, Signer},
    content::{BlockStore, FolderStore, Gateway},
    deploy::Deployment,
    inference::Solver,
    metrics::Metrics,
};

/// How many changes of jobs a listener may be behind before it misses some.
const EVENTS_KEPT: usize = 4096;

/// How a miner behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How often to look for new blocks while no WebSocket endpoint tells of events.
    pub poll: Duration,
    /// The block to begin reading at, if it is later than the deployment and than what was read
    /// already: for endpoints that keep no older history. Tasks submitted before it are not
    /// seen, nor what became of them.
    pub from_block: Option<u64>,
    /// Jobs in progress at a time, waiting for a contest period not counted.
    pub parallel_jobs: usize,
    /// Inferences at a time.
    pub parallel_solves: usize,
    /// Tasks that pay less are left to others, wei of AIUS.
    pub min_fee: U256,
    /// Whether to deposit the validator minimum whenever the stake is below it: at the start,
    /// every few minutes, and when a reveal is refused for it.
    pub stake: bool,
    /// Whether to withdraw earnings after each claim, or leave them with the engine.
    pub withdraw: bool,
    /// What transactions may cost.
    pub fees: FeePolicy,
    /// How long finished jobs are kept. Their totals stay.
    pub retention: Retention,
}

/// How long finished jobs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// So long after they ended.
    pub age: Duration,
    /// So many of the newest, if they are not too old.
    pub jobs: u64,
}

impl Default for Retention {
    /// 90 days, 100,000 jobs: some 150 MB.
    fn default() -> Self {
        Self {
            age: Duration::from_secs(90 * 86_400),
            jobs: 100_000,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(500),
            from_block: None,
            parallel_jobs: 16,
            parallel_solves: 1,
            min_fee: U256::ZERO,
            stake: true,
            withdraw: true,
            fees: FeePolicy::default(),
            retention: Retention::default(),
        }
    }
}

/// Builds a miner. Deployment, signer, solver and folder are needed, the rest is optional.
#[derive(Default)]
pub struct Miner {
    deployment: Option<Deployment>,
    signer: Option<Signer>,
    solver: Option<Arc<dyn Solver>>,
    folder: Option<PathBuf>,
    catalogue: Catalogue,
    gateway: Option<SocketAddr>,
    monitor: Option<SocketAddr>,
    settings: Settings,
    metrics: Metrics,
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

    /// How it behaves.
    #[must_use]
    pub const fn settings(mut self, settings: Settings) -> Self {
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
    /// works in the background until the handle is stopped or dropped.
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
        let chain = deployment.connect().await?;
        self.catalogue.check(&chain, engine).await?;
        self.catalogue.prove(&*solver).await?;

        let blocks: Arc<dyn BlockStore> = Arc::new(FolderStore::open(folder.join("blocks"))?);
        let owner = Owner {
            chain: chain.id(),
            engine,
            account: signer.address(),
        };
        let store = Arc::new(Store::open(&folder.join(STORE_FILE), owner)?);
        let journal = Arc::new(StoreJournal::new(Arc::clone(&store), self.metrics.clone()));
        let lane = Lane::with_journal(chain.clone(), signer, self.settings.fees, journal);

        let (events, _) = broadcast::channel(EVENTS_KEPT);
        let machine = Arc::new(Machine {
            chain,
            lane,
            engine,
            store: Arc::clone(&store),
            blocks: Arc::clone(&blocks),
            solver,
            catalogue: self.catalogue,
            solving: Semaphore::new(self.settings.parallel_solves.max(1)),
            staking: AsyncMutex::new(()),
            withdrawing: AsyncMutex::new(()),
            settings: self.settings,
            metrics: self.metrics.clone(),
            events: events.clone(),
            newest: Arc::default(),
            solved: Mutex::new(HashMap::new()),
        });
        let runner = Runner::resume(Arc::clone(&machine), deployment.block).await?;
        if machine.settings.stake {
            stake::ensure(&machine.validator(), &machine.chain).await?;
        }
        let gateway = match self.gateway {
            Some(address) => Some(Gateway::start(address, blocks).await?),
            None => None,
        };
        let account = machine.account();
        let models = machine.catalogue.ids().collect();
        let monitor = match self.monitor {
            Some(address) => {
                let observer = Observer::new(
                    Arc::clone(&machine),
                    folder.clone(),
                    gateway.as_ref().map(Gateway::url),
                    machine.catalogue.left_out().to_vec(),
                );
                Some(Monitor::start(address, observer, &folder).await?)
            }
            None => None,
        };
        drop(machine);
        let stop = CancellationToken::new();
        let task = tokio::spawn(runner.run(stop.clone()));
        Ok(MinerHandle {
            account,
            models,
            store,
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
    /// Gas that finished jobs have used.
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
#[derive(Debug)]
pub struct MinerHandle {
    account: Address,
    models: Vec<B256>,
    store: Arc<Store>,
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

    /// Stops it and waits until it has; a new one can take up from the same folder then.
    ///
    /// # Errors
    ///
    /// What ended the miner before, if something did.
    pub async fn stop(mut self) -> Result<(), MinerError> {
        self.stop.cancel();
        let ended = self.join().await;
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
