//! Which models a miner takes.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use alloy_primitives::{B256, U256};
use arbius_sdk::{
    deploy::model::{ModelTerms, register_model},
    inference::{InProcess, InferenceError, Solver, worker::WorkerError},
    miner::{Catalogue, CatalogueError, MinerError, State},
    model::Bundle,
};
use arbius_testkit::{Actor, TestChain};

use crate::world::{AIUS, bundle, chain_with_model, miner, reached, request, requester};

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_refuses_a_bundle_that_is_not_the_registered_model() {
    let chain = TestChain::start().await.unwrap();
    let lane = chain.lane(Actor::ModelOwner).unwrap();
    let terms = ModelTerms {
        fee_address: lane.address(),
        fee: U256::ZERO,
    };
    let other = register_model(lane, chain.engine(), terms, b"{\"other\": 1}")
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = miner(&chain, 0, other, folder.path())
        .spawn()
        .await
        .unwrap_err();
    assert!(error.to_string().contains(&other.to_string()), "{error}");
    let nobody = B256::repeat_byte(0x33);
    let error = miner(&chain, 0, nobody, folder.path())
        .spawn()
        .await
        .unwrap_err();
    assert!(error.to_string().contains(&nobody.to_string()), "{error}");
}

type Solved = Result<arbius_sdk::inference::Outputs, InferenceError>;

/// Fails at first.
struct Failing {
    /// How often still.
    times: AtomicUsize,
    with: fn() -> InferenceError,
    solver: InProcess,
}

impl Failing {
    fn new(times: usize, with: fn() -> InferenceError) -> Self {
        Self {
            times: AtomicUsize::new(times),
            with,
            solver: InProcess::default(),
        }
    }
}

impl Solver for Failing {
    fn solve<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
    ) -> Pin<Box<dyn Future<Output = Solved> + Send + 'a>> {
        let left = |times: usize| times.checked_sub(1);
        if self
            .times
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
            .is_ok()
        {
            let error = (self.with)();
            return Box::pin(async move { Err(error) });
        }
        self.solver.solve(bundle, input, seed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_cannot_be_reproduced_is_left_out() {
    let (chain, model) = chain_with_model().await;
    let lane = chain.lane(Actor::ModelOwner).unwrap();
    let terms = ModelTerms {
        fee_address: lane.address(),
        fee: U256::ZERO,
    };
    let template = bundle().template_bytes().to_vec();
    let other = register_model(lane, chain.engine(), terms, &template)
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let start = |failures: usize| {
        // As with a bundle that this machine cannot run.
        let solver = Failing::new(failures, || {
            InferenceError::Outputs("out of order".to_owned())
        });
        let catalogue = Catalogue::new().with(model, bundle()).with(other, bundle());
        miner(&chain, 0, model, folder.path())
            .solver(Arc::new(solver))
            .catalogue(catalogue)
            .spawn()
    };
    // They are tried in the order of their ids.
    let error = start(2).await.unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(
            error,
            MinerError::Catalogue(CatalogueError::NoneLeft { count: 2, .. })
        ),
        "{text}"
    );
    for id in [model, other] {
        assert!(text.contains(&id.to_string()), "{text}");
    }

    let miner = start(1).await.unwrap();
    let good = model.max(other);
    assert_eq!(miner.models(), [good]);
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();
    requester
        .submit(&request(model.min(other), "one"))
        .await
        .unwrap();
    let task = requester.submit(&request(good, "two")).await.unwrap().task;
    reached(&miner, task, State::Revealed).await;
    assert_eq!(miner.jobs().unwrap().len(), 1);
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn inference_that_is_killed_while_goldens_are_made_is_started_again() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    // As when the system is short of memory for a moment.
    let killed = || {
        InferenceError::Worker(WorkerError::Died {
            status: "signal: 9 (SIGKILL)".to_owned(),
            stderr: String::new(),
        })
    };
    let start = |failures| {
        let solver = Arc::new(Failing::new(failures, killed));
        let miner = miner(&chain, 0, model, folder.path()).solver(solver.clone());
        (miner.spawn(), solver)
    };
    let (miner, _) = start(2);
    let miner = miner.await.unwrap();
    assert_eq!(miner.models(), [model]);
    miner.stop().await.unwrap();
    // That it goes on for good is noticed.
    let (miner, solver) = start(100);
    let error = miner.await.unwrap_err();
    assert!(
        matches!(
            error,
            MinerError::Catalogue(CatalogueError::NotComputed { .. })
        ),
        "{error}"
    );
    assert!(error.to_string().contains("SIGKILL"), "{error}");
    assert_eq!(solver.times.load(Ordering::SeqCst), 95);
}
