//! A miner whose endpoint goes away, and comes back as another chain.

use std::{sync::Arc, time::Duration};

use alloy_primitives::{B256, U256};
use arbius_devnet::Devnet;
use arbius_sdk::{
    client::{Requester, TaskRequest},
    deploy::model::{ModelTerms, register_model},
    inference::InProcess,
    miner::{Catalogue, Miner, MinerHandle, Settings},
    model::Bundle,
};
use arbius_testkit::{AIUS, Actor, TestChain};

use crate::world::Relay;

fn bundle() -> Arc<Bundle> {
    let digits = arbius_models::digits();
    let files = digits.files.iter().copied();
    Arc::new(Bundle::from_bytes(digits.template, digits.manifest, files).unwrap())
}

async fn is_solved(requester: &Requester, model: B256) {
    let request = TaskRequest {
        model,
        fee: U256::from(AIUS),
        input: br#"{"prompt": "a six"}"#.as_slice().into(),
        owner: None,
    };
    let task = requester.submit(&request).await.unwrap().task;
    requester
        .await_solution(task, Duration::from_secs(60))
        .await
        .unwrap();
}

/// Lets time pass in which the miner must not give up.
async fn stays(miner: &mut MinerHandle, time: Duration) {
    let ended = tokio::time::timeout(time, miner.ended()).await;
    assert!(ended.is_err(), "{:?}", ended.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_outlives_its_endpoint_and_does_nothing_on_another_chain() {
    let chain = TestChain::start().await.unwrap();
    let lane = chain.lane(Actor::ModelOwner).unwrap();
    let terms = ModelTerms {
        fee_address: lane.address(),
        fee: U256::ZERO,
    };
    let template = bundle().template_bytes().to_vec();
    let model = register_model(lane, chain.engine(), terms, &template)
        .await
        .unwrap();
    let relay = Relay::start().await;
    relay.lead_to(chain.devnet());
    let mut deployment = chain.deployment().clone();
    deployment.rpc = format!("http://{}", relay.address());
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        poll: Duration::from_millis(50),
        ..Settings::default()
    };
    let mut miner = Miner::builder()
        .deployment(deployment)
        .signer(chain.signer(Actor::Miner(0)).unwrap())
        .solver(Arc::new(InProcess::default()))
        .catalogue(Catalogue::new().with(model, bundle()))
        .folder(folder.path())
        .settings(settings)
        .spawn()
        .await
        .unwrap();
    let lane = chain.lane(Actor::Requester).unwrap().clone();
    let requester = Requester::new(lane, chain.deployment()).unwrap();
    requester.approve(U256::from(10 * AIUS)).await.unwrap();
    is_solved(&requester, model).await;

    relay.cut();
    stays(&mut miner, Duration::from_secs(2)).await;
    let other = Devnet::builder().chain_id(31_337).spawn().await.unwrap();
    relay.lead_to(&other);
    stays(&mut miner, Duration::from_secs(4)).await;
    assert_eq!(other.chain().block_number(), 0, "nothing was sent there");

    relay.cut();
    relay.lead_to(chain.devnet());
    is_solved(&requester, model).await;
    miner.stop().await.unwrap();
}
