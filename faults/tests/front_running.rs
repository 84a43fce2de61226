//! A miner whose every transaction is copied before it is in a block.

use std::time::{Duration, Instant};

use arbius_faults::{Ended, FaultProxy, FrontRunner, MinerProcess, Scene};
use arbius_testkit::devnet::chain::Mining;

const PROGRAM: &str = env!("CARGO_BIN_EXE_miner_process");
const PATIENCE: Duration = Duration::from_secs(90);
const TASKS: usize = 12;

/// So that transactions wait where others see them.
const BLOCKS: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread")]
async fn copying_what_a_miner_sends_wins_nothing_and_costs_it_nothing() {
    let mut scene = Scene::start().await.unwrap();
    let proxy = FaultProxy::start(&scene.chain().devnet().url())
        .await
        .unwrap();
    let rival = FrontRunner::start(&scene, 1).await.unwrap();
    proxy.leak_to(rival.leaks());
    let folder = tempfile::tempdir().unwrap();
    let config = scene.miner(0, &[proxy.url()], folder.path()).unwrap();
    let mut miner = MinerProcess::start(PROGRAM, &config).await.unwrap();
    let account = miner.ready().await.unwrap();
    let chain = scene.chain().devnet().chain().clone();
    chain.set_mining(Mining::Interval(BLOCKS));
    let start = Instant::now();
    while scene.tasks().len() < TASKS {
        // Alone, and with others.
        scene.submit(1).await.unwrap();
        scene.submit(2).await.unwrap();
    }
    loop {
        let audit = scene.audit();
        if audit.count_claimed(scene.tasks()) == TASKS {
            break;
        }
        if audit.count_solved(scene.tasks()) == TASKS {
            scene.pass_contest_period().unwrap();
        }
        assert!(!miner.is_over(), "it ended\n{}", miner.log());
        assert!(start.elapsed() < PATIENCE, "{}", miner.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let ended = miner.stop().await.unwrap();
    assert!(matches!(ended, Ended::Stopped(_)), "{ended:?}");
    let (commitments, solutions) = (rival.commitments(), rival.solutions());
    println!("{commitments} commitments and {solutions} transactions with solutions copied");
    assert!(commitments > 0 && solutions > 0);
    let audit = scene.audit();
    assert!(audit.solved.values().all(|solvers| *solvers == [account]));
    let mut complaints = audit.complaints(scene.tasks(), &[account]);
    // It was committed to all the same: by the rival, for it.
    complaints.retain(|complaint| !complaint.contains("CommitmentExists"));
    complaints.extend(scene.lost_stake(account).await.unwrap());
    assert!(complaints.is_empty(), "{complaints:#?}");
}
