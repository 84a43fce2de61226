//! Where what is told comes from.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Weak, atomic::Ordering},
    time::{Duration, Instant},
};

use alloy_primitives::{B256, U256, utils::format_ether};
use tokio::sync::Mutex;

use super::{
    ChainStatus, Disk, Disputes, Funds, Health, ModelStatus, PinStoreStatus, Process, Reason,
    Status, Transactions, status::SCHEMA,
};
use crate::{
    chain::Head,
    metrics::Metrics,
    miner::{
        BLOCKS_FOLDER, Backup, BackupError, Job, JobFilter, PinCounts, PinStage, Role, Stage,
        State, StoreError, Tally, job::now_millis, machine::Machine, store::Store,
    },
};

/// How long what the chain said is told again.
const CHAIN_LIFETIME: Duration = Duration::from_secs(5);

/// How long the chain may take to answer before it counts as away.
const CHAIN_PATIENCE: Duration = Duration::from_secs(5);

/// How long the size of the folder is told again.
const DISK_LIFETIME: Duration = Duration::from_secs(60);

/// Reading this many blocks behind the head is too far behind to compete.
const BEHIND: u64 = 2_000;

/// Gas of a commitment, a reveal and a claim together, about (`benches/gas.json`).
const GAS_OF_A_TASK: u64 = 250_000;

/// States to count, so that a state without jobs shows as zero.
const STATES: [State; 11] = [
    State::Seen,
    State::Planned,
    State::Solved,
    State::Pinned,
    State::Committed,
    State::Revealed,
    State::Claimable,
    State::Claimed,
    State::Lost,
    State::Declined,
    State::Failed,
];

/// How long what the store says is told again.
const STORE_LIFETIME: Duration = Duration::from_secs(1);

/// Looks at a running miner, without keeping it: a connection that lasts must not hold the
/// store of a miner that was stopped.
pub(in crate::miner) struct Observer {
    machine: Weak<Machine>,
    folder: PathBuf,
    process: Process,
    /// Models that this machine does not reproduce, and why.
    left_out: Vec<(B256, String)>,
    chain: Mutex<Option<(Instant, Seen)>>,
    store: Mutex<Option<(Instant, Read)>>,
    disk: Mutex<Option<(Instant, Disk)>>,
}

/// A look at a miner while it runs.
pub(super) struct Look<'a> {
    observer: &'a Observer,
    machine: Arc<Machine>,
}

/// What the store said when it was last asked.
#[derive(Clone, Default)]
struct Read {
    tally: Tally,
    cursor: Option<u64>,
    disputes: BTreeMap<Stage, usize>,
    pins: BTreeMap<String, PinCounts>,
    /// Why it can be read or written no more; the rest is what it said before.
    failure: Option<String>,
    /// Why outputs cannot be stored.
    blocks: Option<String>,
}

/// What the chain said when it was last asked.
#[derive(Clone)]
struct Seen {
    head: Option<Head>,
    funds: Option<Funds>,
    error: Option<String>,
}

impl Observer {
    pub(in crate::miner) fn new(
        machine: &Arc<Machine>,
        folder: PathBuf,
        gateway: Option<String>,
        left_out: Vec<(B256, String)>,
    ) -> Self {
        let started = now_millis();
        let roles = Role::ALL
            .into_iter()
            .filter(|role| machine.settings.roles.has(*role))
            .map(|role| role.name().to_owned())
            .collect();
        let shadow = machine.settings.shadow;
        machine.metrics.set_start(started as f64 / 1000.0);
        Self {
            machine: Arc::downgrade(machine),
            folder,
            process: Process {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                pid: std::process::id(),
                started,
                gateway,
                roles,
                shadow,
            },
            left_out,
            chain: Mutex::new(None),
            store: Mutex::new(None),
            disk: Mutex::new(None),
        }
    }

    /// Looks at the miner, if it still runs.
    pub(super) fn look(&self) -> Option<Look<'_>> {
        Some(Look {
            observer: self,
            machine: self.machine.upgrade()?,
        })
    }
}

