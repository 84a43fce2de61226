//! Cheats and bad faith: contested, voted on, settled, by miners alone.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy_primitives::{B256, U256};
use arbius_sdk::{
    client::{Requester, Stake, Validator, Vote},
    content::{FetchLimits, Fetcher},
    contracts::{IEngine, IToken, TaskStatus},
    miner::{
        Cause, Finding, Miner, MinerHandle, Role, Roles, Settings, Stage, State, Verification,
    },
};
use arbius_testkit::{Actor, TestChain};

use crate::hostile::Hostile;
use crate::world::{
    AIUS, all_over, case_at, chain_with_model, cheat, miner, reached, request, requester, reveal,
    settings, until, validator,
};

/// Everything but solving; looks at all solutions.
fn watching() -> Settings {
    Settings {
        roles: Roles::default().without(Role::Solve),
        verification: Verification {
            share_percent: 100.0,
            ..Verification::default()
        },
        ..settings()
    }
}

fn watcher(chain: &TestChain, number: usize, model: B256, folder: &Path) -> Miner {
    miner(chain, number, model, folder).settings(watching())
}

/// Long enough to be a validator who may contest and vote.
fn grow_up(chain: &TestChain) {
    chain.pass(Duration::from_secs(200)).unwrap();
}

/// Past the contest period.
fn past_contest(chain: &TestChain) {
    chain.pass(Duration::from_secs(2_001)).unwrap();
}

/// Past the vote and the time in which others leave it to the one with most to gain.
fn past_vote(chain: &TestChain) {
    chain.pass(Duration::from_secs(8_100)).unwrap();
}

async fn ask(requester: &Requester, model: B256, prompt: &str) -> (B256, Vec<u8>) {
    let request = request(model, prompt);
    let task = requester.submit(&request).await.unwrap().task;
    (task, request.input.to_vec())
}

/// What an account holds, and what the engine owes to it.
async fn owned(chain: &TestChain, actor: Actor) -> U256 {
    let account = chain.lane(actor).unwrap().address();
    let held = IToken::balanceOfCall { account };
    let held = chain.chain().read(chain.token(), &held).await.unwrap();
    let owed = IEngine::earningsCall { account };
    held + chain.chain().read(chain.engine(), &owed).await.unwrap()
}

