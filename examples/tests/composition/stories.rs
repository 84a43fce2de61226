//! How a story goes on, and how it ends.

use alloy_primitives::{B256, U256};
use arbius_examples::composition::IComposition::{Ending, Part, PartTold, Withdrawn};
use arbius_testkit::{aius, event, send, view};
use serde_json::json;

use crate::world::{FEE, LAST, World, asked, ended, input, path};

/// Some answer.
fn answer(number: u8) -> B256 {
    B256::repeat_byte(number)
}

#[tokio::test(flavor = "multi_thread")]
async fn text_feeds_picture_and_the_next_text_until_all_chapters_are_told() {
    let world = World::new().await;
    let before = world.balance(world.author.address).await;
    let call =
        (world.author.contract).begin("a fox".into(), "at night".into(), 2, 5 * FEE, FEE, FEE);
    let receipt = send!(call);
    assert_eq!(input(&receipt), r#"{"prompt":"a fox"}"#);
    let mut part = asked(&receipt);
    let story = part.story;
    let expected = [
        (
            0,
            Part::Picture,
            format!(r#"{{"prompt":"at night","text":"{}"}}"#, path(answer(1))),
        ),
        (
            1,
            Part::Text,
            format!(r#"{{"text":"{}"}}"#, path(answer(1))),
        ),
        (
            1,
            Part::Picture,
            format!(r#"{{"prompt":"at night","text":"{}"}}"#, path(answer(3))),
        ),
    ];
    for (number, (chapter, kind, text)) in (1..).zip(expected) {
        let receipt = world.answer(part.task, answer(number)).await;
        let told: PartTold = event(&receipt);
        assert_eq!(
            (told.story, told.task, told.digest),
            (story, part.task, answer(number))
        );
        part = asked(&receipt);
        assert_eq!((part.chapter, part.part), (chapter, kind));
        assert_eq!(input(&receipt), text);
        // The tasks are the author's, at the fee that was agreed.
        let task = view!(world.author.engine.tasks(part.task));
        assert_eq!(
            (task.owner, task.fee),
            (world.author.address, U256::from(FEE))
        );
        let model = match kind {
            Part::Text => world.text_model,
            _ => world.picture_model,
        };
        assert_eq!(task.model, model);
        let state = view!(world.author.contract.story(story));
        assert_eq!(
            (state.chapter, state.part, state.ending),
            (chapter, kind as u8, 0)
        );
        assert_eq!(state.task, part.task);
    }
    let receipt = world.answer(part.task, answer(4)).await;
    assert_eq!(ended(&receipt), (Ending::Complete as u8, aius(1)));
    world.all_is_over(&receipt).await;
    let state = view!(world.author.contract.story(story));
    assert_eq!(
        (state.author, state.text, state.left),
        (world.author.address, answer(3), 0)
    );

    // What is left is paid to its author, whoever asks.
    let paid: Withdrawn = event(&send!(
        world.stranger.contract.withdraw(world.author.address)
    ));
    assert_eq!((paid.account, paid.amount), (world.author.address, aius(1)));
    assert_eq!(world.balance(world.author.address).await, before - aius(4));
    assert_eq!(world.balance(world.contract).await, U256::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn quotes_backslashes_and_other_scripts_reach_the_models_as_they_are() {
    let world = World::new().await;
    for (topic, style) in [
        (r#"a "fox" \"#, r#"\u0000, "at night""#),
        ("größer 🐘", "и ночью\u{80}"),
    ] {
        let (fees, chapters) = (2 * FEE, 1);
        let begin =
            world
                .author
                .contract
                .begin(topic.into(), style.into(), chapters, fees, FEE, FEE);
        let receipt = send!(begin);
        assert_eq!(input(&receipt), json!({ "prompt": topic }).to_string());
        let receipt = world.answer(asked(&receipt).task, answer(1)).await;
        let expected = json!({ "prompt": style, "text": path(answer(1)) });
        assert_eq!(input(&receipt), expected.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_words_end_a_story_and_are_not_drawn() {
    let world = World::new().await;
    let (_, text) = world.begin(9, 18 * FEE).await;
    let picture = asked(&world.answer(text, answer(1)).await).task;
    let text = asked(&world.answer(picture, answer(2)).await).task;
    let receipt = world.answer(text, LAST).await;
    assert_eq!(ended(&receipt), (Ending::Concluded as u8, aius(15)));
    world.all_is_over(&receipt).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_is_spent_half_way_ends_a_story_before_the_task_it_cannot_pay() {
    let world = World::new().await;
    // A text, a picture, a text, and not quite another picture.
    let (_, text) = world.begin(9, 4 * FEE - 1).await;
    let picture = asked(&world.answer(text, answer(1)).await).task;
    let text = asked(&world.answer(picture, answer(2)).await).task;
    let receipt = world.answer(text, answer(3)).await;
    assert_eq!(
        ended(&receipt),
        (Ending::BudgetSpent as u8, aius(1) - U256::ONE)
    );
    world.all_is_over(&receipt).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_first_text_ends_a_story_and_everything_goes_back_to_its_author() {
    let world = World::new().await;
    let before = world.balance(world.author.address).await;
    let (_, text) = world.begin(2, 4 * FEE).await;
    world.reject(text).await;
    let receipt = world.tell(text).await;
    assert_eq!(event::<PartTold>(&receipt).digest, B256::ZERO);
    assert_eq!(ended(&receipt), (Ending::TextFailed as u8, aius(3)));
    world.all_is_over(&receipt).await;
    // The fee by the engine, the rest by the contract.
    send!(world.stranger.engine.withdrawEarnings(world.author.address));
    send!(world.stranger.contract.withdraw(world.author.address));
    assert_eq!(world.balance(world.author.address).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_picture_is_missing_and_the_story_goes_on() {
    let world = World::new().await;
    let (_, text) = world.begin(2, 4 * FEE).await;
    let picture = asked(&world.answer(text, answer(1)).await).task;
    world.reject(picture).await;
    let receipt = world.tell(picture).await;
    assert_eq!(event::<PartTold>(&receipt).digest, B256::ZERO);
    let next = asked(&receipt);
    assert_eq!((next.chapter, next.part), (1, Part::Text));
    assert_eq!(
        input(&receipt),
        format!(r#"{{"text":"{}"}}"#, path(answer(1)))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_no_miner_can_draw_is_retracted_by_its_author_who_may_stop_the_story() {
    let world = World::new().await;
    // The text model answered with something that is no text, so nobody solves the picture.
    let (story, text) = world.begin(3, 6 * FEE).await;
    let picture = asked(&world.answer(text, answer(1)).await).task;
    world.pass(10_001);
    send!(world.author.engine.retractTask(picture));
    world.pass(601);
    send!(world.author.engine.retractTask(picture));
    let next = asked(&world.tell(picture).await);
    assert_eq!((next.chapter, next.part), (1, Part::Text));

    // The next text is made from the same one. This time the author does not wait for it.
    let receipt = send!(world.author.contract.stop(story));
    assert_eq!(ended(&receipt), (Ending::Stopped as u8, aius(3)));
    world.pass(10_001);
    send!(world.author.engine.retractTask(next.task));
    world.pass(601);
    send!(world.author.engine.retractTask(next.task));
    world.all_is_over(&world.tell(next.task).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retracted_text_ends_a_story() {
    let world = World::new().await;
    let (_, text) = world.begin(3, 6 * FEE).await;
    world.pass(10_001);
    send!(world.author.engine.retractTask(text));
    world.pass(601);
    send!(world.author.engine.retractTask(text));
    let receipt = world.tell(text).await;
    assert_eq!(ended(&receipt), (Ending::TextFailed as u8, aius(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn stories_of_several_authors_do_not_touch_each_other_s_budgets() {
    let world = World::new().await;
    send!(world.stranger.token.approve(world.contract, U256::MAX));
    let (first, text) = world.begin(1, 2 * FEE).await;
    let call =
        (world.stranger.contract).begin("an owl".into(), String::new(), 1, 9 * FEE, FEE, FEE);
    let other = asked(&send!(call));
    assert_eq!(other.story, first + U256::ONE);
    assert_eq!(view!(world.author.contract.stories()), other.story);
    let picture = asked(&world.answer(text, answer(1)).await).task;
    let receipt = world.answer(picture, answer(2)).await;
    assert_eq!(ended(&receipt), (Ending::Complete as u8, U256::ZERO));
    assert_eq!(world.balance(world.contract).await, aius(8));
    let receipt = world.answer(other.task, LAST).await;
    assert_eq!(ended(&receipt), (Ending::Concluded as u8, aius(8)));
    assert_eq!(
        view!(world.author.contract.owed(world.stranger.address)),
        aius(8)
    );
    assert_eq!(
        view!(world.author.contract.owed(world.author.address)),
        U256::ZERO
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_answer_ends_a_story_none_does_be_its_digest_zero() {
    let world = World::concluded_by(B256::ZERO, arbius_testkit::TestChain::builder()).await;
    let (story, text) = world.begin(1, 2 * FEE).await;
    let picture = asked(&world.answer(text, B256::ZERO).await);
    assert_eq!(picture.part, Part::Picture);
    let state = view!(world.author.contract.story(story));
    assert_eq!((state.task, state.ending), (picture.task, 0));
}
