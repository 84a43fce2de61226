//! From prompt to verified bytes, and what is left alone.

use std::time::Duration;

use alloy_primitives::{Bytes, U256};
use arbius_sdk::{
    chain::Call,
    client::{Outputs, TaskRequest},
    content::{FetchLimits, Fetcher},
    contracts::{IToken, TaskStatus},
    miner::{MinerHandle, State},
};
use arbius_testkit::{
    Actor,
    requester::{self as contract, IRequester},
};

use crate::world::{
    AIUS, PATIENCE, all_over, chain_with_model, miner, reached, request, requester,
};

#[tokio::test(flavor = "multi_thread")]
async fn two_miners_compete_and_every_task_is_paid_once() {
    let (chain, model) = chain_with_model().await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut miners = Vec::new();
    for (number, folder) in folders.iter().enumerate() {
        miners.push(
            miner(&chain, number, model, folder.path())
                .spawn()
                .await
                .unwrap(),
        );
    }
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();

    // Three tasks by the account itself, one through a contract.
    let mut tasks = Vec::new();
    for prompt in ["a zero", "one", "draw me a seven"] {
        tasks.push(
            requester
                .submit(&request(model, prompt))
                .await
                .unwrap()
                .task,
        );
    }
    let lane = chain.lane(Actor::Requester).unwrap();
    let contract = contract::deploy(lane, chain.engine()).await.unwrap();
    let approve = IToken::approveCall {
        spender: contract,
        value: U256::from(AIUS),
    };
    lane.execute(Call::new(chain.token(), &approve))
        .await
        .unwrap();
    let TaskRequest {
        model, fee, input, ..
    } = request(model, "four");
    let receipt = lane
        .execute(Call::new(
            contract,
            &IRequester::askCall { model, fee, input },
        ))
        .await
        .unwrap();
    let asked = receipt
        .events::<IRequester::Asked>(contract)
        .next()
        .unwrap();
    assert_eq!(asked.asker, lane.address());
    tasks.push(asked.task);

    // Optimistic results, verified block by block from whichever gateway has them.
    let gateways: Vec<String> = miners.iter().filter_map(MinerHandle::gateway).collect();
    let fetcher = Fetcher::new(&gateways, FetchLimits::default()).unwrap();
    for task in &tasks {
        let solution = requester.await_solution(*task, PATIENCE).await.unwrap();
        let outputs = Outputs::fetch(&fetcher, solution.cid).await.unwrap();
        assert_eq!(outputs.files.len(), 1);
        assert!(outputs.files[0].bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    }

    for task in &tasks {
        let winner = requester
            .network()
            .solution(*task)
            .await
            .unwrap()
            .unwrap()
            .solver;
        let winner = miners
            .iter()
            .find(|miner| miner.account() == winner)
            .unwrap();
        reached(winner, *task, State::Revealed).await;
    }
    chain.pass(Duration::from_secs(2_001)).unwrap();
    for task in &tasks {
        let solution = requester.await_final(*task, PATIENCE).await.unwrap();
        let info = requester.network().task(*task).await.unwrap();
        assert_eq!(info.status, TaskStatus::Final);
        assert_eq!(info.solution.unwrap().cid, solution.cid);
        let submission = requester.network().submission(*task).await.unwrap();
        assert_eq!(submission.model, model);
        assert!(submission.input.starts_with(b"{\"prompt\":"));
    }
    // A miner that first hears of a task together with its solution makes no job of it.
    for miner in &miners {
        all_over(miner, miner.jobs().unwrap().len()).await;
    }
    let tallies: Vec<_> = miners.iter().map(|miner| miner.tally().unwrap()).collect();
    let claimed: usize = tallies.iter().map(|tally| tally.of(State::Claimed)).sum();
    assert_eq!(claimed, tasks.len(), "{tallies:#?}");
    for tally in &tallies {
        let jobs: usize = tally.jobs.values().sum();
        assert_eq!(
            jobs,
            tally.of(State::Claimed) + tally.of(State::Lost),
            "{tally:#?}"
        );
    }
    let rewards = tallies
        .iter()
        .fold(U256::ZERO, |sum, tally| sum + tally.rewards);
    assert!(rewards > U256::ZERO);
    for miner in miners {
        miner.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_solve_is_declined_with_the_reason() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let miner = miner(&chain, 0, model, folder.path())
        .spawn()
        .await
        .unwrap();
    let requester = requester(&chain);
    for input in [&b"not JSON"[..], b"{\"prompt\": 5}", b""] {
        let input = Bytes::from_static(input);
        let request = TaskRequest {
            input,
            ..request(model, "")
        };
        requester.submit(&request).await.unwrap();
    }
    all_over(&miner, 3).await;
    for job in miner.jobs().unwrap() {
        assert_eq!(job.state, State::Declined, "{job:#?}");
        assert!(!job.note.unwrap().is_empty());
    }
    miner.stop().await.unwrap();
}
