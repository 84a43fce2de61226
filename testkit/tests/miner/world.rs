//! A chain with the model on it, miners, and waiting for what they do.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_protocol::ids;
use arbius_sdk::{
    client::{Contestation, Requester, Solution, Stake, TaskRequest, Validator},
    content::cids,
    contracts::TaskStatus,
    deploy::model::{ModelTerms, register_model, set_rate},
    inference::{InProcess, Solver as _},
    miner::{
        Case, Catalogue, Job, Miner, MinerError, MinerHandle, Role, Roles, Settings, Stage, State,
        StoreError, Verification,
    },
    model::Bundle,
};
pub(crate) use arbius_testkit::AIUS;
use arbius_testkit::{Actor, TestChain};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn bundle() -> Arc<Bundle> {
    let digits = arbius_models::digits();
    let files = digits.files.iter().copied();
    Arc::new(Bundle::from_bytes(digits.template, digits.manifest, files).unwrap())
}

/// A chain with the model registered and rated.
pub(crate) async fn chain_with_model() -> (TestChain, B256) {
    let chain = TestChain::start().await.unwrap();
    let model = with_model(&chain).await;
    (chain, model)
}

/// Registers the model on a chain and gives it a rate.
pub(crate) async fn with_model(chain: &TestChain) -> B256 {
    let lane = chain.lane(Actor::ModelOwner).unwrap();
    let terms = ModelTerms {
        fee_address: lane.address(),
        fee: U256::from(AIUS / 100),
    };
    let template = bundle().template_bytes().to_vec();
    let model = register_model(lane, chain.engine(), terms, &template)
        .await
        .unwrap();
    let owner = chain.lane(Actor::Owner).unwrap();
    set_rate(owner, chain.engine(), model, U256::from(AIUS))
        .await
        .unwrap();
    model
}

/// The default, but quick to look.
pub(crate) fn settings() -> Settings {
    Settings {
        poll: Duration::from_millis(50),
        ..Settings::default()
    }
}

pub(crate) fn miner(chain: &TestChain, number: usize, model: B256, folder: &Path) -> Miner {
    Miner::builder()
        .deployment(chain.deployment().clone())
        .signer(chain.signer(Actor::Miner(number)).unwrap())
        .solver(Arc::new(InProcess::default()))
        .catalogue(Catalogue::new().with(model, bundle()))
        .folder(folder)
        .gateway(([127, 0, 0, 1], 0).into())
        .settings(settings())
}

pub(crate) fn requester(chain: &TestChain) -> Requester {
    let lane = chain.lane(Actor::Requester).unwrap().clone();
    Requester::new(lane, chain.deployment()).unwrap()
}

pub(crate) fn request(model: B256, prompt: &str) -> TaskRequest {
    let input = serde_json::json!({ "prompt": prompt }).to_string();
    TaskRequest {
        model,
        fee: U256::from(AIUS),
        input: input.into_bytes().into(),
        owner: None,
    }
}

/// A chain with the model on it, somebody who asks for tasks, and folders for miners.
pub(crate) struct World {
    pub(crate) chain: TestChain,
    pub(crate) model: B256,
    pub(crate) requester: Requester,
    folders: tempfile::TempDir,
}

/// A task that was asked for.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) task: B256,
    pub(crate) input: Bytes,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(TestChain::start().await.unwrap()).await
    }

    /// On a chain that has no model yet.
    pub(crate) async fn on(chain: TestChain) -> Self {
        let model = with_model(&chain).await;
        let requester = requester(&chain);
        requester.approve(U256::from(100 * AIUS)).await.unwrap();
        Self {
            chain,
            model,
            requester,
            folders: tempfile::tempdir().unwrap(),
        }
    }

    /// Where a miner keeps its things, from one run to the next.
    pub(crate) fn folder(&self, number: usize) -> PathBuf {
        self.folders.path().join(number.to_string())
    }

    pub(crate) fn miner(&self, number: usize) -> Miner {
        miner(&self.chain, number, self.model, &self.folder(number))
    }

    pub(crate) async fn spawn(&self, number: usize, settings: Settings) -> MinerHandle {
        let miner = self.miner(number).settings(settings);
        miner.spawn().await.unwrap()
    }

    /// A miner that does everything but solving, and looks at all solutions.
    pub(crate) async fn watcher(&self, number: usize) -> MinerHandle {
        self.spawn(number, watching()).await
    }

    /// An account that acts by hand: it stakes.
    pub(crate) async fn validator(&self, number: usize) -> Validator {
        validator(&self.chain, number).await
    }

    pub(crate) async fn ask(&self, prompt: &str) -> Asked {
        let request = request(self.model, prompt);
        let task = self.requester.submit(&request).await.unwrap().task;
        Asked {
            task,
            input: request.input,
        }
    }

    pub(crate) async fn solution(&self, task: B256) -> Solution {
        let solution = self.requester.network().solution(task).await;
        solution.unwrap().expect("somebody has solved it")
    }

    /// Who contests a task's solution, if anybody does, and the votes.
    pub(crate) async fn contestation(&self, task: B256) -> Option<Contestation> {
        self.requester.network().contestation(task).await.unwrap()
    }

    pub(crate) async fn status(&self, task: B256) -> TaskStatus {
        self.requester.network().status(task).await.unwrap()
    }

    /// How many transactions an account has sent.
    pub(crate) async fn nonce(&self, account: Address) -> u64 {
        self.chain.chain().nonce(account, true).await.unwrap()
    }

    /// What a validator has staked.
    pub(crate) async fn staked(&self, validator: Address) -> U256 {
        let stake = Stake::of(self.chain.chain(), self.chain.engine(), validator);
        stake.await.unwrap().staked
    }

    /// Long enough for who has staked to be a validator who may contest and vote.
    pub(crate) fn grow_up(&self) {
        self.chain.pass(Duration::from_secs(200)).unwrap();
    }

    pub(crate) fn past_contest(&self) {
        self.chain.pass(Duration::from_secs(2_001)).unwrap();
    }

    /// Past the vote and the time in which others leave it to the one with most to gain.
    pub(crate) fn past_vote(&self) {
        self.chain.pass(Duration::from_secs(8_100)).unwrap();
    }
}

