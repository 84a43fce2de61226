//! Accrued fees, holdings and what is sent unasked (protocol section 9).

use alloy_primitives::U256;
use arbius_sdk::contracts::IEngine;

use crate::world::{World, aius, answer, event, refused, send, view};

#[tokio::test(flavor = "multi_thread")]
async fn accrued_fees_go_to_the_treasury_whoever_calls() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let engine = &world.rival.engine;
    refused!(world.rival, NothingToWithdraw, engine.withdrawAccruedFees());
    let task = world.task(model, aius(10), b"in").await;
    world.solve(&world.solver, task, answer(1)).await;
    world.pass(2_001);
    send!(world.solver.engine.claimSolution(task));
    let accrued = view!(engine.accruedFees());
    assert!(accrued > aius(1));

    let before = world.balance(world.treasury.address).await;
    let withdrawn: IEngine::AccruedFeesWithdrawn = event(&send!(engine.withdrawAccruedFees()));
    assert_eq!(
        (withdrawn.treasury, withdrawn.amount),
        (world.treasury.address, accrued)
    );
    let after = world.balance(world.treasury.address).await;
    assert_eq!(after - before, accrued);
    assert_eq!(view!(engine.accruedFees()), U256::ZERO);
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_unasked_is_swept_to_the_treasury_and_nothing_else_is() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (rival, engine) = (&world.rival, &world.rival.engine);
    world.task(model, aius(10), b"in").await;
    refused!(rival, NothingToWithdraw, engine.sweepSurplus());
    send!(rival.token.transfer(world.chain.engine(), aius(7)));
    let held = view!(engine.totalHeld());
    let swept: IEngine::SurplusSwept = event(&send!(engine.sweepSurplus()));
    assert_eq!(swept.amount, aius(7));
    assert_eq!(view!(engine.accruedFees()), aius(7));
    assert_eq!(view!(engine.totalHeld()), held + aius(7));
    refused!(rival, NothingToWithdraw, engine.sweepSurplus());
    world.books_balance().await;
}
