//! A chain with the whole protocol and the demo's model on it.

use std::{collections::BTreeMap, path::Path, time::Duration};

use alloy_primitives::{Address, B256, Bytes, U256, bytes};
use arbius_sdk::{
    chain::Call,
    client::{Network, Requester, Stake},
    contracts::IEngine,
    deploy::model::{ModelTerms, register_model, set_rate},
};
use arbius_testkit::{AIUS, Actor, TestChain};

use crate::{Audit, Config, model};

/// Longer than the contest period, 2,000 s.
const CONTEST_PERIOD: Duration = Duration::from_secs(2_001);

/// Longer than the 120 s for which one must have been a validator before a solution that one
/// votes on.
const BEFORE_VOTES: Duration = Duration::from_secs(150);

/// Tasks in one bulk submission.
const BULK: usize = 50;

/// A chain with the model registered and rated, and a requester with tokens.
#[derive(Debug)]
pub struct Scene {
    chain: TestChain,
    model: B256,
    requester: Requester,
    submitted: Vec<B256>,
    consumer: Option<Address>,
}

/// The input of a task by its number.
fn input(number: usize) -> Bytes {
    let input = serde_json::json!({ "prompt": format!("digit number {number}") });
    Bytes::from(input.to_string().into_bytes())
}

impl Scene {
    /// Everything, from the contracts on.
    ///
    /// # Errors
    ///
    /// What keeps it from being set up.
    pub async fn start() -> eyre::Result<Self> {
        let chain = TestChain::start().await?;
        let lane = chain.lane(Actor::ModelOwner)?;
        let terms = ModelTerms {
            fee_address: lane.address(),
            fee: U256::from(AIUS / 1_000),
        };
        let template = arbius_models::digits().template.to_vec();
        let model = register_model(lane, chain.engine(), terms, &template).await?;
        let owner = chain.lane(Actor::Owner)?;
        set_rate(owner, chain.engine(), model, U256::from(AIUS)).await?;
        let lane = chain.lane(Actor::Requester)?.clone();
        let requester = Requester::new(lane, chain.deployment())?;
        requester.approve(U256::from(5_000 * AIUS)).await?;
        Ok(Self {
            chain,
            model,
            requester,
            submitted: Vec::new(),
            consumer: None,
        })
    }

    /// The chain.
    #[must_use]
    pub const fn chain(&self) -> &TestChain {
        &self.chain
    }

    /// The model.
    #[must_use]
    pub const fn model(&self) -> B256 {
        self.model
    }

    /// Every task that was submitted, oldest first.
    #[must_use]
    pub fn tasks(&self) -> &[B256] {
        &self.submitted
    }

    /// What others can read of the network.
    #[must_use]
    pub fn network(&self) -> &Network {
        self.requester.network()
    }

    /// Submits so many tasks with prompts of their own, fifty in a transaction.
    ///
    /// # Errors
    ///
    /// What a transaction ends in.
    pub async fn submit(&mut self, count: usize) -> eyre::Result<()> {
        let lane = self.chain.lane(Actor::Requester)?;
        let first = self.submitted.len();
        let numbers: Vec<usize> = (first..first + count).collect();
        for numbers in numbers.chunks(BULK) {
            let call = IEngine::bulkSubmitTasksCall {
                version: 0,
                owner: lane.address(),
                model: self.model,
                fee: U256::from(AIUS / 100),
                inputs: numbers.iter().copied().map(input).collect(),
            };
            let receipt = lane.execute(Call::new(self.chain.engine(), &call)).await?;
            let events = receipt.events::<IEngine::TaskSubmitted>(self.chain.engine());
            self.submitted.extend(events.map(|event| event.id));
        }
        Ok(())
    }

