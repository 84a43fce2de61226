//! A chain with the model on it, miners, and waiting for what they do.

use std::{path::Path, sync::Arc, time::Duration};

use alloy_primitives::{B256, U256};
use arbius_sdk::{
    client::{Requester, TaskRequest},
    deploy::model::{ModelTerms, register_model, set_rate},
    inference::InProcess,
    miner::{Catalogue, Job, Miner, MinerError, MinerHandle, Settings, State, StoreError},
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
    (chain, model)
}

pub(crate) fn miner(chain: &TestChain, number: usize, model: B256, folder: &Path) -> Miner {
    let settings = Settings {
        poll: Duration::from_millis(50),
        ..Settings::default()
    };
    Miner::builder()
        .deployment(chain.deployment().clone())
        .signer(chain.signer(Actor::Miner(number)).unwrap())
        .solver(Arc::new(InProcess::default()))
        .catalogue(Catalogue::new().with(model, bundle()))
        .folder(folder)
        .gateway(([127, 0, 0, 1], 0).into())
        .settings(settings)
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
