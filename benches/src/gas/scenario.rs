//! The steps, each driven by a real transaction.

use std::{collections::BTreeMap, iter::Sum, time::Duration};

use alloy::signers::{SignerSync as _, local::PrivateKeySigner};
use alloy_primitives::{Address, B256, Bytes, Signature, U256};
use alloy_sol_types::SolCall;
use arbius_devnet::evm::trace::{CallOptions, PrestateOptions, TraceKind};
use arbius_protocol::{cid, ids};
use arbius_sdk::{
    chain::{Call, ChainError, Lane, Receipt},
    contracts::{IEngine, IToken},
    deploy::model::set_rate,
};
use arbius_testkit::{AIUS, Actor, TestChain, TestkitError};

use serde_json::Value;

use super::Cache;

/// Fee of every measured task; the model takes a tenth of it.
pub(super) const FEE: u128 = AIUS;
const MODEL_FEE: u128 = AIUS / 10;
/// Longer than the claim delay, shorter than the solver's hour.
pub(super) const CLAIM_WAIT: Duration = Duration::from_secs(2_060);
/// A day, and a minute to spare.
const EXIT_WAIT: Duration = Duration::from_secs(86_460);
/// Longer than a vote, and than the pause of an accused that lost.
const VOTE_WAIT: Duration = Duration::from_secs(6_060);
/// A cold word of storage that was zero (EIP-2929: 20,000 and 2,100).
const FIRST_WRITE: u64 = 22_100;
/// The chain's precompile for sha2-256: per call, and per word of 32 bytes.
const SHA256_BASE: u64 = 60;
const SHA256_WORD: u64 = 12;
/// How many tasks one bulk transaction carries.
const BULK: usize = 100;

/// What each step costs; the names are those of `reference-gas.json` where it has the step.
pub type Figures = BTreeMap<String, Cost>;

/// What a step costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Gas of execution and calldata on the L2.
    pub gas: u64,
    /// Units of data on L1, sixteen for each byte of the compressed transactions; none where
    /// the step is a part of a transaction.
    pub data: Option<u64>,
}

impl Cost {
    /// The same, for each of `count`.
    fn per(self, count: usize) -> Self {
        Self {
            gas: self.gas / count as u64,
            data: self.data.map(|data| data / count as u64),
        }
    }
}

impl From<u64> for Cost {
    fn from(gas: u64) -> Self {
        Self { gas, data: None }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), |all, cost| Self {
            gas: all.gas + cost.gas,
            data: cost
                .data
                .map(|data| all.data.unwrap_or_default() + data)
                .or(all.data),
        })
    }
}

/// When the chain starts, so that each run signs the same bytes.
pub(super) const START: u64 = 1_800_000_000;

/// Runs every step on a chain of its own and returns what each cost.
///
/// Each is measured at the second call or later, by accounts that did the same before, so
/// that first writes to an account's own slots are not counted, as in the reference.
///
/// # Errors
///
/// If the chain does not start or a step fails.
pub async fn measure(cache: Cache) -> eyre::Result<Figures> {
    let builder = TestChain::builder().genesis_timestamp(START);
    let builder = match cache {
        Cache::Warm => builder,
        Cache::Cold => builder.uncached(),
    };
    let chain = builder.start(|_| ()).await?;
    // A unit of data then costs a gas, which receipts tell apart from the rest.
    let base_fee = chain.chain().head().await?.base_fee;
    let unit = u64::try_from(base_fee).unwrap_or(u64::MAX);
    chain.devnet().chain().set_l1_price_per_unit(unit);
    let mut scenario = Scenario::prepare(&chain).await?;
    scenario.models().await?;
    scenario.stake().await?;
    scenario.life_of_a_task().await?;
    scenario.large_inputs().await?;
    scenario.bulk().await?;
    scenario.earnings().await?;
    scenario.tokens().await?;
    scenario.withdrawals().await?;
    scenario.contestations().await?;
    scenario.votes().await?;
    scenario.bridge().await?;
    scenario.vesting(cache).await?;
    scenario.governance(cache).await?;
    scenario.collections(cache).await?;
    Ok(scenario.into_figures())
}

