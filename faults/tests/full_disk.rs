//! A miner whose disk fills at every step that writes, before its start, and beneath its log.

use std::{
    fs,
    time::{Duration, Instant},
};

use arbius_faults::{
    Config, Court, DISPUTE_STEPS, Edge, Ended, MinerProcess, Moment, Round, STEPS, Scene,
};
use arbius_sdk::{
    http,
    miner::{Health, MonitorAddress},
};
use arbius_testkit::Actor;

const PROGRAM: &str = env!("CARGO_BIN_EXE_miner_process");
const PATIENCE: Duration = Duration::from_secs(60);

/// For how long it is waited for one more step after all that the chain shows, where a round has
/// had its step.
const LAST_STEPS: Duration = Duration::from_millis(300);

/// Steps of which each one's beginning is a moment to fill the disk at: what it writes is not
/// written then.
fn moments(steps: &[(&str, &str)]) -> Vec<Moment> {
    let moment = |(step, with): &(&str, &str)| Moment {
        step: (*step).to_owned(),
        with: (*with).to_owned(),
        edge: Edge::Before,
        nth: 1,
    };
    steps.iter().map(moment).collect()
}

/// Counts the moment that has come if a miner's disk is full, and gives it room again once it says
/// that it needs some. Returns whether it was full.
async fn relieve_if_full(
    config: &Config,
    moments: &[Moment],
    filled: &mut usize,
    miner: &MinerProcess,
) -> eyre::Result<bool> {
    let is_full = miner.has_full_disk()?;
    if is_full {
        println!("{}", moments[*filled]);
        *filled += 1;
        hear_and_relieve(config, miner).await;
    }
    Ok(is_full)
}

/// Waits until a miner says that it cannot mine for want of room, and gives it room again.
async fn hear_and_relieve(config: &Config, miner: &MinerProcess) {
    let start = Instant::now();
    loop {
        let health = health(config).await;
        let says = |code: &str| health.reasons.iter().any(|reason| reason.code == code);
        if !health.healthy && says("store") && says("blocks") {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{health:#?}\n{}", miner.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let metrics = ask(config, "metrics").await;
    assert!(
        metrics.contains("arbius_unhealthy{reason=\"store\"} 1"),
        "{metrics}"
    );
    miner.limit_files(None).unwrap();
}

async fn health(config: &Config) -> Health {
    serde_json::from_str(&ask(config, "health").await).unwrap()
}

async fn ask(config: &Config, path: &str) -> String {
    let monitor = MonitorAddress::find(&config.folder).unwrap();
    let client = http::client().unwrap();
    let answer = client.get(format!("{}/{path}", monitor.url)).send().await;
    answer.unwrap().text().await.unwrap()
}

/// Lets a miner go through rounds of work and disputes, with its disk filled at one moment after
/// the other.
async fn suffer(steps: &[(&str, &str)]) {
    let moments = moments(steps);
    let mut scene = Scene::start().await.unwrap();
    let account = scene.chain().lane(Actor::Miner(0)).unwrap().address();
    let folder = tempfile::tempdir().unwrap();
    let url = scene.chain().devnet().url();
    let mut config = scene.miner(0, &[url], folder.path()).unwrap();
    config.verify_percent = 100.0;
    config.all_roles = true;
    let mut court = Court::gather_around(&scene, PROGRAM, &config)
        .await
        .unwrap();
    let mut filled = 0;
    while let Some(next) = moments.get(filled) {
        let before = filled;
        let mut round = Round::begin(&mut scene, &mut court, account).await.unwrap();
        config.full = moments[filled..].to_vec();
        let mut miner = MinerProcess::start(PROGRAM, &config).await.unwrap();
        let relieve = async |miner: &mut MinerProcess| {
            relieve_if_full(&config, &moments, &mut filled, miner).await
        };
        round
            .follow(&scene, &mut court, &mut miner, relieve)
            .await
            .unwrap();
        // The last steps come after all that the chain shows. Every round has every step, so that
        // what it was to begin with comes, if late.
        let followed = Instant::now();
        while filled == before || followed.elapsed() < LAST_STEPS {
            assert!(
                filled > before || followed.elapsed() < PATIENCE,
                "never came by {next}\n{}",
                miner.log()
            );
            relieve_if_full(&config, &moments, &mut filled, &miner)
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // What comes from here on finds room, and is come by again in the next round.
        let ended = miner.stop().await.unwrap();
        assert!(matches!(ended, Ended::Stopped(_)), "{ended:?}");
        let complaints = round.complaints(&scene.audit(), &court);
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
    config.full.clear();
    let forgotten = MinerProcess::forgotten(PROGRAM, &config).await.unwrap();
    assert!(forgotten.is_empty(), "{forgotten:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_at_any_step_of_a_job_is_waited_out() {
    suffer(&STEPS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_at_any_step_of_a_dispute_is_waited_out() {
    suffer(&DISPUTE_STEPS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_is_started_on_a_full_disk_starts_once_there_is_room() {
    let mut scene = Scene::start().await.unwrap();
    let url = scene.chain().devnet().url();
    let folder = tempfile::tempdir().unwrap();
    let config = scene.miner(0, &[url], folder.path()).unwrap();
    // Without a store, and with one.
    for _ in 0..2 {
        scene.submit(1).await.unwrap();
        let mut miner = MinerProcess::start(PROGRAM, &config).await.unwrap();
        miner.limit_files(Some(0)).unwrap();
        let start = Instant::now();
        while !miner.log().contains("starts once there is room") {
            assert!(!miner.is_over(), "it ended\n{}", miner.log());
            assert!(start.elapsed() < PATIENCE, "{}", miner.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        miner.limit_files(None).unwrap();
        let account = miner.ready().await.unwrap();
        while scene.audit().count_solved(scene.tasks()) < scene.tasks().len() {
            assert!(start.elapsed() < PATIENCE, "{}", miner.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        miner.stop().await.unwrap();
        let solved = scene.audit().solved;
        assert!(solved.values().all(|solvers| *solvers == [account]));
    }
    let names = fs::read_dir(folder.path()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "only the store and the blocks: {names:?}");
}
