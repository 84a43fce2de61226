//! Which tasks a miner takes.

use std::{
    fs,
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use alloy_primitives::{B256, U256};
use arbius_sdk::{
    client::TaskRequest,
    inference::Solver,
    miner::{Limits, Margin, MinerError, MinerHandle, Settings, State},
};
use arbius_testkit::{Actor, TestChain};

use crate::{
    faulty::Faulty,
    world::{
        AIUS, World, chain_with_model, miner, noted, reached, request, requester, settings, until,
    },
};

async fn spawn(chain: &TestChain, model: B256, folder: &Path, settings: Settings) -> MinerHandle {
    let miner = miner(chain, 0, model, folder).settings(settings);
    miner.spawn().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_deny_list_names_is_declined_and_the_list_is_read_again() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("deny.txt");
    let settings = Settings {
        deny_list: Some(list.clone()),
        ..settings()
    };
    let error = miner(&chain, 0, model, folder.path())
        .settings(settings.clone())
        .spawn()
        .await
        .unwrap_err();
    assert!(matches!(error, MinerError::DenyList(_)), "{error}");

    fs::write(&list, "prompt a seven\n").unwrap();
    let miner = spawn(&chain, model, folder.path(), settings).await;
    let requester = requester(&chain);
    requester.approve(U256::from(100 * AIUS)).await.unwrap();
    let ask = async |prompt: &str| {
        let request = request(model, prompt);
        requester.submit(&request).await.unwrap().task
    };
    let account = chain.lane(Actor::Requester).unwrap().address();
    let task = ask("draw A Seven").await;
    noted(&miner, task, "`a seven`").await;
    let task = ask("an eight").await;
    reached(&miner, task, State::Revealed).await;

    let rules = [
        ("word eight".to_owned(), "the word `eight`"),
        (format!("requester {account}"), "its requester"),
        (format!("model {model}"), "its model"),
    ];
    for (number, (rule, reason)) in rules.into_iter().enumerate() {
        fs::write(&list, rule).unwrap();
        // The file is looked at once a second.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let task = ask(&format!("an eight, the {number}.")).await;
        noted(&miner, task, reason).await;
    }

    // Who asks in the name of a denied account, or is asked for by another.
    fs::write(&list, format!("requester {account}")).unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let other = chain.lane(Actor::Miner(2)).unwrap().clone();
    let other = arbius_sdk::client::Requester::new(other, chain.deployment()).unwrap();
    let request = TaskRequest {
        owner: Some(account),
        ..request(model, "a nine")
    };
    let task = other.submit(&request).await.unwrap().task;
    noted(&miner, task, "its requester").await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_beyond_a_limit_is_declined_with_the_figures() {
    let (chain, model) = chain_with_model().await;
    let requester = requester(&chain);
    requester.approve(U256::from(100 * AIUS)).await.unwrap();
    let limits = [
        (
            Limits {
                input_bytes: 10,
                ..Limits::default()
            },
            "its input has",
        ),
        (
            Limits {
                disk_bytes: Some(0),
                ..Limits::default()
            },
            "of the disk",
        ),
        (
            Limits {
                queue: 0,
                ..Limits::default()
            },
            "in the queue",
        ),
        (
            Limits {
                min_free_memory: Some(u64::MAX),
                ..Limits::default()
            },
            "of memory are available",
        ),
    ];
    for (limits, reason) in limits {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            limits,
            ..settings()
        };
        let miner = spawn(&chain, model, folder.path(), settings).await;
        let task = requester.submit(&request(model, "one")).await.unwrap().task;
        noted(&miner, task, reason).await;
        let jobs = miner.jobs().unwrap();
        let job = jobs.iter().find(|job| job.task == task).unwrap();
        assert_eq!(job.state, State::Declined);
        miner.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_jobs_are_in_progress_than_the_limit() {
    let world = World::new().await;
    let machine = Arc::new(Faulty::default());
    let solver: Arc<dyn Solver> = machine.clone();
    let one_by_one = Settings {
        parallel_jobs: 1,
        parallel_solves: 4,
        ..settings()
    };
    let miner = world.miner(0).solver(solver).settings(one_by_one);
    let miner = miner.spawn().await.unwrap();
    machine.hangs.on();
    let before = machine.runs.load(Ordering::SeqCst);
    let tasks = [world.ask("one").await.task, world.ask("two").await.task];
    for task in tasks {
        reached(&miner, task, State::Seen).await;
    }
    let begun = || machine.runs.load(Ordering::SeqCst) - before;
    until("one is computed", async || begun() > 0).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(begun(), 1);
    machine.hangs.off();
    for task in tasks {
        reached(&miner, task, State::Revealed).await;
    }
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_brings_less_than_its_gas_is_declined_with_the_sum() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let price = |aius_price: u64| Settings {
        margin: Some(Margin {
            aius_price: U256::from(aius_price),
            percent: 20,
        }),
        ..settings()
    };
    let requester = requester(&chain);
    requester.approve(U256::from(100 * AIUS)).await.unwrap();
    let worthless = spawn(&chain, model, folder.path(), price(1)).await;
    let task = requester.submit(&request(model, "one")).await.unwrap().task;
    noted(&worthless, task, "with a margin of 20 %").await;
    worthless.stop().await.unwrap();
    // A thousandth of an ether for an AIUS.
    let worth_it = spawn(&chain, model, folder.path(), price(1_000_000_000_000_000)).await;
    let task = requester.submit(&request(model, "two")).await.unwrap().task;
    reached(&worth_it, task, State::Revealed).await;
    worth_it.stop().await.unwrap();
}
