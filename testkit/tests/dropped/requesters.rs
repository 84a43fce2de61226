//! A requester whose callers go.

use std::time::Duration;

use alloy_primitives::{B256, U256};
use arbius_sdk::{
    chain::Outcome,
    client::{Requester, TaskFilter, TaskRequest, Validator},
    contracts::IToken,
    deploy::model::{ModelTerms, register_model},
};
use arbius_testkit::{Actor, TestChain};

use crate::world::{AIUS, Books, dropped_wherever_it_waits};

struct World {
    chain: TestChain,
    books: Books,
    requester: Requester,
    request: TaskRequest,
    before: U256,
}

impl World {
    async fn new() -> Self {
        let chain = TestChain::start().await.unwrap();
        let owner = chain.lane(Actor::ModelOwner).unwrap();
        let terms = ModelTerms {
            fee_address: owner.address(),
            fee: U256::ZERO,
        };
        let model = register_model(owner, chain.engine(), terms, b"{}")
            .await
            .unwrap();
        let books = Books::of(chain.chain(), chain.signer(Actor::Requester).unwrap());
        let requester = Requester::new(books.lane.clone(), chain.deployment()).unwrap();
        let before = balance(&requester).await;
        Self {
            chain,
            books,
            requester,
            before,
            request: TaskRequest {
                model,
                fee: U256::from(AIUS),
                input: "{}".into(),
                owner: None,
            },
        }
    }

    /// Each submission was included once or never, and each that was has a task and its fee.
    async fn assert_paid_once_each(&self) {
        self.books.assert_sound().await;
        let ledger = &self.books.ledger;
        let submitted = ledger.count("submitting a task", Outcome::Included);
        let every = TaskFilter::default();
        let tasks = self.requester.network().tasks(&every);
        assert_eq!(tasks.await.unwrap().len(), submitted);
        let paid = self.before - balance(&self.requester).await;
        assert_eq!(paid, U256::from(submitted) * U256::from(AIUS));
    }
}

async fn balance(requester: &Requester) -> U256 {
    let account = requester.address();
    let (network, call) = (requester.network(), IToken::balanceOfCall { account });
    network.chain().read(network.token(), &call).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_dropped_anywhere_is_paid_once_or_never() {
    let world = World::new().await;
    dropped_wherever_it_waits(
        async |_| world.requester.submit(&world.request).await,
        async || world.assert_paid_once_each().await,
    )
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_submission_works_while_a_dropped_one_is_on_its_way() {
    let world = World::new().await;
    dropped_wherever_it_waits(
        async |_| world.requester.submit(&world.request).await,
        async || {
            // The dropped one may take its fee before, between or after the steps of these.
            let submit = || world.requester.submit(&world.request);
            let (one, other) = tokio::join!(submit(), submit());
            assert_ne!(one.unwrap().task, other.unwrap().task);
        },
    )
    .await
    .unwrap();
    world.assert_paid_once_each().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_submissions_at_a_time_share_an_allowance() {
    let world = World::new().await;
    let submit = || world.requester.submit(&world.request);
    let submitted = futures_util::future::join_all((0..20).map(|_| submit())).await;
    for submission in submitted {
        submission.unwrap();
    }
    world.assert_paid_once_each().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_task_may_be_dropped_anywhere() {
    let world = World::new().await;
    let task = world.requester.submit(&world.request).await.unwrap().task;
    let wait = Duration::from_secs(30);
    let give_up = Duration::from_millis(200);
    let unsolved = dropped_wherever_it_waits(
        async |_| world.requester.await_solution(task, give_up).await,
        async || (),
    );
    unsolved.await.unwrap_err();
    let digest = B256::repeat_byte(7);
    let solver = world.chain.lane(Actor::Miner(0)).unwrap().clone();
    let solver = Validator::new(solver, world.chain.engine());
    solver.deposit(U256::from(10 * AIUS)).await.unwrap();
    solver.commit(task, digest).await.unwrap();
    solver.reveal(task, digest).await.unwrap();
    let solution = dropped_wherever_it_waits(
        async |_| world.requester.await_solution(task, wait).await,
        async || (),
    );
    assert_eq!(solution.await.unwrap().solver, solver.address());
    world.chain.pass(Duration::from_secs(2_001)).unwrap();
    let last = dropped_wherever_it_waits(
        async |_| world.requester.await_final(task, wait).await,
        async || (),
    );
    assert_eq!(last.await.unwrap().solver, solver.address());
    world.assert_paid_once_each().await;
}
