//! A miner that watches others, killed before and after every named step, and taken up again.

use std::time::{Duration, Instant};

use arbius_faults::{
    Config, Court, DISPUTE_STEPS, Edge, Ended, MinerProcess, Moment, Round, Scene,
};
use arbius_testkit::Actor;

const PROGRAM: &str = env!("CARGO_BIN_EXE_miner_process");
const PATIENCE: Duration = Duration::from_secs(60);

/// Chains on which different steps are tried at the same time: much of it is waiting.
const CHAINS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_killed_before_and_after_every_step_of_a_dispute_does_each_once() {
    let mut moments: Vec<Vec<Moment>> = vec![Vec::new(); CHAINS];
    for (number, (step, with)) in DISPUTE_STEPS.into_iter().enumerate() {
        for edge in [Edge::Before, Edge::After] {
            moments[number % CHAINS].push(Moment {
                step: step.to_owned(),
                with: with.to_owned(),
                edge,
                nth: 1,
            });
        }
    }
    let tried = moments.into_iter().map(|some| tokio::spawn(try_all(some)));
    for some in tried.collect::<Vec<_>>() {
        some.await.unwrap();
    }
}

/// Kills a miner at one moment after the other, on a chain of its own.
async fn try_all(moments: Vec<Moment>) {
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
    for moment in moments {
        let killed = Config {
            kill: Some(moment.clone()),
            ..config.clone()
        };
        let start = Instant::now();
        let mut round = Round::begin(&mut scene, &mut court, account).await.unwrap();
        let mut miner = MinerProcess::start(PROGRAM, &killed).await.unwrap();
        let nothing = async |_: &mut MinerProcess| Ok(false);
        round
            .follow(&scene, &mut court, &mut miner, nothing)
            .await
            .unwrap();
        // What is written down at the very end comes after all that the chain shows.
        let followed = Instant::now();
        while !miner.is_over() && followed.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let ended = miner.stop().await.unwrap();
        assert!(matches!(ended, Ended::Killed(9)), "{moment}: {ended:?}");

        let mut next = MinerProcess::start(PROGRAM, &config).await.unwrap();
        next.ready().await.unwrap();
        round
            .follow(&scene, &mut court, &mut next, nothing)
            .await
            .unwrap();
        all_written_down(&round, &mut next).await;
        let ended = next.stop().await.unwrap();
        assert!(matches!(ended, Ended::Stopped(_)), "{moment}: {ended:?}");
        let mut complaints = round.complaints(&scene.audit(), &court);
        complaints.extend(scene.lost_stake(account).await.unwrap());
        assert!(complaints.is_empty(), "{moment}: {complaints:#?}");
        println!("{moment}: {:.1} s", start.elapsed().as_secs_f64());
    }
    let forgotten = MinerProcess::forgotten(PROGRAM, &config).await.unwrap();
    assert!(forgotten.is_empty(), "{forgotten:#?}");
}

/// Waits until the miner itself knows that every case is over.
async fn all_written_down(round: &Round, miner: &mut MinerProcess) {
    let start = Instant::now();
    loop {
        let cases = miner.cases().await.unwrap();
        let is_over = |task| {
            let mut cases = cases.iter();
            cases.any(|case| case.task == task && case.stage.is_over())
        };
        if round.cases().into_iter().all(is_over) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{cases:#?}\n{}", miner.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