pub(super) struct Scenario<'a> {
    pub(super) chain: &'a TestChain,
    figures: Figures,
    pub(super) model: B256,
    /// Numbers commitments and contents, so that none repeats.
    counter: u64,
}

impl<'a> Scenario<'a> {
    pub(super) async fn prepare(chain: &'a TestChain) -> Result<Self, TestkitError> {
        let mut scenario = Self {
            chain,
            figures: Figures::new(),
            model: B256::ZERO,
            counter: 0,
        };
        for actor in [Actor::Requester, Actor::Miner(0)] {
            let approval = IToken::approveCall {
                spender: chain.engine(),
                value: U256::MAX,
            };
            let lane = chain.lane(actor)?;
            lane.execute(Call::new(chain.token(), &approval)).await?;
        }
        scenario.model = scenario.register(600).await?.0;
        set_rate(
            chain.lane(Actor::Owner)?,
            chain.engine(),
            scenario.model,
            U256::from(AIUS),
        )
        .await?;
        Ok(scenario)
    }

    /// What was noted.
    pub(super) fn into_figures(self) -> Figures {
        self.figures
    }

    async fn models(&mut self) -> Result<(), TestkitError> {
        let (_, receipt) = self.register(600).await?;
        self.note("registerModel 600 B", self.cost(&receipt));
        Ok(())
    }

    async fn stake(&mut self) -> Result<(), TestkitError> {
        let validator = self.lane(Actor::Miner(0))?.address();
        let deposit = IEngine::validatorDepositCall {
            validator,
            amount: U256::from(10 * AIUS),
        };
        self.execute(Actor::Miner(0), &deposit).await?;
        let receipt = self.execute(Actor::Miner(0), &deposit).await?;
        self.note("validatorDeposit", self.cost(&receipt));
        Ok(())
    }

    async fn life_of_a_task(&mut self) -> Result<(), TestkitError> {
        // The first life warms every account and slot up; the second is measured.
        let (mut costs, mut floor) = ([Cost::default(); 4], 0);
        for _ in 0..2 {
            let input = self.content(100);
            let (task, submitted) = self.submit(input).await?;
            let answer = self.answer();
            let committed = self.commit(task, answer).await?;
            let solved = self.reveal(task, answer).await?;
            self.chain.pass(CLAIM_WAIT)?;
            let claim = IEngine::claimSolutionCall { task };
            let claimed = self.execute(Actor::Miner(0), &claim).await?;
            let steps = [&submitted, &committed, &solved, &claimed];
            costs = steps.map(|receipt| self.cost(receipt));
            floor = self.floor(&steps)?;
        }
        let [submit, commit, solve, claim] = costs;
        self.note("submitTask 100 B", submit);
        self.note("signalCommitment", commit);
        self.note("submitSolution", solve);
        self.note("claimSolution", claim);
        self.note(
            "lifecycle 100 B (submit + commit + solve + claim)",
            costs.into_iter().sum::<Cost>(),
        );
        self.note(
            "lifecycle 100 B, of that base, calldata and first writes",
            floor,
        );
        Ok(())
    }

    async fn large_inputs(&mut self) -> Result<(), TestkitError> {
        for (size, name) in [
            (1 << 10, "1 KiB"),
            (16 << 10, "16 KiB"),
            (64 << 10, "64 KiB"),
        ] {
            let input = self.content(size);
            let call = self.submit_call(self.requester()?, input);
            let receipt = self.execute(Actor::Requester, &call).await?;
            self.note(&format!("submitTask {name}"), self.cost(&receipt));
            if size < 16 << 10 {
                continue;
            }
            let execution = self.execution(&receipt, &call.abi_encode());
            self.note(&format!("submitTask {name}, execution"), execution);
            let logged = 8 * size as u64;
            self.note(
                &format!("submitTask {name}, execution less 8 per logged byte"),
                execution.saturating_sub(logged),
            );
        }
        let call = IEngine::generateIPFSCIDCall {
            content: self.content(64 << 10),
        };
        let receipt = self.execute(Actor::Requester, &call).await?;
        self.note(
            "generateIPFSCID 64 KiB, execution",
            self.execution(&receipt, &call.abi_encode()),
        );
        // The content is no larger than what has a frame.
        let frame = cid::frame(64 << 10).map_or(0, |(before, after)| {
            before.as_bytes().len() + after.as_bytes().len()
        });
        let block = (64 << 10) + frame;
        self.note(
            "generateIPFSCID 64 KiB, of that the chain's sha2-256",
            SHA256_BASE + SHA256_WORD * block.div_ceil(32) as u64,
        );
        Ok(())
    }

