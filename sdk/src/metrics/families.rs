//! The metrics themselves, and their names.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Metric, Registry, Unit},
};

/// Labels: names that are known when the program is written, values that are not.
pub(super) type Labels<const N: usize> = [(&'static str, String); N];

/// A counter of what is no whole number.
pub(super) type Amount = Counter<f64, AtomicU64>;
/// A gauge of what is no whole number.
pub(super) type Level = Gauge<f64, AtomicU64>;
type Durations<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// From a millisecond to half an hour: a local chain answers in the one, a contest period
/// takes the other.
fn step_buckets() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 3.0, 14))
}

/// From a millisecond to a time-out of a minute and beyond.
fn request_buckets() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.5, 13))
}

#[derive(Debug)]
pub(super) struct Families {
    pub(super) registry: Registry,
    pub(super) healthy: Gauge,
    pub(super) unhealthy: Family<Labels<1>, Gauge>,
    pub(super) start_time: Level,
    pub(super) jobs: Family<Labels<1>, Gauge>,
    pub(super) steps: Durations<1>,
    pub(super) inferences: Durations<1>,
    pub(super) inference_failures: Family<Labels<1>, Counter>,
    pub(super) worker_restarts: Counter,
    pub(super) queues: Family<Labels<1>, Gauge>,
    pub(super) rpc_requests: Family<Labels<3>, Counter>,
    pub(super) rpc_durations: Durations<1>,
    pub(super) transactions: Family<Labels<2>, Counter>,
    pub(super) gas: Family<Labels<1>, Counter>,
    pub(super) fees: Amount,
    pub(super) rewards: Amount,
    pub(super) verdicts: Family<Labels<1>, Counter>,
    pub(super) disputes: Family<Labels<1>, Counter>,
    pub(super) pins: Family<Labels<2>, Gauge>,
    pub(super) pin_attempts: Family<Labels<2>, Counter>,
    pub(super) pin_durations: Durations<1>,
    pub(super) stake: Family<Labels<1>, Level>,
    pub(super) earnings: Level,
    pub(super) aius: Level,
    pub(super) ether: Level,
    pub(super) head_block: Gauge,
    pub(super) head_time: Gauge,
    pub(super) read_block: Gauge,
    pub(super) disk_used: Family<Labels<1>, Gauge>,
    pub(super) disk_free: Gauge,
}

impl Families {
    pub(super) fn new() -> Self {
        let mut names = Names(Registry::with_prefix("arbius"));
        let build: Family<Labels<1>, Gauge> =
            names.plain("build_info", "The program", Family::default());
        build
            .get_or_create(&[("version", env!("CARGO_PKG_VERSION").to_owned())])
            .set(1);
        let durations = |buckets: fn() -> Histogram| Family::new_with_constructor(buckets);
        let aius = || Unit::Other("aius".to_owned());
        Self {
            healthy: names.plain("healthy", "1 while the miner can mine", Gauge::default()),
            unhealthy: names.plain(
                "unhealthy",
                "1 for each reason why the miner cannot mine",
                Family::default(),
            ),
            start_time: names.unit(
                "start_time",
                "When the miner started, since 1970",
                Unit::Seconds,
                Level::default(),
            ),
            jobs: names.plain("jobs", "Jobs by state", Family::default()),
            steps: names.unit(
                "step_duration",
                "From one state of a job to the next",
                Unit::Seconds,
                durations(step_buckets),
            ),
            inferences: names.unit(
                "inference_duration",
                "Running a model",
                Unit::Seconds,
                durations(step_buckets),
            ),
            inference_failures: names.plain(
                "inference_failures",
                "Runs of models that gave nothing, by whose fault it is",
                Family::default(),
            ),
            worker_restarts: names.plain(
                "worker_restarts",
                "Inference processes that were replaced",
                Counter::default(),
            ),
            queues: names.plain("queue_length", "What waits", Family::default()),
            rpc_requests: names.plain("rpc_requests", "JSON-RPC requests", Family::default()),
            rpc_durations: names.unit(
                "rpc_request_duration",
                "How long JSON-RPC requests took",
                Unit::Seconds,
                durations(request_buckets),
            ),
            transactions: names.plain(
                "transactions",
                "Transactions by what they were for and how they ended",
                Family::default(),
            ),
            gas: names.plain(
                "gas_used",
                "Gas of included transactions",
                Family::default(),
            ),
            fees: names.unit(
                "fees_earned",
                "The solver's part of fees claimed by this process",
                aius(),
                Amount::default(),
            ),
            rewards: names.unit(
                "rewards_earned",
                "The solver's part of rewards claimed by this process",
                aius(),
                Amount::default(),
            ),
            verdicts: names.plain(
                "verdicts",
                "Solutions of others that were computed again",
                Family::default(),
            ),
            disputes: names.plain(
                "disputes",
                "What was done in contestations",
                Family::default(),
            ),
            pins: names.plain(
                "pins",
                "Results and inputs for stores beyond this machine, by stage",
                Family::default(),
            ),
            pin_attempts: names.plain(
                "pin_attempts",
                "Steps of such by how they ended",
                Family::default(),
            ),
            pin_durations: names.unit(
                "pin_duration",
                "From a result to a store that has it",
                Unit::Seconds,
                durations(step_buckets),
            ),
            stake: names.unit("stake", "The account's stake", aius(), Family::default()),
            earnings: names.unit("earnings", "Owed by the engine", aius(), Level::default()),
            aius: names.unit(
                "balance",
                "Tokens that the account holds",
                aius(),
                Level::default(),
            ),
            ether: names.unit(
                "balance",
                "Ether that the account holds, for gas",
                Unit::Other("ether".to_owned()),
                Level::default(),
            ),
            head_block: names.plain(
                "chain_head_block",
                "Number of the newest block that was seen",
                Gauge::default(),
            ),
            head_time: names.unit(
                "chain_head_time",
                "Time of the newest block that was seen, since 1970",
                Unit::Seconds,
                Gauge::default(),
            ),
            read_block: names.plain(
                "chain_read_block",
                "Number of the last block whose events were read",
                Gauge::default(),
            ),
            disk_used: names.unit(
                "disk_used",
                "What the miner's folder takes",
                Unit::Bytes,
                Family::default(),
            ),
            disk_free: names.unit(
                "disk_free",
                "Left on the disk of the miner's folder",
                Unit::Bytes,
                Gauge::default(),
            ),
            registry: names.0,
        }
    }
}

/// Registers metrics and gives them back.
struct Names(Registry);

impl Names {
    fn plain<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    fn unit<M: Metric + Clone>(&mut self, name: &str, help: &str, unit: Unit, metric: M) -> M {
        self.0.register_with_unit(name, help, unit, metric.clone());
        metric
    }
}
