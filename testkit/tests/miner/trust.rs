//! A machine that is wrong itself: it says so, and accuses nobody.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy_primitives::U256;
use arbius_sdk::{
    inference::{Blame, InProcess, InferenceError, Outputs, RuntimeId, Solver},
    miner::{Finding, Role, Roles, Settings, Stage, State, Verification},
    model::Bundle,
};

use crate::world::{
    AIUS, case_at, chain_with_model, cheat, miner, noted, reached, request, requester, reveal,
    settings, until, validator,
};

/// A machine whose faults can be switched on.
#[derive(Default)]
struct Faulty {
    /// Every output is that of another seed, golden outputs too.
    broken: AtomicBool,
    /// Outputs of fresh processes differ from the others.
    flickers: AtomicBool,
    /// Nothing comes out.
    fails: AtomicBool,
    /// Every run waits until this ends.
    hangs: Arc<AtomicBool>,
    /// Runs that were begun.
    runs: AtomicUsize,
    /// Which version of the runtime it says that it has.
    version: AtomicUsize,
    solver: InProcess,
}

type Solved<'a> = Pin<Box<dyn Future<Output = Result<Outputs, InferenceError>> + Send + 'a>>;

impl Faulty {
    fn run<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
        fresh: bool,
    ) -> Solved<'a> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        if self.fails.load(Ordering::SeqCst) {
            let error = InferenceError::Reported {
                blame: Blame::Machine,
                message: "out of memory".to_owned(),
            };
            return Box::pin(async move { Err(error) });
        }
        let off = self.broken.load(Ordering::SeqCst)
            || (fresh && self.flickers.load(Ordering::SeqCst) && !is_golden(bundle, input, seed));
        let (hangs, solve) = (
            Arc::clone(&self.hangs),
            self.solver.solve(bundle, input, seed ^ u64::from(off)),
        );
        Box::pin(async move {
            while hangs.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            solve.await
        })
    }
}

fn is_golden(bundle: &Bundle, input: &[u8], seed: u64) -> bool {
    let mut goldens = bundle.passport().goldens.iter();
    goldens.any(|golden| golden.seed == seed && golden.input.to_string().as_bytes() == input)
}

impl Solver for Faulty {
    fn solve<'a>(&'a self, bundle: &'a Bundle, input: &'a [u8], seed: u64) -> Solved<'a> {
        self.run(bundle, input, seed, false)
    }

    fn solve_afresh<'a>(&'a self, bundle: &'a Bundle, input: &'a [u8], seed: u64) -> Solved<'a> {
        self.run(bundle, input, seed, true)
    }

    fn runtime_id(&self) -> Option<RuntimeId> {
        Some(RuntimeId {
            name: "test".to_owned(),
            version: self.version.load(Ordering::SeqCst).to_string(),
        })
    }
}

