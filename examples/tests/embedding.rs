//! What the book promises of the embedded miner.

#[path = "../examples/embedded_miner/mine.rs"]
mod mine;

use std::{future::pending, path::Path, time::Duration};

use alloy_primitives::{B256, U256};
use arbius_examples::network;
use arbius_faults::{Fault, FaultProxy, Script};
use arbius_sdk::{
    chain::{Call, Signer},
    client::{Requester, TaskRequest},
    contracts::IToken,
    deploy::Deployment,
    miner::MinerError,
    model::Bundle,
};
use arbius_testkit::{AIUS, Actor, TestChain};

/// Far longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_program_that_mines_takes_less_than_30_lines() {
    let source = include_str!("../examples/embedded_miner/mine.rs");
    let (_, after) = source.split_once("// ANCHOR: mine\n").unwrap();
    let (shown, _) = after.split_once("// ANCHOR_END: mine").unwrap();
    let lines = shown.lines().filter(|line| !line.trim().is_empty()).count();
    assert!((10..30).contains(&lines), "{lines} lines");
}

fn digits() -> Bundle {
    let digits = arbius_models::digits();
    let files = digits.files.iter().copied();
    Bundle::from_bytes(digits.template, digits.manifest, files).unwrap()
}

/// Why a miner does not start.
async fn refusal(network: &Deployment, key: Signer, folder: &Path) -> String {
    let mining = mine::mine(
        network.clone(),
        key,
        vec![digits()],
        folder,
        drop,
        pending(),
    );
    let ended = tokio::time::timeout(PATIENCE, mining).await.unwrap();
    ended.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_does_not_start_says_what_is_missing() {
    let chain = TestChain::start().await.unwrap();
    let (network, folder) = (chain.deployment(), tempfile::tempdir().unwrap());
    let key = || chain.signer(Actor::Miner(0)).unwrap();
    let refused = async |network: &Deployment, key, words: &str| {
        let error = refusal(network, key, folder.path()).await;
        assert!(error.contains(words), "{error}");
    };
    refused(network, key(), "register it, or leave the bundle out").await;

    network::register(&chain, arbius_models::digits())
        .await
        .unwrap();
    let mut away = network.clone();
    away.rpc = "http://127.0.0.1:1".to_owned();
    refused(&away, key(), "check that the node runs").await;
    let mut other = network.clone();
    other.chain_id += 1;
    refused(&other, key(), "use an endpoint of chain").await;
    // One who has ether and no AIUS.
    let poor = chain.signer(Actor::ModelOwner).unwrap();
    refused(network, poor, "0 AIUS staked and holds 0, but").await;
    // That one has the folder now.
    let other = Signer::from_key(&B256::repeat_byte(7)).unwrap();
    refused(network, other.clone(), "give it a folder of its own").await;
    // One who has AIUS and no ether.
    let give = IToken::transferCall {
        to: other.address(),
        value: U256::from(AIUS),
    };
    let requester = chain.lane(Actor::Requester).unwrap();
    let give = Call::new(chain.token(), &give);
    requester.execute(give).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(network, other, folder.path()).await;
    assert!(error.contains("holds 0 wei"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_stops_at_once_whatever_it_waits_for() {
    let chain = TestChain::start().await.unwrap();
    let model = network::register(&chain, arbius_models::digits())
        .await
        .unwrap();
    let endpoint = FaultProxy::start(&chain.devnet().url()).await.unwrap();
    let mut network = chain.deployment().clone();
    network.rpc = endpoint.url();
    let folder = tempfile::tempdir().unwrap();
    let requester = Requester::new(
        chain.lane(Actor::Requester).unwrap().clone(),
        chain.deployment(),
    );
    let requester = requester.unwrap();
    let ask = async || {
        let request = TaskRequest {
            model,
            fee: U256::from(AIUS),
            input: br#"{"prompt": "a seven"}"#.to_vec().into(),
            owner: None,
        };
        requester.submit(&request).await.unwrap().task
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopping = async { drop(stopped.await) };
    let key = chain.signer(Actor::Miner(0)).unwrap();
    let mining = mine::mine(network, key, vec![digits()], folder.path(), drop, stopping);
    let life = async {
        let task = ask().await;
        requester.await_solution(task, PATIENCE).await.unwrap();
        // From now on the endpoint keeps every answer back; there is something to do, and to
        // claim.
        let stalled = Script::new(1)
            .with(Fault::Stall, 1_000)
            .stall(Duration::from_secs(600));
        let asked = endpoint.faults();
        endpoint.follow(Some(stalled));
        ask().await;
        chain.pass(Duration::from_secs(2_001)).unwrap();
        while endpoint.faults() == asked {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send(()).unwrap();
    };
    let ended: Result<(), MinerError> =
        tokio::time::timeout(PATIENCE, async { tokio::join!(mining, life).0 })
            .await
            .unwrap();
    ended.unwrap();
}
