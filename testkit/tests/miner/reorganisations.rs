//! What a reorganisation undoes.

use std::{sync::Arc, time::Duration};

use alloy_primitives::U256;
use arbius_sdk::{
    chain::Call,
    contracts::{IEngine, IToken},
    inference::Solver,
    miner::State,
};
use arbius_testkit::Actor;

use crate::{
    faulty::Faulty,
    world::{
        AIUS, PATIENCE, World, all_over, answer, chain_with_model, miner, reached, request,
        requester, until,
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
