//! What a reorganisation undoes.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use alloy_primitives::U256;
use arbius_sdk::{
    chain::Call,
    contracts::{IEngine, IToken},
    inference::{InProcess, InferenceError, Outputs, Solver},
    miner::State,
    model::Bundle,
};
use arbius_testkit::Actor;

use crate::world::{
    AIUS, PATIENCE, all_over, chain_with_model, miner, reached, request, requester, reveal, until,
    validator,
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

/// Solves while it is open.
struct Gate {
    open: Arc<AtomicBool>,
    solver: InProcess,
}

impl Solver for Gate {
    fn solve<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
    ) -> Pin<Box<dyn Future<Output = Result<Outputs, InferenceError>> + Send + 'a>> {
        Box::pin(async move {
            while !self.open.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            self.solver.solve(bundle, input, seed).await
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_lost_to_a_solution_that_is_gone_is_won() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let open = Arc::new(AtomicBool::new(true));
    let gate = Gate {
        open: Arc::clone(&open),
        solver: InProcess::default(),
    };
    let miner = miner(&chain, 0, model, folder.path())
        .solver(Arc::new(gate))
        .spawn()
        .await
        .unwrap();
    let rival = validator(&chain, 3).await;
    chain.pass(Duration::from_secs(200)).unwrap();
    open.store(false, Ordering::SeqCst);
    let requester = requester(&chain);
    let input = request(model, "nine");
    let task = requester.submit(&input).await.unwrap().task;
    let before = chain.devnet().chain().snapshot();
    reveal(&rival, task, &input.input, 0).await;
    open.store(true, Ordering::SeqCst);
    reached(&miner, task, State::Lost).await;

    assert!(chain.devnet().chain().revert(before));
    let solution = requester.await_solution(task, PATIENCE).await.unwrap();
    assert_eq!(solution.solver, miner.account());
    chain.pass(Duration::from_secs(2_001)).unwrap();
    all_over(&miner, 1).await;
    assert_eq!(miner.tally().unwrap().of(State::Claimed), 1);
    miner.stop().await.unwrap();
}
