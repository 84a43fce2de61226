//! What a reorganisation undoes.

use std::{sync::Arc, time::Duration};

use alloy_primitives::U256;
use arbius_sdk::{
    chain::Call,
    contracts::{IEngine, IToken, TaskStatus},
    inference::Solver,
    miner::{MinerHandle, Settings, Stage, State},
};
use arbius_testkit::Actor;

use crate::{
    faulty::Faulty,
    world::{
        AIUS, Asked, PATIENCE, World, all_over, answer, case_at, chain_with_model, cheat, miner,
        reached, request, requester, settings, until,
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reorganisation_undoes_is_done_again() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let requester = requester(&chain);
    let task = requester
        .submit(&request(model, "three"))
        .await
        .unwrap()
        .task;
    let before = chain.devnet().chain().snapshot();
    let miner = miner(&chain, 0, model, folder.path())
        .spawn()
        .await
        .unwrap();
    reached(&miner, task, State::Revealed).await;
    // Stake, commitment and solution are gone; the task is still there.
    assert!(chain.devnet().chain().revert(before));
    assert!(requester.network().solution(task).await.unwrap().is_none());
    let stake = IEngine::validatorDepositCall {
        validator: miner.account(),
        amount: U256::from(AIUS),
    };
    let lane = chain.lane(Actor::Requester).unwrap();
    let approve = IToken::approveCall {
        spender: chain.engine(),
        value: U256::from(10 * AIUS),
    };
    lane.resync().await;
    lane.execute(Call::new(chain.token(), &approve))
        .await
        .unwrap();
    lane.execute(Call::new(chain.engine(), &stake))
        .await
        .unwrap();
    let solution = requester.await_solution(task, PATIENCE).await.unwrap();
    assert_eq!(solution.solver, miner.account());
    chain.pass(Duration::from_secs(2_001)).unwrap();
    all_over(&miner, 1).await;
    assert_eq!(miner.tally().unwrap().of(State::Claimed), 1);
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_a_reorganisation_undoes_is_made_again_and_counted_once() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let requester = requester(&chain);
    let miner = miner(&chain, 0, model, folder.path())
        .spawn()
        .await
        .unwrap();
    let task = requester
        .submit(&request(model, "eight"))
        .await
        .unwrap()
        .task;
    reached(&miner, task, State::Revealed).await;
    let before = chain.devnet().chain().snapshot();
    chain.pass(Duration::from_secs(2_001)).unwrap();
    all_over(&miner, 1).await;
    let tally = miner.tally().unwrap();
    assert_eq!(tally.of(State::Claimed), 1);

    assert!(chain.devnet().chain().revert(before));
    let claimed = async || {
        let solution = requester.network().solution(task).await.unwrap();
        solution.is_some_and(|solution| solution.claimed)
    };
    assert!(!claimed().await);
    until("the job is taken up again", async || {
        let jobs = miner.jobs().unwrap();
        !jobs[0].state.is_over()
    })
    .await;
    chain.pass(Duration::from_secs(2_001)).unwrap();
    until("it is claimed again", claimed).await;
    all_over(&miner, 1).await;
    let again = miner.tally().unwrap();
    assert_eq!(again.of(State::Claimed), 1);
    assert_eq!((again.fees, again.rewards > U256::ZERO), (tally.fees, true));
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_lost_to_a_solution_that_is_gone_is_won() {
    let world = World::new().await;
    let machine = Arc::new(Faulty::default());
    let solver: Arc<dyn Solver> = machine.clone();
    let miner = world.miner(0).solver(solver).spawn().await.unwrap();
    let rival = world.validator(3).await;
    world.grow_up();
    machine.hangs.on();
    let asked = world.ask("nine").await;
    // Of a task that it reads together with its solution there would be no job.
    until("the task is read", async || {
        !miner.jobs().unwrap().is_empty()
    })
    .await;
    let before = world.chain.devnet().chain().snapshot();
    answer(&rival, &asked).await;
    machine.hangs.off();
    reached(&miner, asked.task, State::Lost).await;

    assert!(world.chain.devnet().chain().revert(before));
    let solution = world.requester.await_solution(asked.task, PATIENCE).await;
    assert_eq!(solution.unwrap().solver, miner.account());
    world.past_contest();
    all_over(&miner, 1).await;
    assert_eq!(miner.tally().unwrap().of(State::Claimed), 1);
    miner.stop().await.unwrap();
}

/// A miner with one task claimed and the claim's block not read yet: it looks only every few
/// seconds, and has looked just before.
async fn claimed_unread(world: &World) -> (MinerHandle, Asked) {
    let miner = world.spawn(0, slow()).await;
    let asked = world.ask("four").await;
    reached(&miner, asked.task, State::Revealed).await;
    world.past_contest();
    reached(&miner, asked.task, State::Claimed).await;
    (miner, asked)
}

fn slow() -> Settings {
    Settings {
        poll: Duration::from_secs(3),
        withdraw: false,
        ..settings()
    }
}

/// Replaces the newest block by another.
fn replace_newest(world: &World) {
    world.chain.devnet().chain().rollback(1).unwrap();
    world.chain.pass(Duration::from_secs(1)).unwrap();
}

async fn claimed_again(world: &World, miner: &MinerHandle, asked: &Asked) {
    assert!(!world.solution(asked.task).await.claimed);
    until("it is claimed again", async || {
        world.solution(asked.task).await.claimed
    })
    .await;
    all_over(miner, 1).await;
    let tally = miner.tally().unwrap();
    assert_eq!(tally.of(State::Claimed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_block_was_replaced_before_it_was_read_is_made_again() {
    let world = World::new().await;
    let (miner, asked) = claimed_unread(&world).await;
    replace_newest(&world);
    claimed_again(&world, &miner, &asked).await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_block_was_replaced_while_its_miner_was_dead_is_made_again() {
    let world = World::new().await;
    let (miner, asked) = claimed_unread(&world).await;
    miner.stop().await.unwrap();
    replace_newest(&world);
    let miner = world.spawn(0, settings()).await;
    claimed_again(&world, &miner, &asked).await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_that_a_reorganisation_undoes_is_made_again() {
    let world = World::new().await;
    let watchers = [world.watcher(0).await, world.watcher(1).await];
    let mallory = world.validator(3).await;
    world.grow_up();
    let asked = world.ask("a five").await;
    cheat(&mallory, &asked).await;
    for watcher in &watchers {
        case_at(watcher, asked.task, Stage::Voted).await;
    }
    let before = world.chain.devnet().chain().snapshot();
    world.past_vote();
    for watcher in &watchers {
        case_at(watcher, asked.task, Stage::Settled).await;
    }
    assert_eq!(world.status(asked.task).await, TaskStatus::Rejected);

    assert!(world.chain.devnet().chain().revert(before));
    assert_eq!(world.status(asked.task).await, TaskStatus::Contested);
    world.past_vote();
    until("it is settled again", async || {
        world.status(asked.task).await == TaskStatus::Rejected
    })
    .await;
    for watcher in watchers {
        case_at(&watcher, asked.task, Stage::Settled).await;
        watcher.stop().await.unwrap();
    }
}