impl Look<'_> {
    /// Whether the miner can mine.
    pub(super) async fn health(&self) -> Health {
        let (seen, read) = (self.seen().await, self.read().await);
        let reasons = self.reasons(&seen, &read);
        Health {
            schema: "arbius/health/1".to_owned(),
            healthy: reasons.is_empty(),
            reasons,
        }
    }

    /// How the miner stands.
    pub(super) async fn status(&self) -> Status {
        let (seen, read) = (self.seen().await, self.read().await);
        let reasons = self.reasons(&seen, &read);
        let machine = &*self.machine;
        let lane = machine.lane.status();
        Status {
            schema: SCHEMA.to_owned(),
            process: Some(self.observer.process.clone()),
            healthy: reasons.is_empty(),
            reasons,
            account: machine.account(),
            engine: machine.engine,
            chain_id: machine.chain.id(),
            chain: ChainStatus {
                head: seen.head.map(|head| head.number),
                head_time: seen.head.map(|head| head.timestamp),
                read: read.cursor,
                error: seen.error,
                endpoints: machine.chain.endpoints(),
            },
            funds: seen.funds,
            jobs: read.tally.jobs,
            fees: read.tally.fees,
            rewards: read.tally.rewards,
            gas: read.tally.gas,
            models: self.models(),
            disputes: Disputes {
                stages: read.disputes,
                skipped: machine.skipped.load(Ordering::Relaxed),
            },
            pins: PinStoreStatus::of(read.pins, &machine.pins.troubles()),
            transactions: Some(Transactions {
                underway: lane.underway,
                oldest_seconds: lane.oldest.map(|age| age.as_secs()),
                replaced: lane.replaced,
                foreign: lane.foreign,
                waits_for_fees: lane.waits_for_fees,
            }),
            disk: self.disk().await,
        }
    }

    /// The numbers, those that are looked up now among them.
    pub(super) async fn metrics(&self) -> String {
        let status = self.status().await;
        let metrics: &Metrics = &self.machine.metrics;
        metrics.set_healthy(status.healthy);
        for code in Reason::CODES {
            let is_one = status.reasons.iter().any(|reason| reason.code == code);
            metrics.set_unhealthy(code, is_one);
        }
        for state in STATES {
            let count = status.jobs.get(&state).copied().unwrap_or_default();
            metrics.set_jobs(state.name(), count as u64);
        }
        let of = |states: &[State]| -> usize {
            let counts = states.iter().filter_map(|state| status.jobs.get(state));
            counts.sum()
        };
        metrics.set_queue("solve", of(&[State::Seen, State::Planned]));
        metrics.set_queue(
            "send",
            of(&[State::Solved, State::Pinned, State::Committed]),
        );
        metrics.set_queue("claim", of(&[State::Revealed, State::Claimable]));
        for store in &status.pins {
            for stage in PinStage::ALL {
                let count = store.stages.get(&stage).copied().unwrap_or_default();
                metrics.set_pins(&store.store, stage.name(), count);
            }
        }
        if let Some(transactions) = &status.transactions {
            metrics.set_queue("transactions", transactions.underway);
        }
        if let Some(funds) = &status.funds {
            for (kind, wei) in [
                ("staked", funds.staked),
                ("free", funds.free),
                ("withdrawing", funds.withdrawing),
                ("minimum", funds.minimum),
            ] {
                metrics.set_stake(kind, wei);
            }
            metrics.set_balances(funds.earnings, funds.aius, funds.ether);
        }
        if let (Some(head), Some(time)) = (status.chain.head, status.chain.head_time) {
            metrics.set_head(head, time);
        }
        metrics.set_read(status.chain.read.unwrap_or_default());
        metrics.set_disk(status.disk.store, status.disk.blocks, status.disk.free);
        metrics.encode()
    }

    /// Jobs that a filter lets through.
    pub(super) async fn jobs(&self, filter: JobFilter) -> Result<Vec<Job>, StoreError> {
        self.blocking(move |store| store.select(&filter)).await
    }

    /// One job.
    pub(super) fn job(&self, task: B256) -> Result<Option<Job>, StoreError> {
        self.machine.store.job(task)
    }

    /// A backup, in a file that vanishes when it is closed.
    pub(super) async fn backup(&self) -> Result<std::fs::File, BackupError> {
        let folder = self.observer.folder.clone();
        self.blocking(move |store| {
            use std::io::Seek as _;

            let failed = |source| BackupError::File {
                path: folder.clone(),
                action: "written to",
                source,
            };
            let mut file = tempfile::tempfile_in(&folder).map_err(failed)?;
            let _: Backup = store.backup(&mut file, &folder)?;
            file.rewind().map_err(failed)?;
            Ok(file)
        })
        .await
    }

    /// Reads much of the store without holding up the miner.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> T {
        let store = Arc::clone(&self.machine.store);
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(done) => done,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is shutting down and drops whoever waits for this.
                Err(_) => std::future::pending().await,
            },
        }
    }

    fn models(&self) -> Vec<ModelStatus> {
        let catalogue = &self.machine.catalogue;
        let stopped: BTreeMap<_, _> = self.machine.passports.all_stopped().into_iter().collect();
        let mined = catalogue.ids().map(|id| ModelStatus {
            id,
            name: catalogue
                .get(id)
                .map(|bundle| bundle.manifest().name.clone()),
            reason: stopped.get(&id).cloned(),
        });
        let left_out = self
            .observer
            .left_out
            .iter()
            .map(|(id, reason)| ModelStatus {
                id: *id,
                name: None,
                reason: Some(reason.clone()),
            });
        mined.chain(left_out).collect()
    }

    /// What the chain says, asked for once in a while however many want to know.
    async fn seen(&self) -> Seen {
        let mut cached = self.observer.chain.lock().await;
        if let Some((at, seen)) = &*cached
            && at.elapsed() < CHAIN_LIFETIME
        {
            return seen.clone();
        }
        let machine = &*self.machine;
        let asked = tokio::time::timeout(CHAIN_PATIENCE, async {
            tokio::try_join!(
                machine.chain.head(),
                Funds::of(&machine.chain, machine.engine, machine.account())
            )
        });
        let seen = match asked.await {
            Ok(Ok((head, funds))) => Seen {
                head: Some(head),
                funds: Some(funds),
                error: None,
            },
            Ok(Err(error)) => Seen::failed(error.to_string()),
            Err(_) => Seen::failed(format!(
                "no endpoint has answered for {} s",
                CHAIN_PATIENCE.as_secs()
            )),
        };
        *cached = Some((Instant::now(), seen.clone()));
        seen
    }

    /// What the store says, asked once in a while. Something is written, too: the disk may be
    /// full.
    async fn read(&self) -> Read {
        let mut cached = self.observer.store.lock().await;
        let before = match &*cached {
            Some((at, read)) if at.elapsed() < STORE_LIFETIME => return read.clone(),
            Some((_, read)) => read.clone(),
            None => Read::default(),
        };
        let mut read = match self.blocking(Read::of).await {
            Ok(read) => read,
            Err(error) => Read {
                failure: Some(error.to_string()),
                ..before
            },
        };
        let blocks = self.observer.folder.join(BLOCKS_FOLDER);
        let written = self.blocking(move |_| Disk::probe(&blocks)).await;
        read.blocks = written.err().map(|error| error.to_string());
        *cached = Some((Instant::now(), read.clone()));
        read
    }

    async fn disk(&self) -> Disk {
        let mut cached = self.observer.disk.lock().await;
        if let Some((at, disk)) = *cached
            && at.elapsed() < DISK_LIFETIME
        {
            return disk;
        }
        let folder = self.observer.folder.clone();
        let disk = tokio::task::spawn_blocking(move || Disk::of(&folder))
            .await
            .unwrap_or_default();
        *cached = Some((Instant::now(), disk));
        disk
    }

    /// Why the miner cannot mine, as far as that is so.
    fn reasons(&self, seen: &Seen, read: &Read) -> Vec<Reason> {
        let machine = &*self.machine;
        let mut reasons = Vec::new();
        if let Some(error) = &seen.error {
            reasons.push(Reason::new(
                "chain",
                format!("the chain cannot be asked: {error}"),
            ));
        }
        if let Some(error) = &read.failure {
            reasons.push(Reason::new("store", error));
        }
        if let Some(error) = &read.blocks {
            reasons.push(Reason::new(
                "blocks",
                format!("outputs cannot be stored: {error}; is the disk full?"),
            ));
        }
        if let (Some(head), Some(block)) = (seen.head, read.cursor)
            && block.saturating_add(BEHIND) < head.number
        {
            reasons.push(Reason::new(
                "behind",
                format!(
                    "events are read up to block {block}, the chain is at {}; it catches up by itself",
                    head.number
                ),
            ));
        }
        let stopped = machine.passports.all_stopped();
        if machine.catalogue.ids().count() <= stopped.len() {
            reasons.push(Reason::new(
                "models",
                "this machine reproduces the passport of no model that it should mine",
            ));
        }
        let lane = machine.lane.status();
        if lane.waits_for_fees {
            reasons.push(Reason::new(
                "fees",
                "gas costs more than transactions may pay; they wait until it is cheaper",
            ));
        }
        if lane.foreign > 0 {
            reasons.push(Reason::new(
                "key",
                format!(
                    "another program sends transactions with the key of {}; give each a key of \
                     its own",
                    machine.account()
                ),
            ));
        }
        if let Some(funds) = &seen.funds {
            self.poor(funds, seen, &mut reasons);
        }
        reasons
    }

    fn poor(&self, funds: &Funds, seen: &Seen, reasons: &mut Vec<Reason>) {
        let account = self.machine.account();
        if funds.free < funds.minimum {
            reasons.push(Reason::new(
                "stake",
                format!(
                    "{account} has {} AIUS staked, but the validator minimum is {}; deposit the \
                     difference with `arbius stake deposit`",
                    format_ether(funds.free),
                    format_ether(funds.minimum)
                ),
            ));
        }
        let price = seen.head.map_or(0, |head| head.base_fee);
        let needed = U256::from(GAS_OF_A_TASK).saturating_mul(U256::from(price));
        if funds.ether < needed {
            reasons.push(Reason::new(
                "gas",
                format!(
                    "{account} holds {} ether, which does not pay the gas of one task; send it \
                     some",
                    format_ether(funds.ether)
                ),
            ));
        }
    }
}

impl Read {
    fn of(store: &Store) -> Result<Self, StoreError> {
        store.probe()?;
        let disputes = Disputes::of(&store.cases()?, 0);
        Ok(Self {
            tally: store.tally()?,
            cursor: store.cursor()?.map(|cursor| cursor.block),
            disputes: disputes.stages,
            pins: store.pin_counts()?,
            failure: None,
            blocks: None,
        })
    }
}

impl Seen {
    const fn failed(error: String) -> Self {
        Self {
            head: None,
            funds: None,
            error: Some(error),
        }
    }
}
