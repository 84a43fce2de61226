//! A chain with the model on it, miners, and waiting for what they do.

use std::{path::Path, sync::Arc, time::Duration};

use alloy_primitives::{B256, U256};
use arbius_protocol::ids;
use arbius_sdk::{
    client::{Requester, TaskRequest, Validator},
    content::cids,
    deploy::model::{ModelTerms, register_model, set_rate},
    inference::{InProcess, Solver as _},
    miner::{
        Case, Catalogue, Job, Miner, MinerError, MinerHandle, Settings, Stage, State, StoreError,
    },
    model::Bundle,
};
use arbius_testkit::{Actor, TestChain};

pub(crate) const AIUS: u128 = 1_000_000_000_000_000_000;
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

/// An account that acts by hand: it stakes, and lets enough time pass to be a validator.
pub(crate) async fn validator(chain: &TestChain, number: usize) -> Validator {
    let lane = chain.lane(Actor::Miner(number)).unwrap().clone();
    let validator = Validator::new(lane, chain.engine());
    validator.deposit(U256::from(10 * AIUS)).await.unwrap();
    validator
}

/// Reveals what the model makes for another seed.
pub(crate) async fn cheat(validator: &Validator, task: B256, input: &[u8]) {
    reveal(validator, task, input, 1).await;
}

/// Reveals what the model makes for the task's seed, changed by `twist`.
pub(crate) async fn reveal(validator: &Validator, task: B256, input: &[u8], twist: u64) {
    let seed = ids::seed(task) ^ twist;
    let outputs = InProcess::default().solve(&bundle(), input, seed).await;
    let cid = outputs.unwrap().cid().unwrap();
    let digest = B256::new(cids::digest(&cid).unwrap());
    validator.commit(task, digest).await.unwrap();
    validator.reveal(task, digest).await.unwrap();
}

/// Waits until every job of a miner is over, and `count` of them are there.
pub(crate) async fn all_over(miner: &MinerHandle, count: usize) {
    let over = async {
        loop {
            let jobs = miner.jobs().unwrap();
            if jobs.len() == count && jobs.iter().all(|job| job.state.is_over()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, over).await.is_err() {
        panic!("jobs are not over: {:#?}", miner.jobs().unwrap());
    }
}

/// Waits until a job of a miner has got as far as a state.
pub(crate) async fn reached(miner: &MinerHandle, task: B256, state: State) {
    let there = async {
        loop {
            let jobs = miner.jobs().unwrap();
            if jobs
                .iter()
                .any(|job| job.task == task && job.reached_at(state).is_some())
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, there).await.is_err() {
        panic!(
            "{task} did not get to {state}: {:#?}",
            miner.jobs().unwrap()
        );
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

/// Waits until a miner's case of a task has got as far as a stage, and returns it.
pub(crate) async fn case_at(miner: &MinerHandle, task: B256, stage: Stage) -> Case {
    let find = || {
        let cases = miner.cases().unwrap();
        cases
            .into_iter()
            .find(|case| case.task == task && case.stage == stage)
    };
    let there = async {
        loop {
            if let Some(case) = find() {
                return case;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, there).await {
        Ok(case) => case,
        Err(_) => panic!(
            "the case of {task} did not get to {stage}: {:#?}, jobs {:#?}",
            miner.cases().unwrap(),
            miner.jobs().unwrap()
        ),
    }
}

/// Waits until the note of a job says something.
pub(crate) async fn noted(miner: &MinerHandle, task: B256, text: &str) {
    let says = |job: &Job| job.note.as_deref().is_some_and(|note| note.contains(text));
    let there = async {
        while !miner
            .jobs()
            .unwrap()
            .iter()
            .any(|job| job.task == task && says(job))
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, there).await.is_err() {
        panic!("{task} never said `{text}`: {:#?}", miner.jobs().unwrap());
    }
}

/// Starts the miner again once the one that was dropped has let go of its store.
pub(crate) async fn respawn(chain: &TestChain, model: B256, folder: &Path) -> MinerHandle {
    for _ in 0..200 {
        match miner(chain, 0, model, folder).spawn().await {
            Err(MinerError::Store(StoreError::InUse { .. })) => {
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            other => return other.unwrap(),
        }
    }
    panic!("the dropped miner never let go of its store");
}