async fn staked(chain: &TestChain, validator: &Validator) -> U256 {
    let stake = Stake::of(chain.chain(), chain.engine(), validator.address());
    stake.await.unwrap().staked
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cheat_is_contested_and_voted_down_and_the_requester_refunded() {
    let (chain, model) = chain_with_model().await;
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let mut watchers = Vec::new();
    for (number, folder) in folders.iter().enumerate() {
        watchers.push(
            watcher(&chain, number, model, folder.path())
                .spawn()
                .await
                .unwrap(),
        );
    }
    let mallory = validator(&chain, 3).await;
    grow_up(&chain);
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();
    let before = (
        owned(&chain, Actor::Requester).await,
        staked(&chain, &mallory).await,
    );

    let (task, input) = ask(&requester, model, "a four").await;
    cheat(&mallory, task, &input).await;
    for watcher in &watchers {
        let case = case_at(watcher, task, Stage::Voted).await;
        assert!(
            matches!(case.finding, Some(Finding::Wrong { .. })),
            "{case:#?}"
        );
        assert_eq!(case.solver, Some(mallory.address()));
    }
    let contestation = requester
        .network()
        .contestation(task)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((contestation.wrong.len(), contestation.right.len()), (3, 1));

    past_vote(&chain);
    for watcher in &watchers {
        let case = case_at(watcher, task, Stage::Settled).await;
        let note = case.note.unwrap();
        assert!(note.contains("wrong, 3 to 1"), "{note}");
    }
    let status = requester.network().status(task).await.unwrap();
    assert_eq!(status, TaskStatus::Rejected);
    let after = (
        owned(&chain, Actor::Requester).await,
        staked(&chain, &mallory).await,
    );
    assert_eq!(after.0, before.0, "the fee went back");
    assert_eq!(after.1, before.1 - contestation.slash, "the lock is lost");
    for watcher in watchers {
        watcher.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_contests_in_bad_faith_is_voted_down_by_those_who_watch() {
    let (chain, model) = chain_with_model().await;
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let honest = miner(&chain, 0, model, folders[0].path())
        .spawn()
        .await
        .unwrap();
    let mut watchers = Vec::new();
    for (number, folder) in folders.iter().enumerate().skip(1) {
        watchers.push(
            watcher(&chain, number, model, folder.path())
                .spawn()
                .await
                .unwrap(),
        );
    }
    let mallory = validator(&chain, 3).await;
    grow_up(&chain);
    let requester = requester(&chain);
    let (task, _) = ask(&requester, model, "a nine").await;
    reached(&honest, task, State::Revealed).await;
    for watcher in &watchers {
        let case = case_at(watcher, task, Stage::Agreed).await;
        assert_eq!(case.finding, Some(Finding::Right));
    }
    let before = staked(&chain, &mallory).await;
    mallory.contest(task).await.unwrap();
    for watcher in &watchers {
        let case = case_at(watcher, task, Stage::Voted).await;
        assert_eq!(case.voted_wrong, Some(false));
    }
    // The accused looks at it, too, and has voted already.
    let case = case_at(&honest, task, Stage::Voted).await;
    assert_eq!(case.finding, Some(Finding::Right));
    let contestation = requester
        .network()
        .contestation(task)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((contestation.wrong.len(), contestation.right.len()), (1, 3));

    past_vote(&chain);
    case_at(&honest, task, Stage::Settled).await;
    all_over(&honest, 1).await;
    assert_eq!(honest.tally().unwrap().of(State::Claimed), 1);
    let status = requester.network().status(task).await.unwrap();
    assert_eq!(status, TaskStatus::Final);
    assert_eq!(staked(&chain, &mallory).await, before - contestation.slash);
    for miner in watchers.into_iter().chain([honest]) {
        miner.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_taken_up_at_any_stage_after_a_restart() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let first = watcher(&chain, 0, model, folder.path())
        .spawn()
        .await
        .unwrap();
    let mallory = validator(&chain, 3).await;
    let requester = requester(&chain);
    requester.approve(U256::from(100 * AIUS)).await.unwrap();
    drop(first);
    // One honest voter is a tie, which sides with the solver.
    let other_folder = tempfile::tempdir().unwrap();
    let other = watcher(&chain, 1, model, other_folder.path())
        .spawn()
        .await
        .unwrap();
    grow_up(&chain);
    let mut tasks = Vec::new();
    // Cheats, killed at each stage; the last is another's contestation.
    for stage in [Stage::Seen, Stage::Judged, Stage::Voted, Stage::Contested] {
        let running = again(&chain, model, folder.path()).await;
        let (task, input) = ask(&requester, model, &format!("killed when {stage}")).await;
        if stage == Stage::Contested {
            let right = validator(&chain, 4).await;
            grow_up(&chain);
            reveal(&right, task, &input, 0).await;
            case_at(&running, task, Stage::Agreed).await;
            mallory.contest(task).await.unwrap();
        } else {
            cheat(&mallory, task, &input).await;
        }
        until("the stage", async || {
            let cases = running.cases().unwrap();
            cases
                .iter()
                .any(|case| case.task == task && case.reached_at(stage).is_some())
        })
        .await;
        drop(running);
        let next = again(&chain, model, folder.path()).await;
        case_at(&next, task, Stage::Voted).await;
        tasks.push(task);
        next.stop().await.unwrap();
    }
    // Killed between the end of the votes and the settlement.
    past_vote(&chain);
    let last = again(&chain, model, folder.path()).await;
    for task in &tasks {
        let case = case_at(&last, *task, Stage::Settled).await;
        let contestation = requester
            .network()
            .contestation(*task)
            .await
            .unwrap()
            .unwrap();
        assert!(contestation.settled > 0, "{case:#?}");
        let voted = contestation.wrong.iter().chain(&contestation.right);
        assert_eq!(voted.filter(|voter| **voter == last.account()).count(), 1);
    }
    last.stop().await.unwrap();
    other.stop().await.unwrap();
}

/// Starts the watcher again once the one before has let go of its store.
async fn again(chain: &TestChain, model: B256, folder: &Path) -> MinerHandle {
    for _ in 0..200 {
        if let Ok(miner) = watcher(chain, 0, model, folder).spawn().await {
            return miner;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    watcher(chain, 0, model, folder).spawn().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_fetch_is_computed_again_and_held_against_nobody_if_it_is_right() {
    let (chain, model) = chain_with_model().await;
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    // Its gateways have what miner 1 makes.
    let serving = miner(&chain, 1, model, folders[1].path())
        .spawn()
        .await
        .unwrap();
    let gateways = vec![serving.gateway().unwrap()];
    let settings = Settings {
        verification: Verification {
            share_percent: 0.0,
            idle_percent: 0.0,
            gateways,
            ..Verification::default()
        },
        ..watching()
    };
    let watcher = miner(&chain, 0, model, folders[0].path())
        .settings(settings)
        .spawn()
        .await
        .unwrap();
    let quiet = validator(&chain, 3).await;
    grow_up(&chain);
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();
    // What can be fetched is left at that.
    let (task, _) = ask(&requester, model, "one").await;
    let case = case_at(&watcher, task, Stage::Agreed).await;
    assert_eq!((case.finding, case.cause), (None, Cause::Fetch));
    serving.stop().await.unwrap();

    // Right and wrong, and nobody has the bytes of either.
    let mut cases = Vec::new();
    for (prompt, twist) in [("two", 0), ("three", 1)] {
        let (task, input) = ask(&requester, model, prompt).await;
        reveal(&quiet, task, &input, twist).await;
        cases.push(task);
    }
    let tried = async |task: B256, tries: u32| {
        until("a try", async || {
            let cases = watcher.cases().unwrap();
            let case = cases.iter().find(|case| case.task == task);
            case.is_some_and(|case| case.attempts >= tries || case.cause != Cause::Fetch)
        })
        .await;
    };
    for tries in 1..=4 {
        for task in &cases {
            tried(*task, tries).await;
        }
        chain.pass(Duration::from_secs(350)).unwrap();
    }
    let right = case_at(&watcher, cases[0], Stage::Agreed).await;
    assert_eq!(right.cause, Cause::Unfetchable);
    assert_eq!(right.finding, Some(Finding::Right));
    let fetcher = Fetcher::new(&[watcher.gateway().unwrap()], FetchLimits::default()).unwrap();
    let solution = requester
        .network()
        .solution(cases[0])
        .await
        .unwrap()
        .unwrap();
    let outputs = arbius_sdk::client::Outputs::fetch(&fetcher, solution.cid).await;
    assert_eq!(outputs.unwrap().files.len(), 1, "the watcher serves it now");
    assert_eq!(
        requester.network().contestation(cases[0]).await.unwrap(),
        None
    );
    let wrong = case_at(&watcher, cases[1], Stage::Voted).await;
    assert_eq!(wrong.voted_wrong, Some(true));
    watcher.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_of_many_is_settled_in_pages() {
    const VOTERS: usize = 56;
    let chain = TestChain::builder()
        .accounts(4 + VOTERS)
        .allowance(U256::from(100 * AIUS))
        .start(|_| ())
        .await
        .unwrap();
    let model = crate::world::with_model(&chain).await;
    let folder = tempfile::tempdir().unwrap();
    let watcher = watcher(&chain, 0, model, folder.path())
        .spawn()
        .await
        .unwrap();
    let mut voters = Vec::new();
    for number in 1..VOTERS {
        voters.push(validator(&chain, number).await);
    }
    grow_up(&chain);
    let requester = requester(&chain);
    let (task, input) = ask(&requester, model, "many eyes").await;
    cheat(&voters[0], task, &input).await;
    case_at(&watcher, task, Stage::Voted).await;
    for voter in &voters[1..] {
        voter.vote(task, Vote::Wrong).await.unwrap();
    }
    past_vote(&chain);
    case_at(&watcher, task, Stage::Settled).await;
    let contestation = requester
        .network()
        .contestation(task)
        .await
        .unwrap()
        .unwrap();
    let winners = u32::try_from(VOTERS - 1).unwrap();
    assert_eq!(contestation.settled, winners, "all of them, in two pages");
    watcher.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_computed_in_time_is_dropped_and_counted() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let first = watcher(&chain, 0, model, folder.path())
        .spawn()
        .await
        .unwrap();
    let mallory = validator(&chain, 3).await;
    grow_up(&chain);
    first.stop().await.unwrap();
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();
    let (late, input) = ask(&requester, model, "late").await;
    cheat(&mallory, late, &input).await;
    // It comes back when there is less left than it wants for computing.
    chain.pass(Duration::from_secs(1_970)).unwrap();
    let second = again(&chain, model, folder.path()).await;
    let case = case_at(&second, late, Stage::Missed).await;
    assert_eq!(case.finding, None);
    second.stop().await.unwrap();

    // No room: passed over, and counted.
    let settings = Settings {
        verification: Verification {
            queue: 0,
            ..watching().verification
        },
        ..watching()
    };
    let full = miner(&chain, 0, model, folder.path())
        .settings(settings)
        .spawn()
        .await
        .unwrap();
    let (task, input) = ask(&requester, model, "no room").await;
    chain.pass(Duration::from_secs(60)).unwrap();
    reveal(&mallory, task, &input, 0).await;
    until("a solution is passed over", async || full.skipped() == 1).await;
    assert!(full.cases().unwrap().iter().all(|case| case.task != task));
    full.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solution_of_others_is_claimed_for_them_if_that_is_asked_for() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        claim_for_others: true,
        ..watching()
    };
    let first = miner(&chain, 0, model, folder.path()).settings(settings.clone());
    let first = first.spawn().await.unwrap();
    let sleeper = validator(&chain, 3).await;
    let requester = requester(&chain);
    let (task, input) = ask(&requester, model, "eight").await;
    reveal(&sleeper, task, &input, 0).await;
    case_at(&first, task, Stage::Unclaimed).await;
    first.stop().await.unwrap();
    past_contest(&chain);
    let watcher = miner(&chain, 0, model, folder.path()).settings(settings);
    let watcher = watcher.spawn().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let solution = requester.network().solution(task).await.unwrap().unwrap();
    assert!(!solution.claimed, "the first hour is the solver's");
    chain.pass(Duration::from_secs(3_601)).unwrap();
    case_at(&watcher, task, Stage::Agreed).await;
    let solution = requester.network().solution(task).await.unwrap().unwrap();
    assert!(solution.claimed);
    watcher.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_lies_about_a_solution_gets_nobody_accused() {
    let (chain, model) = chain_with_model().await;
    // The first of three shows another CID for every solution.
    let endpoints = [
        Hostile::before(chain.devnet()).await,
        Hostile::before(chain.devnet()).await,
    ];
    let mut deployment = chain.deployment().clone();
    deployment.rpc = endpoints[0].url();
    deployment.fallbacks = vec![endpoints[1].url(), chain.devnet().url()];
    let folder = tempfile::tempdir().unwrap();
    let watcher = watcher(&chain, 0, model, folder.path())
        .deployment(deployment)
        .spawn()
        .await
        .unwrap();
    let lied = Arc::new(AtomicUsize::new(0));
    let lies = Arc::clone(&lied);
    endpoints[0].lies(move |method, params, ask| {
        let mut answer = ask(params);
        let result = answer["result"].as_str().unwrap_or_default();
        // The CIDs in an answer; the solution's comes last.
        if method == "eth_call"
            && let Some(cid) = result.rfind("00221220")
        {
            let mut lie = result.to_owned();
            let at = cid + 20;
            let other = if result.as_bytes()[at] == b'0' {
                "1"
            } else {
                "0"
            };
            lie.replace_range(at..=at, other);
            lies.fetch_add(1, Ordering::SeqCst);
            answer["result"] = lie.into();
        }
        answer
    });
    let honest = validator(&chain, 3).await;
    grow_up(&chain);
    let requester = requester(&chain);
    let (task, input) = ask(&requester, model, "two").await;
    reveal(&honest, task, &input, 0).await;
    let case = case_at(&watcher, task, Stage::Agreed).await;
    assert_eq!(case.finding, Some(Finding::Right));
    assert!(lied.load(Ordering::SeqCst) > 0, "it was asked, and lied");
    assert_eq!(requester.network().contestation(task).await.unwrap(), None);
    watcher.stop().await.unwrap();
}
