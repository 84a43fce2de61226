//! How a miner behaves.

use std::{path::PathBuf, time::Duration};

use alloy_primitives::U256;
use arbius_protocol::cid::MAX_CONTENT;

use super::{Bulk, Roles};
use crate::chain::{Agreement, FeePolicy};

/// How a miner behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How often to look for new blocks while no WebSocket endpoint tells of events.
    pub poll: Duration,
    /// Requests per second that each endpoint is sent at most; without, as many as it takes.
    pub requests_per_second: Option<f64>,
    /// How many endpoints have to share an answer that a contestation, a vote or the loss of a
    /// job depends on, where several are named.
    pub agreement: Agreement,
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
    /// every few minutes, and when a reveal, a contestation or a vote is refused for it.
    pub stake: bool,
    /// Whether to withdraw earnings after each claim, or leave them with the engine.
    pub withdraw: bool,
    /// What transactions may cost.
    pub fees: FeePolicy,
    /// How many tasks go together in one transaction.
    pub bulk: Bulk,
    /// How long finished jobs and cases are kept. The totals of jobs stay.
    pub retention: Retention,
    /// What it does.
    pub roles: Roles,
    /// Does everything but send: nothing is signed, and what would have been sent is said
    /// in the log and in the notes of jobs and cases.
    pub shadow: bool,
    /// Computes every task twice, the second time in a fresh child process, and commits only
    /// if both runs agree.
    pub second_run: bool,
    /// Which of the others' solutions are computed again.
    pub verification: Verification,
    /// How results and inputs get to stores beyond this machine.
    pub pinning: Pinning,
    /// What is too much.
    pub limits: Limits,
    /// A [`DenyList`](super::DenyList) of models, requesters and prompts to leave alone. It
    /// is read again when the file changes.
    pub deny_list: Option<PathBuf>,
    /// What a task has to bring beyond the gas that it costs; without it gas is not looked at.
    pub margin: Option<Margin>,
    /// How often the golden outputs of the models are computed again.
    pub recheck: Duration,
    /// The most gas that telling one consumer may be given.
    pub notify_gas: u64,
    /// Whether to claim for others, too, what they have not claimed an hour after they could.
    /// It brings the claimer nothing.
    pub claim_for_others: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(500),
            requests_per_second: None,
            agreement: Agreement::default(),
            from_block: None,
            parallel_jobs: 16,
            parallel_solves: 1,
            min_fee: U256::ZERO,
            stake: true,
            withdraw: true,
            fees: FeePolicy::default(),
            bulk: Bulk::default(),
            retention: Retention::default(),
            roles: Roles::default(),
            shadow: false,
            second_run: false,
            verification: Verification::default(),
            pinning: Pinning::default(),
            limits: Limits::default(),
            deny_list: None,
            margin: None,
            recheck: Duration::from_secs(3_600),
            notify_gas: 500_000,
            claim_for_others: false,
        }
    }
}

/// How long finished jobs and cases are kept, and with them their outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// So long after they ended.
    pub age: Duration,
    /// So many of the newest jobs, and as many cases, if they are not too old.
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

/// Which of the others' solutions are computed again.
///
/// The choice is drawn from a secret that lies in the miner's store, so that who cheats
/// cannot know which of its solutions this miner will look at.
#[derive(Clone, Debug)]
pub struct Verification {
    /// How many of a hundred are always computed again.
    pub share_percent: f64,
    /// How many of a hundred when nothing else is to be computed; those of
    /// `share_percent` are among them.
    pub idle_percent: f64,
    /// How many may wait; beyond, further ones are passed over and counted.
    pub queue: usize,
    /// Gateways from which every solution is tried to be fetched. What none of them has is
    /// computed again whether it was drawn or not; that alone is never held against anybody.
    pub gateways: Vec<String>,
    /// How long before a contest end or a vote end computing is not begun any more.
    pub reserve: Duration,
}

impl Default for Verification {
    fn default() -> Self {
        Self {
            share_percent: 5.0,
            idle_percent: 50.0,
            queue: 256,
            gateways: Vec::new(),
            reserve: Duration::from_secs(60),
        }
    }
}

/// How results and inputs get to stores beyond this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pinning {
    /// The first pause after an attempt that failed; it doubles with each.
    pub retry: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// After how long something is given up that a store does not take.
    pub give_up: Duration,
    /// How much one store is sent at a time.
    pub parallel: usize,
    /// How much may wait for one store; beyond, the oldest is given up.
    pub queue: usize,
}

impl Default for Pinning {
    /// 5 s, 1 h, 7 days, 4 at a time, 10,000 that wait.
    fn default() -> Self {
        Self {
            retry: Duration::from_secs(5),
            longest_pause: Duration::from_secs(3600),
            give_up: Duration::from_secs(7 * 86_400),
            parallel: 4,
            queue: 10_000,
        }
    }
}

/// What is too much for this miner. What a model may use while it runs is set where
/// its processes are made ([`WorkerOptions`](crate::inference::worker::WorkerOptions)).
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longer inputs are declined, bytes.
    pub input_bytes: usize,
    /// With so many jobs before their reveal, further tasks are declined.
    pub queue: usize,
    /// With outputs of this size in the folder of blocks, further tasks are declined, bytes.
    /// Those of forgotten jobs go by themselves ([`Retention`]).
    pub disk_bytes: Option<u64>,
    /// With less memory available on the machine, further tasks are declined, bytes. Only
    /// Linux tells; elsewhere this does nothing.
    pub min_free_memory: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            input_bytes: MAX_CONTENT,
            queue: 10_000,
            disk_bytes: None,
            min_free_memory: None,
        }
    }
}

/// What a task has to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margin {
    /// What one AIUS is worth, wei of ether. Gas is paid in ether, tasks pay in AIUS.
    pub aius_price: U256,
    /// By how much the expected pay has to exceed the cost of gas, percent of that cost.
    pub percent: u64,
}
