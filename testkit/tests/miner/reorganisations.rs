//! What a reorganisation undoes.

use std::time::Duration;

use alloy_primitives::U256;
use arbius_sdk::{
    chain::Call,
    contracts::{IEngine, IToken},
    miner::State,
};
use arbius_testkit::Actor;

use crate::world::{
    AIUS, PATIENCE, all_over, chain_with_model, miner, reached, request, requester,
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