    async fn bulk(&mut self) -> Result<(), TestkitError> {
        let submit = IEngine::bulkSubmitTaskCall {
            version: 0,
            owner: self.requester()?,
            model: self.model,
            fee: U256::from(FEE),
            input: self.content(100),
            n: U256::from(BULK),
        };
        let submitted = self.execute(Actor::Requester, &submit).await?;
        let tasks: Vec<B256> = submitted
            .events::<IEngine::TaskSubmitted>(self.chain.engine())
            .map(|event| event.id)
            .collect();
        let solver = self.lane(Actor::Miner(0))?.address();
        let pairs: Vec<(B256, B256)> = tasks.iter().map(|task| (*task, self.answer())).collect();
        let commitment = ids::bulk_commitment(solver, &pairs);
        let committed = self
            .execute(
                Actor::Miner(0),
                &IEngine::signalCommitmentCall { commitment },
            )
            .await?;
        let solve = IEngine::bulkSubmitSolutionCall {
            tasks: tasks.clone(),
            cids: pairs.iter().map(|(_, answer)| encoded(*answer)).collect(),
        };
        let solved = self.execute(Actor::Miner(0), &solve).await?;
        self.chain.pass(CLAIM_WAIT)?;
        let claim = IEngine::bulkClaimSolutionCall { tasks };
        let claimed = self.execute(Actor::Miner(0), &claim).await?;
        let steps = [
            ("submit", &submitted),
            ("commit", &committed),
            ("solve", &solved),
            ("claim", &claimed),
        ];
        let costs = steps.map(|(step, receipt)| (step, self.cost(receipt)));
        for (step, cost) in costs {
            self.note(
                &format!("{step} 100 B, bulk of {BULK}, per task"),
                cost.per(BULK),
            );
        }
        let all: Cost = costs.into_iter().map(|(_, cost)| cost).sum();
        self.note(
            &format!("lifecycle 100 B, bulk of {BULK}, per task"),
            all.per(BULK),
        );
        Ok(())
    }

    async fn earnings(&mut self) -> Result<(), TestkitError> {
        let account = self.lane(Actor::Miner(0))?.address();
        let receipt = self
            .execute(Actor::Miner(0), &IEngine::withdrawEarningsCall { account })
            .await?;
        self.note("withdrawEarnings", self.cost(&receipt));
        Ok(())
    }

    async fn tokens(&mut self) -> Result<(), TestkitError> {
        let transfer = IToken::transferCall {
            to: self.lane(Actor::Miner(1))?.address(),
            value: U256::from(AIUS),
        };
        let lane = self.lane(Actor::Requester)?;
        let call = || Call::new(self.chain.token(), &transfer);
        lane.execute(call()).await?;
        let receipt = lane.execute(call()).await?;
        self.note("token transfer", self.cost(&receipt));
        Ok(())
    }

    async fn withdrawals(&mut self) -> Result<(), TestkitError> {
        let to = self.lane(Actor::Miner(0))?.address();
        let announce = IEngine::initiateValidatorWithdrawCall {
            amount: U256::from(AIUS),
        };
        self.execute(Actor::Miner(0), &announce).await?;
        let receipt = self.execute(Actor::Miner(0), &announce).await?;
        self.note("initiateValidatorWithdraw", self.cost(&receipt));
        self.chain.pass(EXIT_WAIT)?;
        let engine = self.chain.engine();
        let mut last = None;
        for request in receipt.events::<IEngine::ValidatorWithdrawInitiated>(engine) {
            let take = IEngine::validatorWithdrawCall {
                count: request.count,
                to,
            };
            last = Some(self.execute(Actor::Miner(0), &take).await?);
        }
        if let Some(receipt) = last {
            self.note("validatorWithdraw", self.cost(&receipt));
        }
        Ok(())
    }

