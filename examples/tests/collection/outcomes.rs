//! How much gas it takes to be told an outcome, and what happens with less.

use alloy_primitives::U256;
use arbius_example_interfaces::collection::ICollection::MetadataUpdate;
use arbius_examples::collection::Implementation;
use arbius_sdk::{chain::Call, contracts::IEngine};
use arbius_testkit::{Actor, TestChain, aius, event, refusal, send, view};

use crate::world::{World, answer, both};

both!(
    on arbius_testkit::TestChain::builder().uncached();
    too_little_gas_is_refused_and_what_was_promised_is_enough_where_nothing_is_cached,
);

async fn too_little_gas_is_refused_and_what_was_promised_is_enough_where_nothing_is_cached(
    world: World,
) {
    let (token, task) = world.minted("a red car").await;
    let engine = &world.bob.engine;
    let promised = view!(world.bob.collection.outcomeGas());
    assert_eq!(view!(engine.taskConsumer(task)).gasLimit, promised);
    // Enough for the engine to come as far as the collection.
    let little = engine
        .notifyConsumer(task)
        .gas(u64::from(promised) + 20_000);
    refusal!(IEngine::NotEnoughGas, little);
    let sent = little.send().await.unwrap().get_receipt().await.unwrap();
    assert!(!sent.status());
    assert!(!view!(engine.taskConsumer(task)).notified);

    // The engine passes on what was promised, and no more.
    let (accepted, receipt) = world.tell(task).await;
    assert!(accepted, "{promised} gas are not enough");
    assert_eq!(event::<MetadataUpdate>(&receipt)._tokenId, token);
    assert!(view!(engine.taskConsumer(task)).notified);
    println!("{} gas with {promised} promised", receipt.gas_used);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_in_solidity_that_named_too_little_gas_fails_and_can_be_told_again() {
    let world = World::on(TestChain::builder(), Implementation::Solidity).await;
    let (scribe, engine) = (world.scribe().await, &world.bob.engine);
    // Over 22,100 gas for each word.
    send!(scribe.want(U256::from(9)));
    let submitted = send!(scribe.submit(world.model, aius(5), 100_000));
    let task = event::<IEngine::TaskSubmitted>(&submitted).id;
    world.solve(task, &answer(1)).await;
    world.pass(2_001);
    for _ in 0..2 {
        assert!(!world.tell(task).await.0);
    }
    assert!(!view!(engine.taskConsumer(task)).notified);
    assert_eq!(view!(scribe.written()), U256::ZERO);

    // The solver is paid as for any other task.
    let solver = world.chain.lane(Actor::Miner(0)).unwrap();
    let claim = Call::new(world.chain.engine(), &IEngine::claimSolutionCall { task });
    solver.execute(claim).await.unwrap();
    assert!(view!(engine.earnings(solver.address())) > U256::ZERO);
    assert_eq!(view!(engine.taskStatus(task)), 4);

    send!(scribe.want(U256::from(1)));
    assert!(world.tell(task).await.0);
    assert_eq!(view!(scribe.written()), U256::from(1));
    refusal!(IEngine::AlreadyNotified, engine.notifyConsumer(task));
}
