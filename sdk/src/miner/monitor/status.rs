//! What is told of a miner.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

use crate::{
    chain::{Chain, ChainError, EndpointStatus},
    client::Stake,
    contracts::{IEngine, IToken},
    miner::{Case, Gas, PinCounts, PinStage, Stage, State, StoreError, StoreFile, job::now_millis},
};

/// How a miner stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// `arbius/status/1`: the form of this object.
    pub schema: String,
    /// The program that runs; nothing if none does.
    pub process: Option<Process>,
    /// Whether it can mine.
    pub healthy: bool,
    /// Why it cannot.
    pub reasons: Vec<Reason>,
    /// The account that it mines with.
    pub account: Address,
    /// The engine.
    pub engine: Address,
    /// The chain, EIP-155.
    pub chain_id: u64,
    /// How the chain is reached.
    pub chain: ChainStatus,
    /// What the account has; nothing while the chain cannot be asked.
    pub funds: Option<Funds>,
    /// How many jobs are in each state, those of all times.
    pub jobs: BTreeMap<State, usize>,
    /// The solver's part of fees claimed, wei of AIUS.
    #[serde(with = "decimal")]
    pub fees: U256,
    /// The solver's part of rewards claimed, wei of AIUS.
    #[serde(with = "decimal")]
    pub rewards: U256,
    /// Gas that jobs have used.
    pub gas: Gas,
    /// The models, and why some are not mined.
    pub models: Vec<ModelStatus>,
    /// What it has looked at of others' solutions, and of contestations.
    pub disputes: Disputes,
    /// Stores beyond this machine that keep results and inputs.
    #[serde(default)]
    pub pins: Vec<PinStoreStatus>,
    /// Transactions on their way; nothing if no program runs.
    pub transactions: Option<Transactions>,
    /// What the folder takes.
    pub disk: Disk,
}

/// The form of [`Status`].
pub(super) const SCHEMA: &str = "arbius/status/1";

impl Status {
    /// What a store and the chain tell of a miner that does not run.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn stopped(
        store: &StoreFile,
        funds: Result<Funds, ChainError>,
        folder: &std::path::Path,
    ) -> Result<Self, StoreError> {
        let error = funds.as_ref().err().map(ToString::to_string);
        let tally = store.tally()?;
        Ok(Self {
            schema: SCHEMA.to_owned(),
            process: None,
            healthy: false,
            reasons: vec![Reason::new(
                "stopped",
                "no miner runs with this folder; start one with `arbius mine`",
            )],
            account: store.account(),
            engine: store.engine(),
            chain_id: store.chain_id(),
            chain: ChainStatus {
                error,
                ..ChainStatus::default()
            },
            funds: funds.ok(),
            jobs: tally.jobs,
            fees: tally.fees,
            rewards: tally.rewards,
            gas: tally.gas,
            models: Vec::new(),
            disputes: Disputes::of(&store.cases()?, 0),
            pins: PinStoreStatus::of(store.pins()?, &BTreeMap::new()),
            transactions: None,
            disk: Disk::of(folder),
        })
    }
}

/// A program that mines.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// Its version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// When it started, milliseconds since 1970.
    pub started: u64,
    /// Where its outputs are served.
    pub gateway: Option<String>,
    /// What it does: names of [`Role`](crate::miner::Role)s.
    pub roles: Vec<String>,
    /// Whether it does everything but send.
    pub shadow: bool,
}

/// What a miner has looked at of others' solutions, and of contestations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Disputes {
    /// How many cases are at each stage.
    pub stages: BTreeMap<Stage, usize>,
    /// Solutions that were not looked at for want of room since the start.
    pub skipped: u64,
}

impl Disputes {
    /// Counts cases.
    pub(super) fn of(cases: &[Case], skipped: u64) -> Self {
        let mut stages = BTreeMap::new();
        for case in cases {
            *stages.entry(case.stage).or_default() += 1;
        }
        Self { stages, skipped }
    }
}

/// How a store beyond this machine does that keeps results and inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PinStoreStatus {
    /// Its name.
    pub store: String,
    /// Whether it is among those that the miner runs with.
    pub named: bool,
    /// How many results and inputs are at each stage; finished ones of all times.
    pub stages: BTreeMap<PinStage, u64>,
    /// For how long the oldest has waited that the store does not have yet, seconds.
    pub oldest_seconds: Option<u64>,
    /// Why the store takes nothing at the moment, if so.
    pub error: Option<String>,
}

