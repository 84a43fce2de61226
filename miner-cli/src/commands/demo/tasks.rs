//! Submitting tasks, and following them to their end.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use alloy_primitives::{B256, Bytes, U256};
use arbius_sdk::chain::Call;
use arbius_sdk::client::{Requester, TaskRequest};
use arbius_sdk::contracts::IToken;
use arbius_sdk::miner::{Job, State};
use arbius_testkit::requester::{self, IRequester};
use arbius_testkit::{Actor, TestChain};
use eyre::{bail, eyre};

use super::Progress;
use super::network::RunningMiner;
use super::progress::Stage;
use crate::show;

/// What each task pays: 0.5 AIUS.
const FEE: u64 = 500_000_000_000_000_000;

/// How long all tasks together may take until they are revealed, and again until they are
/// claimed: far more than they need.
const PATIENCE: Duration = Duration::from_secs(120);

/// How far the chain's clock is moved on once all is revealed. The claim delay is 2,000 s,
/// and a day lets the emission target rise above what the demo's claims emit.
const UNTIL_CLAIM: Duration = Duration::from_secs(86_400);

/// A task that was submitted.
pub(super) struct Asked {
    pub(super) id: B256,
    pub(super) prompt: String,
    pub(super) fee: U256,
    pub(super) gas: u64,
    /// Whether a contract submitted it.
    pub(super) by_contract: bool,
    /// When it was sent, milliseconds since 1970.
    pub(super) at: u64,
}

/// Who solved a task, and its job there.
pub(super) struct Solved {
    /// Index of the miner.
    pub(super) miner: usize,
    pub(super) job: Job,
}

/// Submits a task for each prompt, the last one through a contract.
pub(super) async fn submit(
    chain: &TestChain,
    model: B256,
    mut prompts: Vec<String>,
    progress: &Progress,
) -> eyre::Result<Vec<Asked>> {
    let stage = progress.stage("submitting tasks");
    let lane = chain.lane(Actor::Requester)?;
    let contract = requester::deploy(lane, chain.engine()).await?;
    let fee = U256::from(FEE);
    let client = Requester::new(lane.clone(), chain.deployment())?;
    client.approve(fee * U256::from(prompts.len())).await?;
    let approval = IToken::approveCall {
        spender: contract,
        value: fee,
    };
    lane.execute(Call::new(chain.token(), &approval).for_purpose("approving the fee"))
        .await?;

    let by_contract = prompts.pop();
    let mut asked = Vec::new();
    for prompt in prompts {
        let at = show::now_millis();
        let request = TaskRequest {
            model,
            fee,
            input: input(&prompt),
            owner: None,
        };
        let submitted = client.submit(&request).await?;
        let (id, gas) = (submitted.task, submitted.gas);
        stage.says(format!("submitted “{prompt}” as task {id}"));
        asked.push(Asked {
            id,
            prompt,
            fee,
            gas,
            by_contract: false,
            at,
        });
    }
    if let Some(prompt) = by_contract {
        let at = show::now_millis();
        let ask = IRequester::askCall {
            model,
            fee,
            input: input(&prompt),
        };
        let receipt = lane
            .execute(Call::new(contract, &ask).for_purpose("asking a contract"))
            .await?;
        let event = receipt.events::<IRequester::Asked>(contract).next();
        let id = event
            .ok_or_else(|| eyre!("the requester contract announced no task"))?
            .task;
        asked.push(Asked {
            id,
            prompt,
            fee,
            gas: receipt.gas_used,
            by_contract: true,
            at,
        });
    }
    stage.done(format!(
        "{} tasks are submitted, the last through the contract {contract}",
        asked.len()
    ));
    Ok(asked)
}

fn input(prompt: &str) -> Bytes {
    serde_json::json!({ "prompt": prompt })
        .to_string()
        .into_bytes()
        .into()
}

