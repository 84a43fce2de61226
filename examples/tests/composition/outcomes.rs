//! Who tells the contract what, how often, with how much gas.

use alloy_primitives::{B256, Bytes, U256};
use arbius_examples::composition::IComposition::{
    Ending, NotEngine, PartAsked, PartTold, UnknownTask,
};
use arbius_protocol::tasks::gas_to_notify;
use arbius_sdk::{contracts::IEngine, miner::Settings};
use arbius_testkit::{TestChain, aius, event, events, refusal, send, view};

use crate::world::{FEE, World, asked, ended};

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_comes_from_the_engine_alone() {
    let world = World::new().await;
    let (story, text) = world.begin(1, 2 * FEE).await;
    let stranger = &world.stranger;
    let cid = Bytes::from(arbius_protocol::cid::encode(B256::repeat_byte(1)).to_vec());
    let call = stranger.contract.onTaskOutcome(text, 4, cid);
    let error = refusal!(NotEngine, call.from(stranger.address));
    assert_eq!(error.caller, stranger.address);
    // And from the engine only once it is final.
    refusal!(IEngine::TaskNotFinal, stranger.engine.notifyConsumer(text));
    world.solve(text, B256::repeat_byte(1)).await;
    refusal!(IEngine::TaskNotFinal, stranger.engine.notifyConsumer(text));
    assert_eq!(view!(stranger.contract.story(story)).task, text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_counts_once() {
    let world = World::new().await;
    let (_, text) = world.begin(2, 4 * FEE).await;
    let receipt = world.answer(text, B256::repeat_byte(1)).await;
    assert_eq!(events::<PartAsked>(&receipt).len(), 1);
    let again = world.stranger.engine.notifyConsumer(text);
    refusal!(IEngine::AlreadyNotified, again);
    // The contract itself does not rely on that.
    let engine = world.chain.engine();
    let cid = Bytes::from(arbius_protocol::cid::encode(B256::repeat_byte(1)).to_vec());
    let again = world.stranger.contract.onTaskOutcome(text, 4, cid);
    assert_eq!(refusal!(UnknownTask, again.from(engine)).task, text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_s_task_that_names_the_contract_changes_nothing() {
    let world = World::new().await;
    world.begin(2, 4 * FEE).await;
    let held = world.balance(world.contract).await;
    let stranger = &world.stranger;
    send!(stranger.token.approve(world.chain.engine(), U256::MAX));
    let submit = stranger.engine.submitTaskWithConsumer(
        0,
        stranger.address,
        world.text_model,
        U256::ZERO,
        Bytes::from_static(b"{}"),
        world.contract,
        300_000,
    );
    let task = event::<IEngine::TaskSubmitted>(&send!(submit)).id;
    world.solve(task, B256::repeat_byte(9)).await;
    world.pass(2_001);
    let (accepted, receipt) = world.try_to_tell(task).await;
    assert!(!accepted);
    assert!(events::<PartTold>(&receipt).is_empty());
    assert_eq!(world.balance(world.contract).await, held);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_gas_is_refused_and_what_was_promised_is_enough_for_the_dearest_outcome() {
    // Nothing is cached, the style is as long as it may be, all of it is escaped, and a text
    // comes next.
    let world = World::on(TestChain::builder().uncached()).await;
    let style = "\"".repeat(200);
    let begin = world
        .author
        .contract
        .begin("a fox".into(), style, 2, 4 * FEE, FEE, FEE);
    let text = asked(&send!(begin)).task;
    let promised = u64::from(view!(world.author.contract.outcomeGas()));
    // Miners with the defaults tell it by themselves: what they add is in `sdk::miner::notify`.
    assert!(gas_to_notify(promised) + 120_000 <= Settings::default().notify_gas);

    let mut task = text;
    for answer in 1..=3 {
        world.solve(task, B256::repeat_byte(answer)).await;
        world.pass(2_001);
        let engine = &world.stranger.engine;
        let little = engine.notifyConsumer(task).gas(promised + 40_000);
        refusal!(IEngine::NotEnoughGas, little);
        let state = view!(world.author.contract.story(U256::ONE));
        assert_eq!(state.task, task, "a refusal changes nothing");
        // The least gas with which the engine calls at all.
        let mut gas = promised + 50_000;
        let receipt = loop {
            let call = engine.notifyConsumer(task).gas(gas);
            if call.call().await.is_ok() {
                break send!(call);
            }
            gas += 2_000;
        };
        assert!(
            event::<IEngine::ConsumerNotified>(&receipt).success,
            "{gas}"
        );
        println!("answer {answer}: {} gas of {gas}", receipt.gas_used);
        task = asked(&receipt).task;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_cannot_be_acted_on_now_is_told_again_later() {
    let world = World::new().await;
    let (story, text) = world.begin(2, 4 * FEE).await;
    let (given_up, other) = world.begin(1, 2 * FEE).await;
    world.solve(text, B256::repeat_byte(1)).await;
    world.solve(other, B256::repeat_byte(2)).await;
    world.pass(2_001);
    // The model is switched off.
    let (owner, model) = (&world.model_owner, world.picture_model);
    send!(owner.engine.setModelEnabled(model, false));
    for task in [text, other] {
        let (accepted, _) = world.try_to_tell(task).await;
        assert!(!accepted);
    }
    // The engine is paused, and tells nobody anything.
    send!(world.owner.engine.setPaused(true));
    for task in [text, other] {
        refusal!(IEngine::Paused, world.stranger.engine.notifyConsumer(task));
    }
    // Who does not want to wait stops the story, and is paid the rest of the budget.
    let author = &world.author;
    let stopped = send!(author.contract.stop(given_up));
    assert_eq!(ended(&stopped), (Ending::Stopped as u8, aius(1)));
    let before = world.balance(author.address).await;
    send!(author.contract.withdraw(author.address));
    assert_eq!(world.balance(author.address).await, before + aius(1));
    // The model is dearer than what was offered for a picture.
    send!(world.owner.engine.setPaused(false));
    send!(owner.engine.setModelEnabled(model, true));
    send!(owner.engine.setModelFee(model, aius(2)));
    let (accepted, _) = world.try_to_tell(text).await;
    assert!(!accepted);
    let state = view!(author.contract.story(story));
    assert_eq!((state.task, state.text), (text, B256::ZERO));
    send!(owner.engine.setModelFee(model, U256::ZERO));
    asked(&world.tell(text).await);
    assert!(events::<PartAsked>(&world.tell(other).await).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_a_story_was_stopped_changes_nothing() {
    let world = World::new().await;
    let (story, text) = world.begin(2, 4 * FEE).await;
    let stopped = send!(world.author.contract.stop(story));
    assert_eq!(ended(&stopped).0, Ending::Stopped as u8);
    let receipt = world.answer(text, B256::repeat_byte(1)).await;
    world.all_is_over(&receipt).await;
    assert!(events::<arbius_examples::composition::IComposition::StoryEnded>(&receipt).is_empty());
}
