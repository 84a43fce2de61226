//! A miner whose endpoint fails, in every way there is.

use std::time::{Duration, Instant};

use arbius_faults::{Fault, FaultProxy, MinerProcess, Scene, Script, settings};

const PROGRAM: &str = env!("CARGO_BIN_EXE_miner_process");
const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until every task is claimed.
async fn all_claimed(scene: &Scene, miner: &mut MinerProcess, what: &str) {
    let start = Instant::now();
    loop {
        assert!(!miner.is_over(), "{what}: it ended\n{}", miner.log());
        let audit = scene.audit();
        let (solved, claimed) = (
            audit.count_solved(scene.tasks()),
            audit.count_claimed(scene.tasks()),
        );
        if claimed == scene.tasks().len() {
            println!("{what}: {:.1} s", start.elapsed().as_secs_f64());
            return;
        }
        if solved == scene.tasks().len() {
            scene.pass_contest_period().unwrap();
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{what}: {solved} solved, {claimed} claimed of {}\n{}",
            scene.tasks().len(),
            miner.log()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_works_through_every_failure_of_its_only_endpoint() {
    let seed = settings::seed();
    let mut scene = Scene::start().await.unwrap();
    let proxy = FaultProxy::start(&scene.chain().devnet().url())
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = scene.miner(0, &[proxy.url()], folder.path()).unwrap();
    let mut miner = MinerProcess::start(PROGRAM, &config).await.unwrap();
    let account = miner.ready().await.unwrap();
    for (method, fault) in [
        ("eth_getBlockByNumber", Fault::StaleHead),
        ("eth_getTransactionReceipt", Fault::NoReceipt),
        ("eth_sendRawTransaction", Fault::SwallowTransaction),
        ("eth_sendRawTransaction", Fault::ErrorAfterSending),
        ("eth_sendRawTransaction", Fault::Duplicate),
    ] {
        proxy.queue(method, fault);
        proxy.queue(method, fault);
        scene.submit(3).await.unwrap();
        all_claimed(&scene, &mut miner, &fault.to_string()).await;
    }
    // Last those after which an endpoint is asked less for a while.
    let says_too_much =
        |fault: &Fault| matches!(fault, Fault::TooManyRequests | Fault::Unavailable);
    let mut failures = Fault::FAILURES;
    failures.sort_by_key(says_too_much);
    for fault in failures {
        let script = Script::new(seed)
            .with(fault, 120)
            .stall(Duration::from_secs(1));
        proxy.follow((!says_too_much(&fault)).then_some(script));
        proxy.queue("eth_getBlockByNumber", fault);
        scene.submit(3).await.unwrap();
        all_claimed(&scene, &mut miner, &fault.to_string()).await;
    }
    proxy.follow(None);
    let faults = proxy.faults();
    proxy.set_alive(false);
    scene.submit(3).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    proxy.set_alive(true);
    all_claimed(&scene, &mut miner, "death").await;
    println!("{faults:?}");
    let complaints = scene.audit().complaints(scene.tasks(), &[account]);
    assert!(complaints.is_empty(), "{complaints:#?}");
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_works_through_every_failure_of_its_only_websocket() {
    let seed = settings::seed();
    let mut scene = Scene::start().await.unwrap();
    let proxy = FaultProxy::start(&scene.chain().devnet().url())
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = scene.miner(0, &[proxy.ws_url()], folder.path()).unwrap();
    let mut miner = MinerProcess::start(PROGRAM, &config).await.unwrap();
    let account = miner.ready().await.unwrap();
    // What it is told of is lost or made up, for good, and the connection is cut.
    for fault in Fault::OF_SUBSCRIPTIONS {
        proxy.follow(Some(Script::new(seed).with(fault, 1_000)));
        scene.submit(3).await.unwrap();
        all_claimed(&scene, &mut miner, &fault.to_string()).await;
    }
    // Its answers are late, lost, or no answers.
    for fault in [
        Fault::Drop,
        Fault::Delay,
        Fault::Stall,
        Fault::Truncate,
        Fault::Garbage,
    ] {
        let script = Script::new(seed)
            .with(fault, 60)
            .stall(Duration::from_secs(1));
        proxy.follow(Some(script));
        proxy.queue("eth_subscribe", fault);
        scene.submit(3).await.unwrap();
        all_claimed(&scene, &mut miner, &fault.to_string()).await;
    }
    proxy.follow(None);
    proxy.set_alive(false);
    scene.submit(3).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    proxy.set_alive(true);
    all_claimed(&scene, &mut miner, "death").await;
    println!("{:?}", proxy.faults());
    let complaints = scene.audit().complaints(scene.tasks(), &[account]);
    assert!(complaints.is_empty(), "{complaints:#?}");
    miner.stop().await.unwrap();
}
