//! Pauses (protocol section 10), as far as they touch what is here.

use alloy_primitives::{B256, Bytes, U256};
use arbius_sdk::contracts::IEngine;

use crate::world::{World, aius, answer, event, refused, send, view};

const DAY: u64 = 86_400;

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_stops_everything_but_the_ways_out() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    let requester = &world.requester;
    let task = world.task(model, aius(1), b"in").await;
    let solved = world.task(model, aius(10), b"other").await;
    world.solve(solver, solved, answer(1)).await;
    world.pass(2_001);
    send!(engine.claimSolution(solved));
    send!(engine.initiateValidatorWithdraw(aius(1)));
    world.pass(DAY);

    refused!(solver, NotPauser, engine.setPaused(true));
    let changed: IEngine::PausedChanged = event(&send!(world.owner.engine.setPaused(true)));
    assert!(changed.paused && view!(engine.paused()));
    assert_eq!(view!(engine.pauseEnd()), U256::from(world.now() + 14 * DAY));

    refused!(
        requester,
        Paused,
        requester.engine.submitTask(
            0,
            requester.address,
            model,
            aius(1),
            Bytes::from_static(b"in")
        )
    );
    refused!(requester, Paused, requester.engine.retractTask(task));
    refused!(
        requester,
        Paused,
        requester.engine.increaseTaskFee(task, aius(1))
    );
    refused!(solver, Paused, engine.signalCommitment(B256::ZERO));
    refused!(solver, Paused, engine.submitSolution(task, answer(1)));
    refused!(
        solver,
        Paused,
        engine.bulkSubmitSolution(vec![task], vec![answer(1)])
    );
    refused!(solver, Paused, engine.claimSolution(solved));
    refused!(solver, Paused, engine.bulkClaimSolution(vec![solved]));
    refused!(
        solver,
        Paused,
        engine.validatorDeposit(solver.address, aius(1))
    );
    refused!(solver, Paused, engine.stakeEarnings(U256::from(1)));
    refused!(solver, Paused, engine.signalSupport(model, true));
    refused!(
        world.model_owner,
        Paused,
        world.model_owner.engine.setModelFee(model, aius(1))
    );
    refused!(
        solver,
        Paused,
        engine.registerModel(solver.address, U256::ZERO, Bytes::new())
    );

    // Ways out, and the owner.
    send!(engine.initiateValidatorWithdraw(aius(1)));
    send!(engine.cancelValidatorWithdraw(U256::from(2)));
    send!(engine.validatorWithdraw(U256::from(1), solver.address));
    send!(engine.withdrawEarnings(solver.address));
    send!(engine.withdrawAccruedFees());
    send!(world.owner.engine.setModelFee(model, aius(1)));
    send!(world.owner.engine.setVersion(U256::from(3)));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_ends_by_itself_and_the_next_has_to_wait() {
    let world = World::new().await;
    let (owner, engine) = (&world.owner, &world.owner.engine);
    send!(engine.setPaused(true));
    refused!(owner, PauseTooSoon, engine.setPaused(true));
    world.pass(14 * DAY);
    assert!(!view!(engine.paused()));
    refused!(owner, PauseTooSoon, engine.setPaused(true));
    world.pass(14 * DAY);
    send!(engine.setPaused(true));
    world.pass(100);
    send!(engine.setPaused(false));
    assert!(!view!(engine.paused()));
    assert_eq!(view!(engine.pauseEnd()), U256::from(world.now()));
    refused!(owner, PauseTooSoon, engine.setPaused(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_a_pause_eats_no_time_to_contest_to_claim_or_to_retract() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (solver, owner) = (&world.solver, &world.owner.engine);
    let requester = &world.requester;
    let task = world.task(model, aius(1), b"in").await;
    let open = world.task(model, aius(1), b"open").await;
    world.solve(solver, task, answer(1)).await;
    let end: u64 = view!(owner.contestEnd(task)).to();
    world.pass(1_000);
    send!(owner.setPaused(true));
    let began = world.now();
    world.pass(10 * DAY);
    send!(owner.setPaused(false));
    let paused = world.now() - began;
    assert_eq!(view!(owner.contestEnd(task)), U256::from(end + paused));

    assert_eq!(world.status(task).await, 2, "it can still be contested");
    refused!(solver, NotEnoughDelay, solver.engine.claimSolution(task));
    refused!(
        requester,
        NotEnoughDelay,
        requester.engine.retractTask(open)
    );
    world.pass(1_001);
    refused!(
        world.rival,
        SolverOnly,
        world.rival.engine.claimSolution(task)
    );
    send!(solver.engine.claimSolution(task));
    world.pass(8_100);
    send!(requester.engine.retractTask(open));
    world.books_balance().await;
}
