//! Cheats and bad faith: contested, voted on, settled, by miners alone.

use std::time::Duration;

use alloy_primitives::U256;
use arbius_sdk::{
    client::{Outputs, Vote},
    content::{FetchLimits, Fetcher},
    contracts::{IEngine, IToken, TaskStatus},
    miner::{Case, Cause, Finding, MinerHandle, Role, Roles, Settings, Stage, State, Verification},
};
use arbius_testkit::{Actor, TestChain};

use crate::world::{
    AIUS, World, all_over, answer, case_at, case_that, cheat, reached, reveal, settings, take_over,
    until, watching,
};

/// What an account holds, and what the engine owes to it.
async fn owned(world: &World, actor: Actor) -> U256 {
    let chain = &world.chain;
    let account = chain.lane(actor).unwrap().address();
    let held = IToken::balanceOfCall { account };
    let held = chain.chain().read(chain.token(), &held).await.unwrap();
    let owed = IEngine::earningsCall { account };
    held + chain.chain().read(chain.engine(), &owed).await.unwrap()
}

/// Starts watcher 0 again once the one before has let go of its store.
async fn again(world: &World) -> MinerHandle {
    take_over(|| world.miner(0).settings(watching())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cheat_is_contested_and_voted_down_and_the_requester_refunded() {
    let world = World::new().await;
    let mut watchers = Vec::new();
    for number in 0..3 {
        watchers.push(world.watcher(number).await);
    }
    let mallory = world.validator(3).await;
    world.grow_up();
    let before = (
        owned(&world, Actor::Requester).await,
        world.staked(mallory.address()).await,
    );

    let asked = world.ask("a four").await;
    cheat(&mallory, &asked).await;
    for watcher in &watchers {
        let case = case_at(watcher, asked.task, Stage::Voted).await;
        assert!(
            matches!(case.finding, Some(Finding::Wrong { .. })),
            "{case:#?}"
        );
        assert_eq!(case.solver, Some(mallory.address()));
    }
    let votes = world.contestation(asked.task).await.unwrap();
    assert_eq!((votes.wrong.len(), votes.right.len()), (3, 1));

    world.past_vote();
    for watcher in &watchers {
        let case = case_at(watcher, asked.task, Stage::Settled).await;
        let note = case.note.unwrap();
        assert!(note.contains("wrong, 3 to 1"), "{note}");
    }
    assert_eq!(world.status(asked.task).await, TaskStatus::Rejected);
    let after = (
        owned(&world, Actor::Requester).await,
        world.staked(mallory.address()).await,
    );
    assert_eq!(after.0, before.0, "the fee went back");
    assert_eq!(after.1, before.1 - votes.slash, "the lock is lost");
    for watcher in watchers {
        watcher.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_contests_in_bad_faith_is_voted_down_by_those_who_watch() {
    let world = World::new().await;
    let honest = world.spawn(0, settings()).await;
    let watchers = [world.watcher(1).await, world.watcher(2).await];
    let mallory = world.validator(3).await;
    world.grow_up();
    let asked = world.ask("a nine").await;
    reached(&honest, asked.task, State::Revealed).await;
    for watcher in &watchers {
        let case = case_at(watcher, asked.task, Stage::Agreed).await;
        assert_eq!(case.finding, Some(Finding::Right));
    }
    let before = world.staked(mallory.address()).await;
    mallory.contest(asked.task).await.unwrap();
    for watcher in &watchers {
        let case = case_at(watcher, asked.task, Stage::Voted).await;
        assert_eq!(case.voted_wrong, Some(false));
    }
    // The accused looks at it, too, and has voted already.
    let case = case_at(&honest, asked.task, Stage::Voted).await;
    assert_eq!(case.finding, Some(Finding::Right));
    let votes = world.contestation(asked.task).await.unwrap();
    assert_eq!((votes.wrong.len(), votes.right.len()), (1, 3));

    world.past_vote();
    case_at(&honest, asked.task, Stage::Settled).await;
    all_over(&honest, 1).await;
    assert_eq!(honest.tally().unwrap().of(State::Claimed), 1);
    assert_eq!(world.status(asked.task).await, TaskStatus::Final);
    let after = world.staked(mallory.address()).await;
    assert_eq!(after, before - votes.slash);
    for miner in watchers.into_iter().chain([honest]) {
        miner.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_solution_that_is_read_together_with_its_task_is_contested() {
    let world = World::new().await;
    let first = world.watcher(0).await;
    let mallory = world.validator(3).await;
    world.grow_up();
    first.stop().await.unwrap();
    let asked = world.ask("a four").await;
    cheat(&mallory, &asked).await;
    // One look at the chain shows both. A miner that solves makes no job of it, and watches it.
    let solving = Settings {
        verification: watching().verification,
        ..settings()
    };
    let second = world.spawn(0, solving).await;
    let case = case_at(&second, asked.task, Stage::Voted).await;
    assert_eq!(case.contester, Some(second.account()));
    assert_eq!(second.jobs().unwrap(), []);
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_taken_up_at_any_stage_after_a_restart() {
    let world = World::new().await;
    // It stakes, to be old enough.
    let first = world.watcher(0).await;
    let mallory = world.validator(3).await;
    drop(first);
    // One honest voter is a tie, which sides with the solver. The other contests nothing itself.
    let voting = Settings {
        roles: Roles::NONE.with(Role::Vote),
        ..settings()
    };
    let other = world.spawn(1, voting).await;
    world.grow_up();
    let mut tasks = Vec::new();
    // Cheats, killed at each stage; the last is another's contestation.
    for stage in [Stage::Seen, Stage::Judged, Stage::Voted, Stage::Contested] {
        let running = again(&world).await;
        let asked = world.ask(&format!("killed when {stage}")).await;
        if stage == Stage::Contested {
            let right = world.validator(4).await;
            world.grow_up();
            answer(&right, &asked).await;
            case_at(&running, asked.task, Stage::Agreed).await;
            mallory.contest(asked.task).await.unwrap();
        } else {
            cheat(&mallory, &asked).await;
        }
        let was_there = |case: &Case| case.reached_at(stage).is_some();
        case_that(&running, asked.task, "the stage", was_there).await;
        drop(running);
        let next = again(&world).await;
        case_at(&next, asked.task, Stage::Voted).await;
        tasks.push(asked.task);
        next.stop().await.unwrap();
    }
    // Killed between the end of the votes and the settlement.
    world.past_vote();
    let last = again(&world).await;
    for task in tasks {
        let case = case_at(&last, task, Stage::Settled).await;
        let votes = world.contestation(task).await.unwrap();
        assert!(votes.settled > 0, "{case:#?}");
        let voted = votes.wrong.iter().chain(&votes.right);
        assert_eq!(voted.filter(|voter| **voter == last.account()).count(), 1);
    }
    last.stop().await.unwrap();
    other.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_fetch_is_computed_again_and_held_against_nobody_if_it_is_right() {
    let world = World::new().await;
    // Its gateways have what miner 1 makes.
    let serving = world.spawn(1, settings()).await;
    let fetching = Settings {
        verification: Verification {
            share_percent: 0.0,
            idle_percent: 0.0,
            gateways: vec![serving.gateway().unwrap()],
            ..Verification::default()
        },
        ..watching()
    };
    let watcher = world.spawn(0, fetching).await;
    let quiet = world.validator(3).await;
    world.grow_up();
    // What can be fetched is left at that.
    let asked = world.ask("one").await;
    let case = case_at(&watcher, asked.task, Stage::Agreed).await;
    assert_eq!((case.finding, case.cause), (None, Cause::Fetch));
    serving.stop().await.unwrap();

    // Right and wrong, and nobody has the bytes of either.
    let (right, wrong) = (world.ask("two").await, world.ask("three").await);
    answer(&quiet, &right).await;
    reveal(&quiet, &wrong, 1).await;
    for tries in 1..=4 {
        for asked in [&right, &wrong] {
            let tried = |case: &Case| case.attempts >= tries || case.cause != Cause::Fetch;
            case_that(&watcher, asked.task, "a try", tried).await;
        }
        let contested = world.contestation(wrong.task).await;
        assert!(
            contested.is_none() || tries == 4,
            "what cannot be fetched is no reason by itself"
        );
        world.chain.pass(Duration::from_secs(350)).unwrap();
    }
    let case = case_at(&watcher, right.task, Stage::Agreed).await;
    assert_eq!(case.cause, Cause::Unfetchable);
    assert_eq!(case.finding, Some(Finding::Right));
    let fetcher = Fetcher::new(&[watcher.gateway().unwrap()], FetchLimits::default()).unwrap();
    let solution = world.solution(right.task).await;
    let outputs = Outputs::fetch(&fetcher, solution.cid).await.unwrap();
    assert_eq!(outputs.files.len(), 1, "the watcher serves it now");
    assert_eq!(world.contestation(right.task).await, None);
    let case = case_at(&watcher, wrong.task, Stage::Voted).await;
    assert_eq!(case.cause, Cause::Unfetchable);
    assert_eq!(case.voted_wrong, Some(true));
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
    let world = World::on(chain).await;
    let watcher = world.watcher(0).await;
    let mut voters = Vec::new();
    for number in 1..VOTERS {
        voters.push(world.validator(number).await);
    }
    world.grow_up();
    let asked = world.ask("many eyes").await;
    cheat(&voters[0], &asked).await;
    case_at(&watcher, asked.task, Stage::Voted).await;
    for voter in &voters[1..] {
        voter.vote(asked.task, Vote::Wrong).await.unwrap();
    }
    world.past_vote();
    case_at(&watcher, asked.task, Stage::Settled).await;
    let votes = world.contestation(asked.task).await.unwrap();
    let winners = u32::try_from(VOTERS - 1).unwrap();
    assert_eq!(votes.settled, winners, "all of them, in two pages");
    watcher.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_computed_in_time_is_dropped() {
    let world = World::new().await;
    let first = world.watcher(0).await;
    let mallory = world.validator(3).await;
    world.grow_up();
    first.stop().await.unwrap();
    let late = world.ask("late").await;
    cheat(&mallory, &late).await;
    // It comes back when there is less left than it wants for computing.
    world.chain.pass(Duration::from_secs(1_970)).unwrap();
    let second = again(&world).await;
    let case = case_at(&second, late.task, Stage::Missed).await;
    assert_eq!(case.finding, None);
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_no_room_for_is_passed_over_and_counted() {
    let world = World::new().await;
    let full = Settings {
        verification: Verification {
            queue: 0,
            ..watching().verification
        },
        ..watching()
    };
    let full = world.spawn(0, full).await;
    let solver = world.validator(3).await;
    let asked = world.ask("no room").await;
    answer(&solver, &asked).await;
    until("a solution is passed over", async || full.skipped() == 1).await;
    assert_eq!(full.cases().unwrap(), []);
    full.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solution_of_others_is_claimed_for_them_if_that_is_asked_for() {
    let world = World::new().await;
    let generous = || Settings {
        claim_for_others: true,
        ..watching()
    };
    let first = world.spawn(0, generous()).await;
    let sleeper = world.validator(3).await;
    let asked = world.ask("eight").await;
    answer(&sleeper, &asked).await;
    case_at(&first, asked.task, Stage::Unclaimed).await;
    first.stop().await.unwrap();
    world.past_contest();
    let watcher = world.spawn(0, generous()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(
        !world.solution(asked.task).await.claimed,
        "the first hour is the solver's"
    );
    world.chain.pass(Duration::from_secs(3_601)).unwrap();
    case_at(&watcher, asked.task, Stage::Agreed).await;
    assert!(world.solution(asked.task).await.claimed);
    watcher.stop().await.unwrap();
}
