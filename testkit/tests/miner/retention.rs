//! What a miner forgets, and what goes with it.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use alloy_primitives::B256;
use arbius_sdk::{
    content::{BlockStore as _, Cid, FolderStore, PinMode, unixfs},
    miner::{Retention, Settings, State},
};

use crate::world::{World, reached, settings, until};

/// Makes every block older than what a collection of garbage leaves alone.
fn age(folder: &Path) {
    let hours_ago = SystemTime::now() - Duration::from_secs(2 * 3_600);
    for shard in std::fs::read_dir(folder.join("blocks")).unwrap() {
        for block in std::fs::read_dir(shard.unwrap().path()).unwrap() {
            let file = std::fs::File::open(block.unwrap().path()).unwrap();
            file.set_modified(hours_ago).unwrap();
        }
    }
}

/// Lets a miner solve a task, and stops it.
async fn solved(world: &World, prompt: &str) -> (B256, Cid) {
    let miner = world.spawn(0, settings()).await;
    let asked = world.ask(prompt).await;
    reached(&miner, asked.task, State::Revealed).await;
    let root = world.solution(asked.task).await.cid;
    world.past_contest();
    reached(&miner, asked.task, State::Claimed).await;
    miner.stop().await.unwrap();
    (asked.task, root)
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_go_with_the_jobs_that_have_them_and_nothing_else_goes() {
    let world = World::new().await;
    let (old, gone) = solved(&world, "one").await;
    // Jobs of the last 1,024 blocks are remembered whatever their age.
    world.chain.devnet().chain().mine_many(1_100, 1).unwrap();
    let (new, kept) = solved(&world, "two").await;

    let path = world.folder(0).join("blocks");
    let folder = FolderStore::open(&path).unwrap();
    let operators = unixfs::put_files(&[("notes.txt", b"mine")], &folder).await;
    let operators = operators.unwrap().cid;
    folder
        .pin(&operators, PinMode::Recursive, None)
        .await
        .unwrap();
    // As a version left it that pinned nothing.
    assert!(folder.unpin(&kept).await.unwrap());
    age(&path);

    let forgetful = Settings {
        retention: Retention {
            age: Duration::ZERO,
            ..Retention::default()
        },
        ..settings()
    };
    let miner = world.spawn(0, forgetful).await;
    until("the outputs of the old job are gone", async || {
        !folder.has(&gone).await.unwrap()
    })
    .await;
    let jobs = miner.jobs().unwrap();
    assert!(jobs.iter().all(|job| job.task != old) && jobs.iter().any(|job| job.task == new));
    assert_eq!(miner.tally().unwrap().of(State::Claimed), 2, "totals stay");
    miner.stop().await.unwrap();
    let pins = folder.pins().await.unwrap();
    let mut pinned: Vec<Cid> = pins.into_iter().map(|pin| pin.cid).collect();
    pinned.sort_unstable();
    let mut expected = [kept, operators];
    expected.sort_unstable();
    assert_eq!(pinned, expected);
    for root in expected {
        assert!(folder.has(&root).await.unwrap());
    }
}