    /// Submits a task whose outcome a contract wants to be told, and returns it.
    ///
    /// # Errors
    ///
    /// What a transaction ends in.
    pub async fn submit_for_consumer(&mut self) -> eyre::Result<B256> {
        let lane = self.chain.lane(Actor::Requester)?;
        let consumer = match self.consumer {
            Some(consumer) => consumer,
            None => {
                // A contract of one byte, `STOP`: it takes every call.
                let create = Call::create(bytes!("6001600c60003960016000f300"));
                let created = lane.execute(create).await?.created;
                created.ok_or_else(|| eyre::eyre!("no contract was created"))?
            }
        };
        let call = IEngine::submitTaskWithConsumerCall {
            version: 0,
            owner: lane.address(),
            model: self.model,
            fee: U256::from(AIUS / 100),
            input: input(self.submitted.len()),
            consumer,
            gasLimit: 50_000,
        };
        let receipt = lane.execute(Call::new(self.chain.engine(), &call)).await?;
        let mut events = receipt.events::<IEngine::TaskSubmitted>(self.chain.engine());
        let event = events.next();
        let task = event
            .ok_or_else(|| eyre::eyre!("no task was submitted"))?
            .id;
        self.consumer = Some(consumer);
        self.submitted.push(task);
        Ok(task)
    }

    /// What is wrong with the stake of an account: it should be what it has deposited and won,
    /// to the wei, while none of it is locked in a vote.
    ///
    /// # Errors
    ///
    /// What the chain answers.
    pub async fn lost_stake(&self, account: Address) -> eyre::Result<Option<String>> {
        let stake = Stake::of(self.chain.chain(), self.chain.engine(), account).await?;
        let (audit, staked) = (self.audit(), stake.staked);
        let of = |amounts: &BTreeMap<Address, U256>| amounts.get(&account).copied();
        let deposited = of(&audit.deposited).unwrap_or_default();
        let won = of(&audit.won).unwrap_or_default();
        let complaint = format!("{account} deposited {deposited}, won {won} and has {staked}");
        Ok((staked != deposited + won).then_some(complaint))
    }

    /// The digest of the right solution of a task that was submitted here.
    ///
    /// # Errors
    ///
    /// If it was not, or the model does not run.
    pub async fn solution(&self, task: B256) -> eyre::Result<B256> {
        let number = self.submitted.iter().position(|known| *known == task);
        let number = number.ok_or_else(|| eyre::eyre!("{task} was not submitted here"))?;
        model::solution(task, &input(number)).await
    }

    /// Lets the actors' lanes ask the chain where they stand, after a reorganisation.
    pub async fn resync(&self) {
        let actors = [Actor::Requester, Actor::Owner].into_iter();
        for actor in actors.chain((0..).map(Actor::Miner)) {
            match self.chain.lane(actor) {
                Ok(lane) => lane.resync().await,
                Err(_) => return,
            }
        }
    }

    /// Lets the validators there are come to where they may contest and vote on what is solved
    /// from now on.
    ///
    /// # Errors
    ///
    /// If the clock would leave what a chain can hold.
    pub fn pass_validators_wait(&self) -> eyre::Result<()> {
        Ok(self.chain.pass(BEFORE_VOTES)?)
    }

    /// Lets the contest period of all solutions there are pass.
    ///
    /// # Errors
    ///
    /// If the clock would leave what a chain can hold.
    pub fn pass_contest_period(&self) -> eyre::Result<()> {
        Ok(self.chain.pass(CONTEST_PERIOD)?)
    }

    /// A miner's configuration: the `number`-th actor's key, its endpoints, and a folder.
    ///
    /// # Errors
    ///
    /// If the chain has no such actor.
    pub fn miner(&self, number: usize, urls: &[String], folder: &Path) -> eyre::Result<Config> {
        let mut deployment = self.chain.deployment().clone();
        let index = Actor::Miner(number).index();
        let account = deployment.accounts.get(index);
        let key = account
            .ok_or_else(|| eyre::eyre!("no account {index}"))?
            .key;
        let mut urls = urls.iter().cloned();
        deployment.rpc = urls.next().ok_or_else(|| eyre::eyre!("no endpoint"))?;
        deployment.fallbacks = urls.collect();
        deployment.accounts.clear();
        Ok(Config {
            deployment,
            key,
            folder: folder.to_owned(),
            models: vec![self.model],
            poll_millis: 50,
            workers: 1,
            verify_percent: 0.0,
            solve_millis: 20_000,
            all_roles: false,
            kill: None,
            full: Vec::new(),
        })
    }

    /// What the chain says of all that was done on it.
    #[must_use]
    pub fn audit(&self) -> Audit {
        Audit::of(&self.chain)
    }
}
