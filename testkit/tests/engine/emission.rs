//! The emission's views (protocol section 2).

use alloy_primitives::U256;
use arbius_protocol::emission;
use arbius_sdk::contracts::IEngine;

use crate::world::{AIUS, World, aius, answer, event, refused, send, view};

#[tokio::test(flavor = "multi_thread")]
async fn the_views_answer_as_the_curve_does() {
    let world = World::new().await;
    let (owner, engine) = (&world.owner, &world.owner.engine);
    for t in [0, 1, 60, 86_400, 31_536_000, 63_072_000, 3_153_600_001] {
        assert_eq!(
            view!(engine.targetTs(U256::from(t))),
            U256::from(emission::target_supply(t))
        );
    }
    assert_eq!(view!(engine.targetTs(U256::MAX)), aius(600_000));
    for (t, s) in [
        (31_536_000, 300_000 * AIUS),
        (31_536_000, 290_000 * AIUS),
        (31_536_000, 330_000 * AIUS),
        (1, 1),
        (3_153_600_001, 600_000 * AIUS),
    ] {
        assert_eq!(
            view!(engine.diffMul(U256::from(t), U256::from(s))),
            U256::from(emission::difficulty(t, s).unwrap())
        );
        assert_eq!(
            view!(engine.reward(U256::from(t), U256::from(s))),
            U256::from(emission::reward(t, s).unwrap())
        );
    }
    refused!(owner, MinVals, engine.diffMul(U256::ZERO, U256::from(1)));
    refused!(owner, MinVals, engine.diffMul(U256::from(1), U256::ZERO));
    refused!(owner, MinVals, engine.reward(U256::ZERO, U256::from(1)));
    refused!(
        owner,
        EmissionExceeded,
        engine.reward(U256::from(1), aius(600_000) + U256::from(1))
    );
    refused!(
        owner,
        EmissionExceeded,
        engine.reward(U256::from(1), U256::MAX)
    );
    assert_eq!(view!(engine.getReward()), aius(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_deposits_fees_and_donations_do_not_move_the_curve() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let engine = &world.solver.engine;
    let task = world.task(model, aius(50), b"in").await;
    world.solve(&world.solver, task, answer(1)).await;
    world.pass(2_001);
    send!(engine.claimSolution(task));
    assert_eq!(view!(engine.emitted()), aius(1));

    world.stake(&world.rival, aius(500)).await;
    world.task(model, aius(500), b"another").await;
    send!(
        world
            .rival
            .token
            .transfer(world.chain.engine(), aius(1_000))
    );
    assert_eq!(view!(engine.emitted()), aius(1));
    assert_eq!(view!(engine.getPsuedoTotalSupply()), aius(1));
    let expected = emission::reward(world.now() - view!(engine.startBlockTime()), AIUS).unwrap();
    assert_eq!(view!(engine.getReward()), U256::from(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_start_moves_only_while_nothing_has_been_emitted() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (owner, engine) = (&world.owner, &world.owner.engine);
    refused!(
        world.rival,
        NotOwner,
        world.rival.engine.setStartBlockTime(1)
    );
    refused!(
        owner,
        ParameterOutOfBounds,
        engine.setStartBlockTime(1 << 40)
    );
    let start = world.now() - 1_000;
    let changed: IEngine::StartBlockTimeChanged = event(&send!(engine.setStartBlockTime(start)));
    assert_eq!(changed.startBlockTime, start);
    assert_eq!(view!(engine.startBlockTime()), start);

    let task = world.task(model, U256::ZERO, b"in").await;
    world.solve(&world.solver, task, answer(1)).await;
    world.pass(2_001);
    send!(world.solver.engine.claimSolution(task));
    refused!(owner, EmissionStarted, engine.setStartBlockTime(start + 1));
}
