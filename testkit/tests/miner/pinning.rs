//! Results kept with stores beyond the miner's machine, which hold nothing up.

use std::{sync::Arc, time::Duration};

use arbius_sdk::{
    content::{
        pinning::{Kubo, PinStore, PinTimes},
        unixfs,
    },
    miner::{
        Miner, MinerError, MinerHandle, PinContent, PinStage, Pinning, Role, Roles, State,
        StoreError,
    },
};

use crate::{
    kubo_server::{self, Mood},
    world::{World, all_over, answer, reached, settings, until, watching},
};

/// A miner that keeps what it makes with these nodes, and is quick about it.
fn keeping(miner: Miner, nodes: &[&str]) -> Miner {
    let times = PinTimes {
        answer: Duration::from_secs(2),
        slowest: 1 << 20,
    };
    let mut settings = settings();
    settings.pinning = Pinning {
        retry: Duration::from_millis(50),
        longest_pause: Duration::from_millis(400),
        ..Pinning::default()
    };
    let mut miner = miner.settings(settings);
    for url in nodes {
        let store: Arc<dyn PinStore> = Arc::new(Kubo::new(url, None, times).unwrap());
        miner = miner.pin_store(store);
    }
    miner
}

/// Stages of the pins for one store, outputs first.
fn stages(miner: &MinerHandle, store: &str) -> Vec<PinStage> {
    let pins = miner.pins().unwrap();
    let mut pins: Vec<_> = pins.iter().filter(|pin| pin.store == store).collect();
    pins.sort_by_key(|pin| pin.content == PinContent::Input);
    pins.iter().map(|pin| pin.stage).collect()
}

async fn all_confirmed(miner: &MinerHandle, store: &str, count: usize) {
    until("every pin is confirmed", async || {
        let stages = stages(miner, store);
        stages.len() == count && stages.iter().all(|stage| *stage == PinStage::Confirmed)
    })
    .await;
}

async fn start(world: &World, nodes: &[&str]) -> MinerHandle {
    for _ in 0..200 {
        match keeping(world.miner(0), nodes).spawn().await {
            Err(MinerError::Store(StoreError::InUse { .. })) => {
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            other => return other.unwrap(),
        }
    }
    panic!("the dropped miner never let go of its store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_hangs_holds_up_neither_the_claim_nor_another_store() {
    let world = World::new().await;
    let (well_url, well) = kubo_server::start().await;
    let (hanging_url, hanging) = kubo_server::start().await;
    hanging.is(Mood::Hangs);
    let miner = start(&world, &[&hanging_url, &well_url]).await;
    let task = world.ask("a seven").await.task;
    reached(&miner, task, State::Revealed).await;
    world.past_contest();
    all_over(&miner, 1).await;
    let job = miner.jobs().unwrap().remove(0);
    assert_eq!(job.state, State::Claimed);

    // The result is where it can be had, the hanging store has nothing, and the miner says so.
    all_confirmed(&miner, &well_url, 2).await;
    assert_eq!(stages(&miner, &hanging_url), [PinStage::Waiting; 2]);
    let pins = miner.pins().unwrap();
    let output = pins
        .iter()
        .find(|pin| pin.content == PinContent::Output)
        .unwrap();
    assert_eq!(output.cid().to_bytes(), job.cid.unwrap());
    assert!(well.has_pinned(&output.cid()) && well.has_pinned(&unixfs::cid_of(&job.input)));
    until("the trouble is told", async || {
        let pins = miner.pins().unwrap();
        pins.iter().any(|pin| {
            let note = pin.note.as_deref().unwrap_or_default();
            note.contains(&hanging_url) && note.contains("did not answer")
        })
    })
    .await;

    // Once it is back it gets everything.
    hanging.is(Mood::Well);
    all_confirmed(&miner, &hanging_url, 2).await;
    assert!(hanging.has_pinned(&output.cid()));
    let metrics = miner.metrics().encode();
    let counted =
        format!(r#"arbius_pin_attempts_total{{store="{hanging_url}",outcome="confirmed"}} 2"#);
    assert!(metrics.contains(&counted), "no `{counted}` in\n{metrics}");
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_sent_when_the_miner_was_dropped_is_sent_after_it() {
    let world = World::new().await;
    let (url, node) = kubo_server::start().await;
    node.is(Mood::Hangs);
    let miner = start(&world, &[&url]).await;
    let task = world.ask("a three").await.task;
    reached(&miner, task, State::Revealed).await;
    assert_eq!(stages(&miner, &url), [PinStage::Waiting; 2]);
    // As a kill: nothing is shut down.
    drop(miner);
    node.is(Mood::Well);
    let miner = start(&world, &[&url]).await;
    all_confirmed(&miner, &url, 2).await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_keeps_nothing_is_not_believed_and_sent_it_again() {
    let world = World::new().await;
    let (url, node) = kubo_server::start().await;
    node.is(Mood::Forgets);
    let miner = start(&world, &[&url]).await;
    let task = world.ask("a nine").await.task;
    reached(&miner, task, State::Revealed).await;
    until("it was found out", async || {
        let pins = miner.pins().unwrap();
        pins.iter().all(|pin| {
            let note = pin.note.as_deref().unwrap_or_default();
            pin.stage == PinStage::Sent && note.contains("does not give its block")
        }) && pins.len() == 2
    })
    .await;
    node.is(Mood::Well);
    all_confirmed(&miner, &url, 2).await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_too_many_the_newest_are_kept_and_old_ones_are_given_up() {
    let world = World::new().await;
    let (url, node) = kubo_server::start().await;
    node.is(Mood::Hangs);
    let mut settings = settings();
    settings.pinning.queue = 2;
    settings.pinning.parallel = 1;
    let kubo = Kubo::new(&url, None, PinTimes::default()).unwrap();
    let miner = world
        .miner(0)
        .settings(settings)
        .pin_store(Arc::new(kubo))
        .spawn()
        .await
        .unwrap();
    for prompt in ["one", "two", "three"] {
        let task = world.ask(prompt).await.task;
        reached(&miner, task, State::Revealed).await;
    }
    until("four of six are given up", async || {
        let stages = stages(&miner, &url);
        let failed = stages.iter().filter(|stage| **stage == PinStage::Failed);
        stages.len() == 6 && failed.count() == 4
    })
    .await;
    let open: Vec<_> = miner
        .pins()
        .unwrap()
        .into_iter()
        .filter(|pin| !pin.stage.is_over())
        .collect();
    assert_eq!(open.len(), 2, "{open:#?}");
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_pin_keeps_others_results_there_too() {
    let world = World::new().await;
    let (url, node) = kubo_server::start().await;
    let mut settings = watching();
    settings.roles = Roles::NONE.with(Role::Verify).with(Role::Pin);
    let kubo = Kubo::new(&url, None, PinTimes::default()).unwrap();
    let miner = world
        .miner(0)
        .settings(settings)
        .pin_store(Arc::new(kubo))
        .spawn()
        .await
        .unwrap();
    let other = world.validator(1).await;
    let asked = world.ask("an eight").await;
    answer(&other, &asked).await;
    until("it is kept there", async || {
        stages(&miner, &url) == [PinStage::Confirmed]
    })
    .await;
    let pin = miner.pins().unwrap().remove(0);
    assert!(node.has_pinned(&pin.cid()));
    miner.stop().await.unwrap();
}