    /// A contestation with one vote more than those of contester and accused, won and lost.
    async fn contestations(&mut self) -> Result<(), TestkitError> {
        let [accused, contester, voter] = [1, 2, 3].map(Actor::Miner);
        for validator in [accused, contester, voter] {
            let deposit = IEngine::validatorDepositCall {
                validator: self.lane(validator)?.address(),
                amount: U256::from(10 * AIUS),
            };
            self.execute(Actor::Miner(0), &deposit).await?;
        }
        for (yea, outcome) in [(true, "yes"), (false, "no")] {
            // The first one warms every account and slot up; the second is measured.
            let mut costs = [Cost::default(); 3];
            for _ in 0..2 {
                self.chain.pass(VOTE_WAIT)?;
                let input = self.content(100);
                let (task, _) = self.submit(input).await?;
                let answer = self.answer();
                let commitment = ids::commitment(self.lane(accused)?.address(), task, answer);
                self.execute(accused, &IEngine::signalCommitmentCall { commitment })
                    .await?;
                let solve = IEngine::submitSolutionCall {
                    task,
                    cid: encoded(answer),
                };
                self.execute(accused, &solve).await?;
                let contest = IEngine::submitContestationCall { task };
                let contested = self.execute(contester, &contest).await?;
                let vote = IEngine::voteOnContestationCall { task, yea };
                let voted = self.execute(voter, &vote).await?;
                self.chain.pass(VOTE_WAIT)?;
                let finish = IEngine::contestationVoteFinishCall { task, amount: 2 };
                let finished = self.execute(contester, &finish).await?;
                costs = [&contested, &voted, &finished].map(|receipt| self.cost(receipt));
            }
            let [contest, vote, finish] = costs;
            self.note(
                &format!("contestationVoteFinish, {outcome} wins, 3 votes"),
                finish,
            );
            if yea {
                self.note("submitContestation", contest);
                self.note("voteOnContestation", vote);
                self.note(
                    "contestation with 1 vote more (contest + vote + finish)",
                    costs.into_iter().sum::<Cost>(),
                );
            }
        }
        Ok(())
    }

    /// Registers a model with a new template of `size` bytes.
    async fn register(&mut self, size: usize) -> Result<(B256, Receipt), TestkitError> {
        let call = IEngine::registerModelCall {
            addr: self.lane(Actor::ModelOwner)?.address(),
            fee: U256::from(MODEL_FEE),
            template: self.content(size),
        };
        let receipt = self.execute(Actor::ModelOwner, &call).await?;
        let registered = receipt
            .events::<IEngine::ModelRegistered>(self.chain.engine())
            .next();
        Ok((
            registered.map(|event| event.id).unwrap_or_default(),
            receipt,
        ))
    }

    async fn submit(&mut self, input: Bytes) -> Result<(B256, Receipt), TestkitError> {
        let call = self.submit_call(self.requester()?, input);
        let receipt = self.execute(Actor::Requester, &call).await?;
        let submitted = receipt
            .events::<IEngine::TaskSubmitted>(self.chain.engine())
            .next();
        Ok((submitted.map(|event| event.id).unwrap_or_default(), receipt))
    }

    pub(super) async fn commit(&self, task: B256, answer: B256) -> Result<Receipt, TestkitError> {
        let solver = self.lane(Actor::Miner(0))?.address();
        let commitment = ids::commitment(solver, task, answer);
        self.execute(
            Actor::Miner(0),
            &IEngine::signalCommitmentCall { commitment },
        )
        .await
    }

    pub(super) async fn reveal(&self, task: B256, answer: B256) -> Result<Receipt, TestkitError> {
        let solve = IEngine::submitSolutionCall {
            task,
            cid: encoded(answer),
        };
        self.execute(Actor::Miner(0), &solve).await
    }

    fn submit_call(&self, owner: Address, input: Bytes) -> IEngine::submitTaskCall {
        IEngine::submitTaskCall {
            version: 0,
            owner,
            model: self.model,
            fee: U256::from(FEE),
            input,
        }
    }