/// Follows all tasks until they are revealed, moves the chain's clock past the contest
/// period, and follows them until they are claimed.
pub(super) async fn follow(
    chain: &TestChain,
    miners: &[RunningMiner],
    asked: &[Asked],
    progress: &Progress,
) -> eyre::Result<Vec<Solved>> {
    let stages: Vec<Stage<'_>> = asked
        .iter()
        .map(|task| progress.stage(format!("“{}”: waiting", task.prompt)))
        .collect();
    let mut board = Board {
        miners,
        asked,
        stages,
        reached: vec![State::Seen; asked.len()],
        committed: HashSet::new(),
    };
    board.until(State::Revealed).await?;
    let stage = progress.stage("");
    chain.pass(UNTIL_CLAIM)?;
    stage.done("all is revealed; the chain's clock moves on a day, past the 2,000 s to contest");
    let solved = board.until(State::Claimed).await?;
    for ((stage, task), solved) in board.stages.into_iter().zip(asked).zip(&solved) {
        stage.done(format!(
            "“{}”: claimed by {}",
            task.prompt, miners[solved.miner].name
        ));
    }
    Ok(solved)
}

/// Where each task stands at each miner.
struct Board<'a> {
    miners: &'a [RunningMiner],
    asked: &'a [Asked],
    stages: Vec<Stage<'a>>,
    /// The furthest that any miner was shown to be.
    reached: Vec<State>,
    /// Which commits were shown: task, miner.
    committed: HashSet<(usize, usize)>,
}

impl Board<'_> {
    /// Looks until one miner has brought each task to `state`.
    async fn until(&mut self, state: State) -> eyre::Result<Vec<Solved>> {
        let started = Instant::now();
        loop {
            let mut jobs = Vec::with_capacity(self.miners.len());
            for miner in self.miners {
                let mut handle = miner.handle.lock().await;
                tokio::select! {
                    biased;
                    ended = handle.ended() => {
                        ended?;
                        bail!("{} stopped before its work was done", miner.name);
                    }
                    () = tokio::time::sleep(Duration::from_millis(20)) => {}
                }
                jobs.push(handle.jobs()?);
            }
            let mut solved = Vec::with_capacity(self.asked.len());
            for (index, task) in self.asked.iter().enumerate() {
                let found: Vec<Option<&Job>> = jobs
                    .iter()
                    .map(|jobs| jobs.iter().find(|job| job.task == task.id))
                    .collect();
                self.show(index, &found);
                solved.extend(self.winner(&found, state));
                if found
                    .iter()
                    .all(|job| job.is_some_and(|job| has_given_up(job.state)))
                {
                    let notes: Vec<_> = found
                        .iter()
                        .flatten()
                        .filter_map(|job| job.note.clone())
                        .collect();
                    bail!("no miner solves “{}”: {}", task.prompt, notes.join("; "));
                }
            }
            if solved.len() == self.asked.len() {
                return Ok(solved);
            }
            if started.elapsed() > PATIENCE {
                let all = self.asked.iter().zip(&self.reached);
                let all: Vec<_> = all
                    .map(|(task, reached)| format!("“{}” {reached}", task.prompt))
                    .collect();
                bail!(
                    "not all tasks are {state} after {} s: {}",
                    PATIENCE.as_secs(),
                    all.join(", ")
                );
            }
        }
    }

    fn winner(&self, found: &[Option<&Job>], state: State) -> Option<Solved> {
        found.iter().enumerate().find_map(|(miner, job)| {
            let job = job.filter(|job| job.state >= state && job.state <= State::Claimed)?;
            Some(Solved {
                miner,
                job: job.clone(),
            })
        })
    }

    /// Shows what changed.
    fn show(&mut self, index: usize, found: &[Option<&Job>]) {
        let prompt = &self.asked[index].prompt;
        let states: Vec<String> = self
            .miners
            .iter()
            .zip(found)
            .filter_map(|(miner, job)| Some(format!("{} {}", miner.name, job.as_ref()?.state)))
            .collect();
        self.stages[index].says(format!("“{prompt}”: {}", states.join(", ")));
        for (number, miner) in self.miners.iter().enumerate() {
            let committed =
                found[number].is_some_and(|job| job.reached_at(State::Committed).is_some());
            // Both may commit; only one of them reveals.
            if committed && self.committed.insert((index, number)) {
                self.stages[index].happened(format!(
                    "“{prompt}”: {} by {}",
                    State::Committed,
                    miner.name
                ));
                self.reached[index] = self.reached[index].max(State::Committed);
            }
        }
        if let Some(solved) = self.winner(found, State::Revealed)
            && self.reached[index] < State::Revealed
        {
            let miner = &self.miners[solved.miner].name;
            self.stages[index].happened(format!("“{prompt}”: {} by {miner}", State::Revealed));
            self.reached[index] = State::Revealed;
        }
    }
}

fn has_given_up(state: State) -> bool {
    matches!(state, State::Declined | State::Failed)
}