impl PinStoreStatus {
    /// Of what is written down, and of the stores that the miner runs with.
    pub(super) fn of(
        mut counts: BTreeMap<String, PinCounts>,
        troubles: &BTreeMap<String, Option<String>>,
    ) -> Vec<Self> {
        for store in troubles.keys() {
            counts.entry(store.clone()).or_default();
        }
        let status = |(store, counts): (String, PinCounts)| {
            let trouble = troubles.get(&store);
            Self {
                named: trouble.is_some(),
                error: trouble.cloned().flatten(),
                stages: counts.stages,
                oldest_seconds: counts
                    .oldest
                    .map(|since| now_millis().saturating_sub(since) / 1000),
                store,
            }
        };
        counts.into_iter().map(status).collect()
    }
}

/// Why a miner cannot mine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// For programs: `stopped`, or one of [`Reason::CODES`].
    pub code: String,
    /// For people: what is wrong, and what to do.
    pub message: String,
}

impl Reason {
    /// Why a miner that runs cannot mine.
    pub const CODES: [&str; 9] = [
        "chain", "store", "blocks", "behind", "models", "fees", "key", "stake", "gas",
    ];

    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

/// Whether a miner can mine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `arbius/health/1`: the form of this object.
    pub schema: String,
    /// Whether it can.
    pub healthy: bool,
    /// Why not.
    pub reasons: Vec<Reason>,
}

/// How the chain is reached.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainStatus {
    /// The newest block that was seen.
    pub head: Option<u64>,
    /// Its time, seconds since 1970.
    pub head_time: Option<u64>,
    /// The last block whose events were read.
    pub read: Option<u64>,
    /// What went wrong when the chain was last asked.
    pub error: Option<String>,
    /// The endpoints, most preferred first.
    pub endpoints: Vec<EndpointStatus>,
}

/// What an account has, wei each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Funds {
    /// AIUS that is staked.
    #[serde(with = "decimal")]
    pub staked: U256,
    /// Of that, what counts towards the minimum.
    #[serde(with = "decimal")]
    pub free: U256,
    /// Of that, what is announced to be withdrawn.
    #[serde(with = "decimal")]
    pub withdrawing: U256,
    /// What a validator must have free.
    #[serde(with = "decimal")]
    pub minimum: U256,
    /// AIUS that the engine owes it.
    #[serde(with = "decimal")]
    pub earnings: U256,
    /// AIUS that it holds.
    #[serde(with = "decimal")]
    pub aius: U256,
    /// Ether that it holds, for gas.
    #[serde(with = "decimal")]
    pub ether: U256,
}

impl Funds {
    /// Reads what an account has.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn of(chain: &Chain, engine: Address, account: Address) -> Result<Self, ChainError> {
        let token = chain.read(engine, &IEngine::baseTokenCall {}).await?;
        let minimum = IEngine::getValidatorMinimumCall {};
        let earnings = IEngine::earningsCall { account };
        let balance = IToken::balanceOfCall { account };
        let (stake, minimum, earnings, aius, ether) = tokio::try_join!(
            Stake::of(chain, engine, account),
            chain.read(engine, &minimum),
            chain.read(engine, &earnings),
            chain.read(token, &balance),
            chain.balance(account),
        )?;
        Ok(Self {
            staked: stake.staked,
            free: stake.free(),
            withdrawing: stake.withdrawing,
            minimum,
            earnings,
            aius,
            ether,
        })
    }
}

/// A model that the operator has opted into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelStatus {
    /// Its id.
    pub id: B256,
    /// Its name, if the bundle is here.
    pub name: Option<String>,
    /// Why it is not mined, if it is not.
    pub reason: Option<String>,
}

/// Transactions on their way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transactions {
    /// How many.
    pub underway: usize,
    /// How long the first of them has been waited for, seconds.
    pub oldest_seconds: Option<u64>,
    /// How many stuck ones were replaced since the start.
    pub replaced: u64,
    /// How many were sent by another program with this key since the start: there should be
    /// none.
    pub foreign: u64,
    /// Whether gas costs more than may be paid.
    pub waits_for_fees: bool,
}

/// What a miner's folder takes, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Disk {
    /// The store of jobs.
    pub store: u64,
    /// Outputs.
    pub blocks: u64,
    /// Left on the disk, where that can be told.
    pub free: Option<u64>,
}

/// Amounts as decimal text: they do not fit a JSON number.
mod decimal {
    use alloy_primitives::U256;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(wei: &U256, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(wei)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<U256, D::Error> {
        let text = String::deserialize(from)?;
        U256::from_str_radix(&text, 10).map_err(D::Error::custom)
    }
}
