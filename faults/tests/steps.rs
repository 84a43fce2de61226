//! A miner killed before and after every named step, and taken up again.

use std::time::{Duration, Instant};

use arbius_faults::{
    Config, Edge, Ended, FaultProxy, MinerProcess, Moment, STEPS, Scene, settings,
};
use arbius_sdk::miner::State;
use arbius_testkit::{Actor, Random};

const PROGRAM: &str = env!("CARGO_BIN_EXE_miner_process");
const PATIENCE: Duration = Duration::from_secs(60);

/// Tasks for each kill: so few that every time a step is come by is one of some job's.
const TASKS: usize = 3;

/// Waits until the miner is dead or everything there is has been claimed, moving the clock
/// past the contest period once everything is solved.
async fn until_over(scene: &Scene, miner: &mut MinerProcess) {
    let start = Instant::now();
    while !miner.is_over() {
        let audit = scene.audit();
        if audit.count_claimed(scene.tasks()) == scene.tasks().len() {
            return;
        }
        if audit.count_solved(scene.tasks()) == scene.tasks().len() {
            scene.pass_contest_period().unwrap();
        }
        assert!(start.elapsed() < PATIENCE, "no end\n{}", miner.log());
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_killed_before_and_after_every_step_does_each_once() {
    let mut random = Random::new(settings::seed());
    let mut scene = Scene::start().await.unwrap();
    let account = scene.chain().lane(Actor::Miner(0)).unwrap().address();
    let proxy = FaultProxy::start(&scene.chain().devnet().url())
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = scene.miner(0, &[proxy.url()], folder.path()).unwrap();
    let mut never = Vec::new();
    for (step, with) in STEPS {
        for edge in [Edge::Before, Edge::After] {
            let kill = Moment {
                step: step.to_owned(),
                with: with.to_owned(),
                edge,
                nth: random.between(1, 2).try_into().unwrap(),
            };
            println!("{kill}");
            scene.submit(TASKS).await.unwrap();
            let killed = Config {
                kill: Some(kill.clone()),
                ..config.clone()
            };
            let mut miner = MinerProcess::start(PROGRAM, &killed).await.unwrap();
            until_over(&scene, &mut miner).await;
            // Some steps come after the last claim.
            let patience = match kill.nth {
                1 => PATIENCE,
                // It need not come a second time.
                _ => Duration::from_millis(300),
            };
            let start = Instant::now();
            while !miner.is_over() && start.elapsed() < patience {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            match miner.stop().await.unwrap() {
                Ended::Killed(9) => {}
                // Steps of many jobs at once come by once for all of them.
                other if kill.nth == 1 => never.push(format!("{kill}: {other:?}")),
                _ => {}
            }
            // Whatever was left undone is done by the next one.
            let mut miner = MinerProcess::start(PROGRAM, &config).await.unwrap();
            miner.ready().await.unwrap();
            until_over(&scene, &mut miner).await;
            all_written_down(&scene, &mut miner).await;
            let ended = miner.stop().await.unwrap();
            assert!(matches!(ended, Ended::Stopped(_)), "{kill}: {ended:?}");
            let complaints = scene.audit().complaints(scene.tasks(), &[account]);
            assert!(complaints.is_empty(), "{kill}: {complaints:#?}");
        }
    }
    assert!(never.is_empty(), "the miner never came by: {never:#?}");
    let forgotten = MinerProcess::forgotten(PROGRAM, &config).await.unwrap();
    assert!(forgotten.is_empty(), "{forgotten:#?}");
}

/// Waits until the miner itself knows that every job is claimed.
async fn all_written_down(scene: &Scene, miner: &mut MinerProcess) {
    let start = Instant::now();
    loop {
        let jobs = miner.jobs().await.unwrap();
        let claimed = jobs.iter().filter(|job| job.state == State::Claimed);
        if claimed.count() == scene.tasks().len() {
            assert_eq!(jobs.len(), scene.tasks().len(), "{jobs:#?}");
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{jobs:#?}\n{}", miner.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