    /// Content that was not used before: JSON-like, without zero bytes, as prompts are.
    fn content(&mut self, size: usize) -> Bytes {
        self.counter += 1;
        let mut content = format!("{{\"prompt\":\"{}", self.counter).into_bytes();
        content.resize(size, b'a');
        content.into()
    }

    pub(super) fn answer(&mut self) -> B256 {
        self.counter += 1;
        alloy_primitives::keccak256(self.counter.to_be_bytes())
    }

    fn requester(&self) -> Result<Address, TestkitError> {
        Ok(self.lane(Actor::Requester)?.address())
    }

    pub(super) fn lane(&self, actor: Actor) -> Result<&'a Lane, TestkitError> {
        self.chain.lane(actor)
    }

    async fn execute<C: SolCall>(&self, actor: Actor, call: &C) -> Result<Receipt, TestkitError> {
        let done: Result<Receipt, ChainError> = self
            .lane(actor)?
            .execute(Call::new(self.chain.engine(), call))
            .await;
        Ok(done?)
    }

    /// What transactions cost however they are written: base, calldata, and the words of
    /// storage that they write first.
    fn floor(&self, receipts: &[&Receipt]) -> Result<u64, TestkitError> {
        let chain = self.chain.devnet().chain();
        let mut gas = 0;
        for receipt in receipts {
            let calls = TraceKind::Calls(CallOptions {
                only_top_call: true,
                ..CallOptions::default()
            });
            let calls = chain.trace_transaction(receipt.hash, calls)?;
            let input: Bytes = serde_json::from_value(calls["input"].clone()).unwrap_or_default();
            let changes = TraceKind::Prestate(PrestateOptions {
                diff_mode: true,
                ..PrestateOptions::default()
            });
            let changes = chain.trace_transaction(receipt.hash, changes)?;
            gas += intrinsic(&input) + FIRST_WRITE * first_writes(&changes);
        }
        Ok(gas)
    }

    /// Signs a hash as an actor.
    pub(super) fn sign_hash(&self, actor: Actor, hash: &B256) -> Result<Signature, TestkitError> {
        let account = self.chain.deployment().accounts.get(actor.index());
        let key = account.map(|account| account.key).unwrap_or_default();
        let signer = PrivateKeySigner::from_bytes(&key)
            .map_err(|error| TestkitError::Provider(error.into()))?;
        signer
            .sign_hash_sync(hash)
            .map_err(|error| TestkitError::Provider(error.into()))
    }

    /// What the transaction of a receipt cost.
    pub(super) fn cost(&self, receipt: &Receipt) -> Cost {
        let mined = self.chain.devnet().chain().mined(receipt.hash);
        let data = mined.map_or(0, |mined| mined.receipt().gas_used_for_l1);
        Cost {
            gas: receipt.gas_used - data,
            data: Some(data),
        }
    }

    /// Gas of a receipt less what every transaction of this calldata pays before it runs.
    fn execution(&self, receipt: &Receipt, calldata: &[u8]) -> u64 {
        self.cost(receipt).gas.saturating_sub(intrinsic(calldata))
    }

    pub(super) fn note(&mut self, step: &str, cost: impl Into<Cost>) {
        self.figures.insert(step.to_owned(), cost.into());
    }
}

fn encoded(digest: B256) -> Bytes {
    cid::encode(digest).to_vec().into()
}

/// What every transaction of this calldata pays before it runs (EIP-2028).
fn intrinsic(calldata: &[u8]) -> u64 {
    let bytes: u64 = calldata
        .iter()
        .map(|byte| if *byte == 0 { 4 } else { 16 })
        .sum();
    21_000 + bytes
}

/// Words of storage that were zero before a transaction and are not after it, in the trace
/// of its changes.
fn first_writes(changes: &Value) -> u64 {
    let accounts = changes["post"].as_object().into_iter().flatten();
    let fresh = accounts.map(|(account, after)| {
        let before = &changes["pre"][account]["storage"];
        let words = after["storage"].as_object().into_iter().flatten();
        words
            .filter(|(slot, _)| before.get(slot.as_str()).is_none())
            .count() as u64
    });
    fresh.sum()
}