/// Everything but solving; looks at all solutions.
pub(crate) fn watching() -> Settings {
    Settings {
        roles: Roles::default().without(Role::Solve),
        verification: Verification {
            share_percent: 100.0,
            ..Verification::default()
        },
        ..settings()
    }
}

/// An account that acts by hand: it stakes.
pub(crate) async fn validator(chain: &TestChain, number: usize) -> Validator {
    let lane = chain.lane(Actor::Miner(number)).unwrap().clone();
    let validator = Validator::new(lane, chain.engine());
    validator.deposit(U256::from(10 * AIUS)).await.unwrap();
    validator
}

/// Reveals what the model makes for the task.
pub(crate) async fn answer(validator: &Validator, asked: &Asked) {
    reveal(validator, asked, 0).await;
}

/// Reveals what the model makes for another seed.
pub(crate) async fn cheat(validator: &Validator, asked: &Asked) {
    reveal(validator, asked, 1).await;
}

/// Reveals what the model makes for the task's seed, changed by `twist`.
pub(crate) async fn reveal(validator: &Validator, asked: &Asked, twist: u64) {
    let Asked { task, input } = asked;
    let seed = ids::seed(*task) ^ twist;
    let outputs = InProcess::default().solve(&bundle(), input, seed).await;
    let cid = outputs.unwrap().cid().unwrap();
    let digest = B256::new(cids::digest(&cid).unwrap());
    validator.commit(*task, digest).await.unwrap();
    validator.reveal(*task, digest).await.unwrap();
}

/// Waits until every job of a miner is over, and `count` of them are there.
pub(crate) async fn all_over(miner: &MinerHandle, count: usize) {
    let over = || {
        let jobs = miner.jobs().unwrap();
        (jobs.len() == count && jobs.iter().all(|job| job.state.is_over())).then_some(())
    };
    found(miner, &format!("{count} jobs are over"), over).await;
}

/// Waits until a job of a miner has got as far as a state.
pub(crate) async fn reached(miner: &MinerHandle, task: B256, state: State) -> Job {
    let what = format!("{task} gets to {state}");
    job_that(miner, task, &what, |job| job.reached_at(state).is_some()).await
}

/// Waits until the note of a job says something.
pub(crate) async fn noted(miner: &MinerHandle, task: B256, text: &str) -> Job {
    let says = |job: &Job| job.note.as_deref().is_some_and(|note| note.contains(text));
    job_that(miner, task, &format!("{task} says `{text}`"), says).await
}

async fn job_that(miner: &MinerHandle, task: B256, what: &str, so: impl Fn(&Job) -> bool) -> Job {
    let find = || {
        let mut jobs = miner.jobs().unwrap().into_iter();
        jobs.find(|job| job.task == task && so(job))
    };
    found(miner, what, find).await
}

/// Waits until a miner's case of a task has got as far as a stage, and returns it.
pub(crate) async fn case_at(miner: &MinerHandle, task: B256, stage: Stage) -> Case {
    let what = format!("the case of {task} gets to {stage}");
    case_that(miner, task, &what, |case| case.stage == stage).await
}

/// Waits until a miner's case of a task is as wanted, and returns it.
pub(crate) async fn case_that(
    miner: &MinerHandle,
    task: B256,
    what: &str,
    so: impl Fn(&Case) -> bool,
) -> Case {
    let find = || {
        let mut cases = miner.cases().unwrap().into_iter();
        cases.find(|case| case.task == task && so(case))
    };
    found(miner, what, find).await
}

async fn found<T>(miner: &MinerHandle, what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let there = async {
        loop {
            if let Some(found) = find() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, there).await {
        Ok(found) => found,
        Err(_) => panic!(
            "never: {what}; jobs {:#?}, cases {:#?}",
            miner.jobs().unwrap(),
            miner.cases().unwrap()
        ),
    }
}

/// Waits until something is so, and says what was waited for if it never is.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let there = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, there).await.is_err() {
        panic!("waited for nothing: {what}");
    }
}

/// Starts a miner once the one before, which was dropped, has let go of its store.
pub(crate) async fn take_over(miner: impl Fn() -> Miner) -> MinerHandle {
    for _ in 0..200 {
        match miner().spawn().await {
            Err(MinerError::Store(StoreError::InUse { .. })) => {
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            other => return other.unwrap(),
        }
    }
    panic!("the dropped miner never let go of its store");
}

/// Starts the miner again once the one that was dropped has let go of its store.
pub(crate) async fn respawn(chain: &TestChain, model: B256, folder: &Path) -> MinerHandle {
    take_over(|| miner(chain, 0, model, folder)).await
}
