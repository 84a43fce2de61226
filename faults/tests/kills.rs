//! A miner killed at random times, under load and amid disputes.

use std::time::{Duration, Instant};

use alloy_primitives::B256;
use arbius_faults::{Court, Ended, FaultProxy, MinerProcess, Scene, settings, settings::Soak};
use arbius_testkit::{Actor, Random};

const PROGRAM: &str = env!("CARGO_BIN_EXE_miner_process");

/// Without anything more being claimed.
const PATIENCE: Duration = Duration::from_secs(120);

/// Tasks that are on their way at least, at any time.
const LOAD: usize = 20;

/// In so many kills there is one dispute of each kind.
const DECK: usize = 12;

/// What somebody does while the miner is dead, that it has to do something about.
#[derive(Clone, Copy)]
enum Dispute {
    /// Reveals a made-up solution.
    MadeUp,
    /// Contests a new solution in bad faith, which is right and somebody else's.
    Slander,
    /// Contests one in bad faith that was there before, most likely the miner's own.
    BelatedSlander,
}

/// `ARBIUS_SOAK=full` kills 300 times, else 40 times; `ARBIUS_FUZZ_SEED` repeats the times.
#[tokio::test(flavor = "multi_thread")]
async fn a_miner_killed_at_random_times_accounts_for_every_task_and_dispute() {
    let mut random = Random::new(settings::seed());
    let kills = Soak::from_environment().choose(40, 300);
    let mut scene = Scene::start().await.unwrap();
    let account = scene.chain().lane(Actor::Miner(0)).unwrap().address();
    let proxy = FaultProxy::start(&scene.chain().devnet().url())
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = scene.miner(0, &[proxy.url()], folder.path()).unwrap();
    config.verify_percent = 100.0;
    let mut court = Court::gather_around(&scene, PROGRAM, &config)
        .await
        .unwrap();
    let mut deck = Vec::new();
    for _ in 0..kills {
        let audit = scene.audit();
        let open = scene.tasks().len() - audit.count_solved(scene.tasks());
        if open < LOAD {
            scene.submit(LOAD).await.unwrap();
        }
        if let Some(dispute) = draw(&mut deck, &mut random) {
            begin(dispute, &mut scene, &mut court).await;
        }
        court.vote(&audit).await.unwrap();
        // Some claims and settlements become due in the middle of it.
        if random.chance(20) && court.is_decided(&scene.audit(), account) {
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
        let unpaid = audit.contested.keys().filter(|task| audit.unpaid(task) > 0);
        let ended = audit.count_claimed(scene.tasks()) + audit.rejected.len();
        if ended == scene.tasks().len() && unpaid.count() == 0 {
            break;
        }
        court.vote(&audit).await.unwrap();
        let solved = audit.count_solved(scene.tasks()) == scene.tasks().len();
        if solved && court.is_decided(&audit, account) {
            scene.pass_contest_period().unwrap();
        }
        if ended > progress.0 {
            progress = (ended, Instant::now());
        }
        assert!(
            progress.1.elapsed() < PATIENCE,
            "{ended} ended: {:#?}\n{}",
            court.complaints(&audit, account),
            last.log()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let ended = last.stop().await.unwrap();
    assert!(matches!(ended, Ended::Stopped(_)), "{ended:?}");
    let audit = scene.audit();
    let right = scene.tasks().iter().copied();
    let right: Vec<B256> = right.filter(|task| !court.is_made_up(task)).collect();
    let mut complaints = audit.complaints(&right, &[account]);
    complaints.extend(court.complaints(&audit, account));
    complaints.extend(scene.lost_stake(account).await.unwrap());
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert!(!audit.rejected.is_empty() && !audit.upheld.is_empty());
    let forgotten = MinerProcess::forgotten(PROGRAM, &config).await.unwrap();
    assert!(forgotten.is_empty(), "{forgotten:#?}");
    println!(
        "{kills} kills; {} tasks, all claimed once but {} that were made up and rejected; \
         {} contested in bad faith and upheld",
        scene.tasks().len(),
        audit.rejected.len(),
        audit.upheld.len()
    );
}

/// Whether there is a dispute before the next kill, and which. Chance says when, and not whether
/// at all: what the run shows needs disputes of every kind.
fn draw(deck: &mut Vec<Option<Dispute>>, random: &mut Random) -> Option<Dispute> {
    if deck.is_empty() {
        let kinds = [Dispute::MadeUp, Dispute::Slander, Dispute::BelatedSlander];
        deck.extend(kinds.map(Some));
        deck.resize(DECK, None);
    }
    let place = random.below(deck.len() as u64);
    deck.swap_remove(usize::try_from(place).unwrap())
}

/// Begins a dispute.
async fn begin(dispute: Dispute, scene: &mut Scene, court: &mut Court) {
    let audit = scene.audit();
    let is_open = |task: &&B256| {
        audit.solved.contains_key(*task)
            && !audit.claimed.contains_key(*task)
            && !audit.contested.contains_key(*task)
            && !court.is_made_up(task)
    };
    match dispute {
        Dispute::MadeUp => {
            scene.submit(1).await.unwrap();
            let task = *scene.tasks().last().unwrap();
            match court.make_up(task).await {
                // The miner solves it, then.
                Err(error) if error.is_revert("SubmitSolutionCooldown") => {}
                made_up => made_up.unwrap(),
            }
        }
        Dispute::Slander => {
            scene.submit(1).await.unwrap();
            let task = *scene.tasks().last().unwrap();
            court.solve(scene, task).await.unwrap();
            court.slander(task).await.unwrap();
        }
        Dispute::BelatedSlander => {
            if let Some(task) = scene.tasks().iter().rev().find(is_open) {
                // Its contest period may be over.
                let _ = court.slander(*task).await;
            }
        }
    }
}
