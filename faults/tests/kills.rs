//! A miner killed at random times, under load.

use std::time::{Duration, Instant};

use arbius_faults::{Ended, FaultProxy, MinerProcess, Scene, settings, settings::Soak};
use arbius_testkit::{Actor, Random};

const PROGRAM: &str = env!("CARGO_BIN_EXE_miner_process");

/// Without anything more being claimed.
const PATIENCE: Duration = Duration::from_secs(120);

/// Tasks that are on their way at least, at any time.
const LOAD: usize = 20;

/// `ARBIUS_SOAK=full` kills 300 times, else 40 times; `ARBIUS_FUZZ_SEED` repeats the times.
#[tokio::test(flavor = "multi_thread")]
async fn a_miner_killed_at_random_times_under_load_accounts_for_every_task() {
    let mut random = Random::new(settings::seed());
    let kills = Soak::from_environment().choose(40, 300);
    let mut scene = Scene::start().await.unwrap();
    let account = scene.chain().lane(Actor::Miner(0)).unwrap().address();
    let proxy = FaultProxy::start(&scene.chain().devnet().url())
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = scene.miner(0, &[proxy.url()], folder.path()).unwrap();
    for _ in 0..kills {
        let audit = scene.audit();
        let open = scene.tasks().len() - audit.count_solved(scene.tasks());
        if open < LOAD {
            scene.submit(LOAD).await.unwrap();
        }
        // Some claims become due in the middle of it.
        if random.chance(20) {
            scene.pass_contest_period().unwrap();
        }
        let mut miner = MinerProcess::start(PROGRAM, &config).await.unwrap();
        // Most die at work, some while they start.
        if random.chance(85) {
            miner.ready().await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(random.below(500))).await;
        let ended = miner.kill().await.unwrap();
        assert!(matches!(ended, Ended::Killed(9)), "{ended:?}");
    }
    let mut last = MinerProcess::start(PROGRAM, &config).await.unwrap();
    last.ready().await.unwrap();
    let mut progress = (0, Instant::now());
    loop {
        let audit = scene.audit();
        let claimed = audit.count_claimed(scene.tasks());
        if claimed == scene.tasks().len() {
            break;
        }
        if audit.count_solved(scene.tasks()) == scene.tasks().len() {
            scene.pass_contest_period().unwrap();
        }
        if claimed > progress.0 {
            progress = (claimed, Instant::now());
        }
        assert!(
            progress.1.elapsed() < PATIENCE,
            "{claimed} claimed\n{}",
            last.log()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let ended = last.stop().await.unwrap();
    assert!(matches!(ended, Ended::Stopped(_)), "{ended:?}");
    let complaints = scene.audit().complaints(scene.tasks(), &[account]);
    assert!(complaints.is_empty(), "{complaints:#?}");
    let forgotten = MinerProcess::forgotten(PROGRAM, &config).await.unwrap();
    assert!(forgotten.is_empty(), "{forgotten:#?}");
    println!(
        "{kills} kills, {} tasks, all claimed once",
        scene.tasks().len()
    );
}
