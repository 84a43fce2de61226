//! An upgrade of a live engine (protocol section 11): other programs, the same books.

use alloy::eips::BlockId;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use arbius_artifacts::{ENGINE, ENGINE_REST, get};
use arbius_protocol::interfaces::proxy::{IMPLEMENTATION_SLOT, IProxy};
use arbius_sdk::{chain::Call, contracts::IEngine, deploy::program};
use arbius_testkit::Actor;

use crate::world::{AIUS, World, aius, answer, events, send, view};

/// Where the address of the rest lies.
const REST_SLOT: U256 = U256::from_limbs([6, 0, 0, 0]);

/// All that the engine has stored.
fn storage(world: &World) -> std::collections::BTreeMap<U256, U256> {
    let chain = world.chain.devnet().chain();
    let state = chain.state_at(BlockId::latest()).unwrap();
    let account = state.account(world.chain.engine()).unwrap();
    account
        .storage
        .iter()
        .map(|(slot, value)| (*slot, *value))
        .collect()
}

/// Deploys both programs again and has the proxy's admin put them in place in one
/// transaction; the new addresses.
async fn upgrade(world: &World) -> (Address, Address) {
    let lane = world.chain.lane(Actor::Owner).unwrap();
    let hot = program::deploy(lane, get(ENGINE).unwrap()).await.unwrap();
    let rest = program::deploy(lane, get(ENGINE_REST).unwrap())
        .await
        .unwrap();
    let call = IProxy::upgradeToAndCallCall {
        newImplementation: hot,
        data: IEngine::setEngineRestCall { rest }.abi_encode().into(),
    };
    let call = Call::new(world.chain.engine(), &call).for_purpose("upgrading the engine");
    lane.execute(call).await.unwrap();
    (hot, rest)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_of_a_live_engine_loses_nothing() {
    let (world, model) = World::with_model(aius(1)).await;
    let (solver, rival, requester) = (&world.solver, &world.rival, &world.requester);
    let voters = [world.miner(2), world.miner(3)];
    for voter in &voters {
        send!(rival.engine.validatorDeposit(voter.address, aius(10)));
    }
    send!(world.owner.engine.setSolutionsStakeAmount(U256::from(AIUS)));

    // Earnings, accrued fees, an announced retraction, an announced withdrawal, …
    let claimed = world.task(model, aius(10), b"claimed").await;
    world.solve(solver, claimed, answer(1)).await;
    world.pass(2_001);
    send!(solver.engine.claimSolution(claimed));
    let leaving = world.task(model, aius(20), b"leaving").await;
    world.pass(10_000);
    send!(requester.engine.retractTask(leaving));
    send!(solver.engine.initiateValidatorWithdraw(aius(2)));
    // … a batch that is committed to, a pending solution, and a vote that runs.
    let batch = requester.engine.bulkSubmitTask(
        0,
        requester.address,
        model,
        aius(3),
        Bytes::from_static(b"batch"),
        U256::from(3),
    );
    let batch = events::<IEngine::TaskSubmitted>(&send!(batch));
    world.commit(rival, batch[1].id, &answer(2)).await;
    let pending = world.task(model, aius(5), b"pending").await;
    world.solve(solver, pending, answer(3)).await;
    let disputed = world.task(model, aius(7), b"disputed").await;
    world.solve(solver, disputed, answer(4)).await;
    send!(rival.engine.submitContestation(disputed));
    send!(voters[0].engine.voteOnContestation(disputed, true));

    let before = storage(&world);
    let (hot, rest) = upgrade(&world).await;
    let mut after = storage(&world);
    let implementation = after.insert(
        IMPLEMENTATION_SLOT.into(),
        before[&IMPLEMENTATION_SLOT.into()],
    );
    assert_eq!(implementation, Some(U256::from_be_slice(hot.as_slice())));
    after.insert(REST_SLOT, before[&REST_SLOT]);
    assert_eq!(before, after, "an upgrade changes these two words alone");
    assert_eq!(view!(world.owner.engine.engineRest()), rest);
    world.books_balance().await;

    // All that was begun before is finished after it.
    send!(voters[1].engine.voteOnContestation(disputed, true));
    send!(rival.engine.submitSolution(batch[1].id, answer(2)));
    world.pass(4_001);
    send!(requester.engine.contestationVoteFinish(disputed, 3));
    assert_eq!(world.status(disputed).await, 5);
    send!(solver.engine.claimSolution(pending));
    send!(rival.engine.claimSolution(batch[1].id));
    send!(requester.engine.retractTask(leaving));
    assert_eq!(world.status(leaving).await, 6);
    world.pass(86_400);
    let tokens = world.balance(solver.address).await;
    send!(solver.engine.validatorWithdraw(U256::ONE, solver.address));
    assert_eq!(world.balance(solver.address).await, tokens + aius(2));
    // The fee of the rejected task, and that of the retracted one less the tenth.
    assert_eq!(world.earnings(requester).await, aius(7 + 18));
    assert!(world.earnings(solver).await > U256::ZERO);
    world.books_balance().await;
}
