//! A machine that is wrong itself: it says so, and accuses nobody.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use arbius_sdk::{
    inference::Solver,
    miner::{Case, Finding, MinerHandle, Role, Roles, Settings, Stage, State, Verification},
};

use crate::{
    faulty::Faulty,
    world::{
        World, answer, case_at, case_that, cheat, noted, reached, reveal, settings, until, watching,
    },
};

/// A miner that computes on a machine whose faults can be switched on.
async fn on(
    world: &World,
    number: usize,
    machine: &Arc<Faulty>,
    settings: Settings,
) -> MinerHandle {
    let machine: Arc<dyn Solver> = machine.clone();
    let miner = world.miner(number).solver(machine).settings(settings);
    miner.spawn().await.unwrap()
}

fn solving() -> Settings {
    Settings {
        roles: Roles::NONE.with(Role::Solve),
        ..settings()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_wrong_itself_neither_accuses_nor_votes_and_says_so() {
    let world = World::new().await;
    let machine = Arc::new(Faulty::default());
    let watcher = on(&world, 0, &machine, watching()).await;
    let (honest, mallory) = (world.validator(3).await, world.validator(2).await);
    world.grow_up();

    // Its memory rots: to this machine the honest solution looks wrong.
    machine.broken.on();
    let asked = world.ask("five").await;
    answer(&honest, &asked).await;
    let case = case_at(&watcher, asked.task, Stage::Inconclusive).await;
    assert!(
        matches!(case.finding, Some(Finding::Inconclusive { .. })),
        "{case:#?}"
    );
    let stopped = watcher.stopped_models();
    assert_eq!(stopped.len(), 1);
    assert!(stopped[0].1.contains("golden"), "{stopped:?}");
    // Nor does it vote on what another contests.
    mallory.contest(asked.task).await.unwrap();
    case_at(&watcher, asked.task, Stage::Abstained).await;
    let votes = world.contestation(asked.task).await.unwrap();
    assert_eq!(votes.wrong, [mallory.address()]);
    assert_eq!(votes.right, [honest.address()]);
    watcher.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_turns_wrong_commits_to_nothing_until_it_is_rechecked() {
    let world = World::new().await;
    let machine = Arc::new(Faulty::default());
    let rechecking = Settings {
        recheck: Duration::from_secs(1),
        ..solving()
    };
    let solver = on(&world, 0, &machine, rechecking).await;
    machine.broken.on();
    until("the recheck stops it", async || {
        solver.stopped_models().len() == 1
    })
    .await;
    let asked = world.ask("six").await;
    noted(&solver, asked.task, "not to be trusted").await;
    machine.broken.off();
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    assert_eq!(
        solver.stopped_models().len(),
        1,
        "being right again is not enough"
    );
    solver.recheck().await;
    assert_eq!(solver.stopped_models(), []);
    let asked = world.ask("seven").await;
    reached(&solver, asked.task, State::Revealed).await;
    solver.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_disagree_commit_to_nothing() {
    let world = World::new().await;
    let machine = Arc::new(Faulty::default());
    machine.flickers.on();
    let second_run = Settings {
        second_run: true,
        ..solving()
    };
    let solver = on(&world, 0, &machine, second_run).await;
    let staked = world.nonce(solver.account()).await;
    let asked = world.ask("one").await;
    let job = noted(&solver, asked.task, "two runs of task").await;
    assert_eq!(job.state, State::Failed);
    assert_eq!(solver.stopped_models().len(), 1);
    assert_eq!(world.nonce(solver.account()).await, staked, "no commitment");
    solver.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_agree_are_committed_to() {
    let world = World::new().await;
    let machine = Arc::new(Faulty::default());
    let second_run = Settings {
        second_run: true,
        ..solving()
    };
    let solver = on(&world, 0, &machine, second_run).await;
    let before = machine.runs.load(Ordering::SeqCst);
    let asked = world.ask("one").await;
    reached(&solver, asked.task, State::Revealed).await;
    assert_eq!(machine.runs.load(Ordering::SeqCst), before + 2);
    solver.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_disagree_accuse_nobody() {
    let world = World::new().await;
    let machine = Arc::new(Faulty::default());
    machine.flickers.on();
    let watcher = on(&world, 1, &machine, watching()).await;
    let odd = world.validator(3).await;
    world.grow_up();
    // Wrong to each of its runs.
    let asked = world.ask("one").await;
    reveal(&odd, &asked, 2).await;
    let case = case_at(&watcher, asked.task, Stage::Inconclusive).await;
    assert!(case.note.unwrap().contains("came out differently"));
    assert_eq!(world.contestation(asked.task).await, None);
    watcher.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_computed_here_is_held_against_nobody() {
    let world = World::new().await;
    let machine = Arc::new(Faulty::default());
    let watcher = on(&world, 0, &machine, watching()).await;
    let mallory = world.validator(3).await;
    world.grow_up();
    machine.fails.on();
    let asked = world.ask("two").await;
    cheat(&mallory, &asked).await;
    let case = case_at(&watcher, asked.task, Stage::Inconclusive).await;
    assert!(case.note.unwrap().contains("out of memory"));
    assert_eq!(world.contestation(asked.task).await, None);
    assert_eq!(
        watcher.stopped_models(),
        [],
        "it can still say what is right"
    );
    machine.fails.off();
    let asked = world.ask("two").await;
    cheat(&mallory, &asked).await;
    case_at(&watcher, asked.task, Stage::Voted).await;
    watcher.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_runtime_is_proved_before_anything_it_made_is_committed() {
    let world = World::new().await;
    let machine = Arc::new(Faulty::default());
    let solver = on(&world, 0, &machine, solving()).await;
    // One that makes the same, and one that does not.
    machine.version.store(1, Ordering::SeqCst);
    let asked = world.ask("one").await;
    reached(&solver, asked.task, State::Revealed).await;
    machine.version.store(2, Ordering::SeqCst);
    machine.broken.on();
    let task = world.ask("two").await.task;
    noted(&solver, task, "its runtime changed from test 1 to test 2").await;
    let solution = world.requester.network().solution(task).await.unwrap();
    assert_eq!(solution, None);
    solver.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_whose_own_answer_turns_out_wrong_stops_and_says_so() {
    let world = World::new().await;
    let machine = Arc::new(Faulty::default());
    let solver = on(&world, 0, &machine, settings()).await;
    let other = world.validator(3).await;
    world.grow_up();
    // Wrong for the length of one task: nothing that runs at the time finds out.
    machine.broken.on();
    let asked = world.ask("one").await;
    reached(&solver, asked.task, State::Revealed).await;
    machine.broken.off();
    other.contest(asked.task).await.unwrap();
    let case = case_at(&solver, asked.task, Stage::Voted).await;
    assert!(
        matches!(case.finding, Some(Finding::Wrong { .. })),
        "{case:#?}"
    );
    let stopped = solver.stopped_models();
    assert!(
        stopped[0].1.contains("revealed another output"),
        "{stopped:?}"
    );
    let next = world.ask("two").await;
    noted(&solver, next.task, "not to be trusted").await;
    solver.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contestation_that_comes_while_the_task_is_computed_is_voted_on() {
    let world = World::new().await;
    let machine = Arc::new(Faulty::default());
    let watcher = on(&world, 0, &machine, watching()).await;
    let (honest, mallory) = (world.validator(3).await, world.validator(2).await);
    world.grow_up();
    machine.hangs.on();
    let before = machine.runs.load(Ordering::SeqCst);
    let asked = world.ask("four").await;
    answer(&honest, &asked).await;
    until("the task is being computed", async || {
        machine.runs.load(Ordering::SeqCst) > before
    })
    .await;
    mallory.contest(asked.task).await.unwrap();
    let is_known = |case: &Case| case.contester.is_some();
    case_that(&watcher, asked.task, "the contestation is read", is_known).await;
    machine.hangs.off();
    let case = case_at(&watcher, asked.task, Stage::Voted).await;
    assert_eq!(case.voted_wrong, Some(false));
    watcher.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_drawn_for_idle_times_waits_until_no_job_wants_the_machine() {
    let world = World::new().await;
    let machine = Arc::new(Faulty::default());
    let idle = Settings {
        parallel_solves: 4,
        verification: Verification {
            share_percent: 0.0,
            idle_percent: 100.0,
            ..Verification::default()
        },
        ..settings()
    };
    let busy = on(&world, 0, &machine, idle).await;
    let other = world.validator(3).await;
    machine.hangs.on();
    let before = machine.runs.load(Ordering::SeqCst);
    let asked = world.ask("one").await;
    world.ask("two").await;
    until("both jobs are computed", async || {
        machine.runs.load(Ordering::SeqCst) == before + 2
    })
    .await;
    answer(&other, &asked).await;
    let is_open = |case: &Case| case.contest_end.is_some();
    case_that(&busy, asked.task, "the case is open", is_open).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        machine.runs.load(Ordering::SeqCst),
        before + 2,
        "there was room, and a job"
    );
    machine.hangs.off();
    case_at(&busy, asked.task, Stage::Agreed).await;
    busy.stop().await.unwrap();
}
