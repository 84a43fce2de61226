//! Retraction (protocol section 5).

use alloy_primitives::{B256, U256};
use arbius_sdk::contracts::IEngine;

use crate::world::{World, aius, answer, event, events, refused, send, view};

#[tokio::test(flavor = "multi_thread")]
async fn learned_an_unsolved_fee_comes_back_in_two_steps() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (requester, engine) = (&world.requester, &world.requester.engine);
    let task = world.task(model, aius(10), b"in").await;

    refused!(requester, TaskDoesNotExist, engine.retractTask(B256::ZERO));
    refused!(
        world.rival,
        NotTaskOwner,
        world.rival.engine.retractTask(task)
    );
    refused!(requester, NotEnoughDelay, engine.retractTask(task));
    world.pass(9_000);
    refused!(requester, NotEnoughDelay, engine.retractTask(task));
    world.pass(1_000);

    assert_eq!(view!(engine.retractionAnnounced(task)), U256::ZERO);
    let receipt = send!(engine.retractTask(task));
    assert_eq!(
        event::<IEngine::TaskRetractionAnnounced>(&receipt).task,
        task
    );
    assert!(events::<IEngine::TaskRetracted>(&receipt).is_empty());
    assert_eq!(
        view!(engine.retractionAnnounced(task)),
        U256::from(world.now())
    );
    assert_eq!(world.status(task).await, 1, "it can still be solved");
    refused!(requester, WaitLonger, engine.retractTask(task));
    world.pass(500);
    refused!(requester, WaitLonger, engine.retractTask(task));
    world.pass(100);

    let receipt = send!(engine.retractTask(task));
    assert_eq!(event::<IEngine::TaskRetracted>(&receipt).id, task);
    let refunded: IEngine::TaskRefunded = event(&receipt);
    assert_eq!(
        (refunded.owner, refunded.amount),
        (requester.address, aius(9))
    );
    assert_eq!(world.status(task).await, 6);
    assert_eq!(world.earnings(requester).await, aius(9));
    assert_eq!(view!(engine.accruedFees()), aius(1));

    refused!(requester, TaskNotOpen, engine.retractTask(task));
    refused!(
        requester,
        TaskNotOpen,
        engine.increaseTaskFee(task, aius(1))
    );
    world.commit(&world.solver, task, &answer(1)).await;
    refused!(
        world.solver,
        TaskNotOpen,
        world.solver.engine.submitSolution(task, answer(1))
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_an_announcement_leaves_time_to_reveal_a_finished_computation() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (requester, engine) = (&world.requester, &world.requester.engine);
    let task = world.task(model, aius(10), b"in").await;
    world.commit(&world.solver, task, &answer(1)).await;
    world.pass(10_000);
    send!(engine.retractTask(task));
    send!(world.solver.engine.submitSolution(task, answer(1)));
    world.pass(600);
    refused!(requester, TaskNotOpen, engine.retractTask(task));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_of_a_disabled_model_is_retracted_in_one_step_and_free() {
    let (world, model) = World::with_model(aius(1)).await;
    let (requester, engine) = (&world.requester, &world.requester.engine);
    let task = world.task(model, aius(10), b"in").await;
    send!(world.model_owner.engine.setModelEnabled(model, false));
    world.pass(600);
    // To disable it once more does not begin the notice anew.
    send!(world.model_owner.engine.setModelEnabled(model, false));
    let receipt = send!(engine.retractTask(task));
    assert_eq!(event::<IEngine::TaskRefunded>(&receipt).amount, aius(10));
    assert_eq!(world.earnings(requester).await, aius(10));
    assert_eq!(view!(engine.accruedFees()), U256::ZERO);
    send!(world.rival.engine.withdrawEarnings(requester.address));
    assert_eq!(
        world.balance(requester.address).await,
        aius(10_000),
        "the owner has it all back, whoever called"
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_disabling_a_model_does_not_pull_the_fee_from_under_an_answer() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (requester, engine) = (&world.requester, &world.requester.engine);
    let task = world.task(model, aius(10), b"in").await;
    // The model's owner sees the commitment to an answer and wants the requester, a
    // friend, to have both the answer and the fee.
    world.commit(&world.solver, task, &answer(1)).await;
    send!(world.model_owner.engine.setModelEnabled(model, false));
    refused!(requester, NotEnoughDelay, engine.retractTask(task));
    world.pass(590);
    refused!(requester, NotEnoughDelay, engine.retractTask(task));
    send!(world.solver.engine.submitSolution(task, answer(1)));
    world.pass(600);
    refused!(requester, TaskNotOpen, engine.retractTask(task));

    // Enabled in between, the notice is void.
    send!(world.model_owner.engine.setModelEnabled(model, true));
    let other = world.task(model, aius(10), b"other").await;
    refused!(requester, NotEnoughDelay, engine.retractTask(other));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_retraction_fee_is_rounded_up_for_the_treasury() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let engine = &world.requester.engine;
    let task = world.task(model, U256::from(15), b"in").await;
    world.pass(10_000);
    send!(engine.retractTask(task));
    world.pass(600);
    send!(engine.retractTask(task));
    assert_eq!(world.earnings(&world.requester).await, U256::from(13));
    assert_eq!(view!(engine.accruedFees()), U256::from(2));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_a_raised_fee_is_no_bait_before_a_retraction_that_was_announced() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (requester, engine) = (&world.requester, &world.requester.engine);
    let task = world.task(model, aius(10), b"in").await;
    world.pass(10_000);
    send!(engine.retractTask(task));
    world.pass(600);

    // Now one call would retract; but who raises the fee wants an answer.
    let receipt = send!(engine.increaseTaskFee(task, aius(5)));
    event::<IEngine::TaskFeeIncreased>(&receipt);
    assert!(events::<IEngine::TaskRetractionAnnounced>(&receipt).is_empty());
    assert_eq!(view!(engine.retractionAnnounced(task)), U256::ZERO);

    // To retract takes both steps again, which leaves time to reveal.
    let receipt = send!(engine.retractTask(task));
    event::<IEngine::TaskRetractionAnnounced>(&receipt);
    assert!(events::<IEngine::TaskRetracted>(&receipt).is_empty());
    refused!(requester, WaitLonger, engine.retractTask(task));
    world.pass(600);
    let receipt = send!(engine.retractTask(task));
    assert_eq!(
        event::<IEngine::TaskRefunded>(&receipt).amount,
        U256::from(135) * aius(1) / U256::from(10)
    );
    world.books_balance().await;
}