fn watching() -> Settings {
    Settings {
        verification: Verification {
            share_percent: 100.0,
            ..Verification::default()
        },
        ..settings()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_wrong_itself_neither_accuses_nor_votes_nor_commits_and_says_so() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let machine = Arc::new(Faulty::default());
    let settings = Settings {
        roles: Roles::default().without(Role::Solve),
        ..watching()
    };
    let watcher = miner(&chain, 0, model, folder.path())
        .solver(Arc::clone(&machine) as Arc<dyn Solver>)
        .settings(settings)
        .spawn()
        .await
        .unwrap();
    let honest = validator(&chain, 3).await;
    let mallory = validator(&chain, 2).await;
    chain.pass(Duration::from_secs(200)).unwrap();
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();

    // Its memory rots: to this machine the honest solution looks wrong.
    machine.broken.store(true, Ordering::SeqCst);
    let input = request(model, "five");
    let task = requester.submit(&input).await.unwrap().task;
    reveal(&honest, task, &input.input, 0).await;
    let case = case_at(&watcher, task, Stage::Inconclusive).await;
    assert!(
        matches!(case.finding, Some(Finding::Inconclusive { .. })),
        "{case:#?}"
    );
    let stopped = watcher.stopped_models();
    assert_eq!(stopped.len(), 1);
    assert!(stopped[0].1.contains("golden"), "{stopped:?}");
    // Nor does it vote on what another contests.
    mallory.contest(task).await.unwrap();
    case_at(&watcher, task, Stage::Abstained).await;
    let contestation = requester
        .network()
        .contestation(task)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(contestation.wrong, [mallory.address()]);
    assert_eq!(contestation.right, [honest.address()]);
    watcher.stop().await.unwrap();

    // Nor commit: it starts right, turns wrong, and a recheck is what brings it back.
    machine.broken.store(false, Ordering::SeqCst);
    let settings = Settings {
        recheck: Duration::from_secs(1),
        ..settings_to_solve()
    };
    let solver = miner(&chain, 0, model, folder.path())
        .solver(Arc::clone(&machine) as Arc<dyn Solver>)
        .settings(settings)
        .spawn()
        .await
        .unwrap();
    machine.broken.store(true, Ordering::SeqCst);
    until("the recheck stops it", async || {
        solver.stopped_models().len() == 1
    })
    .await;
    let task = requester.submit(&request(model, "six")).await.unwrap().task;
    noted(&solver, task, "not to be trusted").await;
    machine.broken.store(false, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    assert_eq!(
        solver.stopped_models().len(),
        1,
        "being right again is not enough"
    );
    solver.recheck().await;
    assert_eq!(solver.stopped_models(), []);
    let task = requester
        .submit(&request(model, "seven"))
        .await
        .unwrap()
        .task;
    reached(&solver, task, State::Revealed).await;
    solver.stop().await.unwrap();
}

fn settings_to_solve() -> Settings {
    Settings {
        roles: Roles::NONE.with(Role::Solve),
        ..settings()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_disagree_accuse_nobody_and_commit_to_nothing() {
    let (chain, model) = chain_with_model().await;
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let machine = Arc::new(Faulty::default());
    machine.flickers.store(true, Ordering::SeqCst);
    let spawn = async |number: usize, settings: Settings| {
        miner(&chain, number, model, folders[number].path())
            .solver(Arc::clone(&machine) as Arc<dyn Solver>)
            .settings(settings)
            .spawn()
            .await
            .unwrap()
    };
    let second_run = Settings {
        second_run: true,
        ..settings_to_solve()
    };
    let solver = spawn(0, second_run).await;
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();
    let first = request(model, "one");
    let task = requester.submit(&first).await.unwrap().task;
    noted(&solver, task, "two runs of task").await;
    assert_eq!(solver.jobs().unwrap()[0].state, State::Failed);
    assert_eq!(solver.stopped_models().len(), 1);
    // The stake, and no commitment.
    let sent = chain.chain().nonce(solver.account(), true).await.unwrap();
    assert_eq!(sent, 2);
    solver.stop().await.unwrap();

    // A watcher with the same fault, and a solution that is wrong to each of its runs.
    let watcher = Settings {
        roles: Roles::default().without(Role::Solve),
        ..watching()
    };
    let watcher = spawn(1, watcher).await;
    let odd = validator(&chain, 3).await;
    chain.pass(Duration::from_secs(200)).unwrap();
    let task = requester.submit(&first).await.unwrap().task;
    reveal(&odd, task, &first.input, 2).await;
    let case = case_at(&watcher, task, Stage::Inconclusive).await;
    assert!(case.note.unwrap().contains("came out differently"));
    assert_eq!(requester.network().contestation(task).await.unwrap(), None);
    watcher.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_computed_here_is_held_against_nobody() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let machine = Arc::new(Faulty::default());
    let settings = Settings {
        roles: Roles::default().without(Role::Solve),
        ..watching()
    };
    let watcher = miner(&chain, 0, model, folder.path())
        .solver(Arc::clone(&machine) as Arc<dyn Solver>)
        .settings(settings)
        .spawn()
        .await
        .unwrap();
    let mallory = validator(&chain, 3).await;
    chain.pass(Duration::from_secs(200)).unwrap();
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();
    machine.fails.store(true, Ordering::SeqCst);
    let request = request(model, "two");
    let task = requester.submit(&request).await.unwrap().task;
    cheat(&mallory, task, &request.input).await;
    let case = case_at(&watcher, task, Stage::Inconclusive).await;
    assert!(case.note.unwrap().contains("out of memory"));
    assert_eq!(requester.network().contestation(task).await.unwrap(), None);
    assert_eq!(
        watcher.stopped_models(),
        [],
        "it can still say what is right"
    );
    machine.fails.store(false, Ordering::SeqCst);
    let task = requester.submit(&request).await.unwrap().task;
    cheat(&mallory, task, &request.input).await;
    case_at(&watcher, task, Stage::Voted).await;
    watcher.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_runtime_is_proved_before_anything_it_made_is_committed() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let machine = Arc::new(Faulty::default());
    let solver = miner(&chain, 0, model, folder.path())
        .solver(Arc::clone(&machine) as Arc<dyn Solver>)
        .settings(settings_to_solve())
        .spawn()
        .await
        .unwrap();
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();
    // One that makes the same, and one that does not.
    machine.version.store(1, Ordering::SeqCst);
    let task = requester.submit(&request(model, "one")).await.unwrap().task;
    reached(&solver, task, State::Revealed).await;
    machine.version.store(2, Ordering::SeqCst);
    machine.broken.store(true, Ordering::SeqCst);
    let task = requester.submit(&request(model, "two")).await.unwrap().task;
    noted(&solver, task, "its runtime changed from test 1 to test 2").await;
    assert_eq!(requester.network().solution(task).await.unwrap(), None);
    solver.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_whose_own_answer_turns_out_wrong_stops_and_says_so() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let machine = Arc::new(Faulty::default());
    let solver = miner(&chain, 0, model, folder.path())
        .solver(Arc::clone(&machine) as Arc<dyn Solver>)
        .settings(settings())
        .spawn()
        .await
        .unwrap();
    let other = validator(&chain, 3).await;
    chain.pass(Duration::from_secs(200)).unwrap();
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();
    // Wrong for the length of one task: nothing that runs at the time finds out.
    machine.broken.store(true, Ordering::SeqCst);
    let task = requester.submit(&request(model, "one")).await.unwrap().task;
    reached(&solver, task, State::Revealed).await;
    machine.broken.store(false, Ordering::SeqCst);
    other.contest(task).await.unwrap();
    let case = case_at(&solver, task, Stage::Voted).await;
    assert!(
        matches!(case.finding, Some(Finding::Wrong { .. })),
        "{case:#?}"
    );
    let stopped = solver.stopped_models();
    assert!(
        stopped[0].1.contains("revealed another output"),
        "{stopped:?}"
    );
    let next = requester.submit(&request(model, "two")).await.unwrap().task;
    noted(&solver, next, "not to be trusted").await;
    solver.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contestation_that_comes_while_the_task_is_computed_is_voted_on() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let machine = Arc::new(Faulty::default());
    let settings = Settings {
        roles: Roles::default().without(Role::Solve),
        ..watching()
    };
    let watcher = miner(&chain, 0, model, folder.path())
        .solver(Arc::clone(&machine) as Arc<dyn Solver>)
        .settings(settings)
        .spawn()
        .await
        .unwrap();
    let honest = validator(&chain, 3).await;
    let mallory = validator(&chain, 2).await;
    chain.pass(Duration::from_secs(200)).unwrap();
    let requester = requester(&chain);
    let request = request(model, "four");
    machine.hangs.store(true, Ordering::SeqCst);
    let task = requester.submit(&request).await.unwrap().task;
    reveal(&honest, task, &request.input, 0).await;
    until("the task is being computed", async || {
        let cases = watcher.cases().unwrap();
        cases.iter().any(|case| case.contest_end.is_some())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    mallory.contest(task).await.unwrap();
    until("the contestation is read", async || {
        watcher.cases().unwrap()[0].contester.is_some()
    })
    .await;
    machine.hangs.store(false, Ordering::SeqCst);
    let case = case_at(&watcher, task, Stage::Voted).await;
    assert_eq!(case.voted_wrong, Some(false));
    watcher.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_drawn_for_idle_times_waits_until_no_job_wants_the_machine() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let machine = Arc::new(Faulty::default());
    let settings = Settings {
        parallel_solves: 4,
        verification: Verification {
            share_percent: 0.0,
            idle_percent: 100.0,
            ..Verification::default()
        },
        ..settings()
    };
    let busy = miner(&chain, 0, model, folder.path())
        .solver(Arc::clone(&machine) as Arc<dyn Solver>)
        .settings(settings)
        .spawn()
        .await
        .unwrap();
    let other = validator(&chain, 3).await;
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();
    machine.hangs.store(true, Ordering::SeqCst);
    let before = machine.runs.load(Ordering::SeqCst);
    let mut tasks = Vec::new();
    for prompt in ["one", "two"] {
        let request = request(model, prompt);
        let task = requester.submit(&request).await.unwrap().task;
        tasks.push((task, request.input));
    }
    until("both jobs are computed", async || {
        machine.runs.load(Ordering::SeqCst) == before + 2
    })
    .await;
    let (solved, input) = &tasks[0];
    reveal(&other, *solved, input, 0).await;
    until("the case is open", async || {
        let cases = busy.cases().unwrap();
        cases.iter().any(|case| case.contest_end.is_some())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        machine.runs.load(Ordering::SeqCst),
        before + 2,
        "there was room, and a job"
    );
    machine.hangs.store(false, Ordering::SeqCst);
    case_at(&busy, *solved, Stage::Agreed).await;
    busy.stop().await.unwrap();
}
