//! What cannot be begun, stopped or withdrawn, and what the contract is not bound to.

use alloy_primitives::{Address, B256, U256};
use arbius_examples::composition::{
    self,
    IComposition::{
        BudgetTooSmall, ModelDoesNotExist, NoChapters, NoSuchStory, NotAnEngine, NotText,
        NotTheAuthor, NothingToWithdraw, StoryIsOver, TextTooLong,
    },
    Parts,
};
use arbius_sdk::{chain::Revert, contracts::IToken, deploy::DeployError};
use arbius_testkit::{Actor, aius, refusal, send, view};

use crate::world::{FEE, LAST, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_cannot_be_told_is_not_begun() {
    let world = World::new().await;
    let author = &world.author;
    let begin = |topic: &str, style: &str, chapters, budget| {
        let (topic, style) = (topic.to_owned(), style.to_owned());
        (author.contract)
            .begin(topic, style, chapters, budget, FEE, FEE)
            .from(author.address)
    };
    refusal!(NoChapters, begin("a fox", "", 0, 2 * FEE));
    let error = refusal!(BudgetTooSmall, begin("a fox", "", 1, 2 * FEE - 1));
    assert_eq!((error.budget, error.least), (aius(2) - U256::ONE, aius(2)));
    let long = "ö".repeat(101);
    for call in [begin(&long, "", 1, 2 * FEE), begin("", &long, 1, 2 * FEE)] {
        let error = refusal!(TextTooLong, call);
        assert_eq!(
            (error.bytesGiven, error.most),
            (U256::from(202), U256::from(200))
        );
    }
    for text in ["a\nfox", "\0", "a fox\u{7f}"] {
        for call in [begin(text, "", 1, 2 * FEE), begin("", text, 1, 2 * FEE)] {
            refusal!(NotText, call);
        }
    }
    // Nobody's tokens are taken without leave.
    let stranger = &world.stranger;
    let call = (stranger.contract).begin("a fox".into(), String::new(), 1, 2 * FEE, FEE, FEE);
    refusal!(
        IToken::ERC20InsufficientAllowance,
        call.from(stranger.address)
    );
    assert_eq!(world.balance(world.contract).await, U256::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_author_stops_a_story_and_only_once() {
    let world = World::new().await;
    let (story, _) = world.begin(2, 4 * FEE).await;
    let (author, stranger) = (&world.author, &world.stranger);
    let call = stranger.contract.stop(story).from(stranger.address);
    assert_eq!(refusal!(NotTheAuthor, call).caller, stranger.address);
    let unknown = story + U256::ONE;
    let call = author.contract.stop(unknown).from(author.address);
    assert_eq!(refusal!(NoSuchStory, call).story, unknown);
    refusal!(NoSuchStory, author.contract.story(unknown));
    let nobody = author.contract.withdraw(author.address);
    assert_eq!(refusal!(NothingToWithdraw, nobody).account, author.address);
    send!(author.contract.stop(story));
    let call = author.contract.stop(story).from(author.address);
    assert_eq!(refusal!(StoryIsOver, call).story, story);
    send!(author.contract.withdraw(author.address));
    refusal!(NothingToWithdraw, author.contract.withdraw(author.address));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_says_which_engine_and_models_it_is_bound_to_or_is_not_deployed() {
    let world = World::new().await;
    let contract = &world.stranger.contract;
    assert_eq!(view!(contract.engine()), world.chain.engine());
    assert_eq!(view!(contract.token()), world.chain.token());
    assert_eq!(view!(contract.textModel()), world.text_model);
    assert_eq!(view!(contract.pictureModel()), world.picture_model);
    assert_eq!(view!(contract.lastWords()), LAST);
    let lane = world.chain.lane(Actor::Miner(4)).unwrap();
    let parts = Parts {
        engine: world.chain.engine(),
        text_model: world.text_model,
        picture_model: world.picture_model,
        last_words: LAST,
    };
    let elsewhere = Parts {
        engine: Address::repeat_byte(7),
        ..parts
    };
    let error = refused(composition::deploy(lane, elsewhere).await);
    assert_eq!(
        error.error::<NotAnEngine>().unwrap().engine,
        elsewhere.engine
    );
    for wrong in [
        Parts {
            text_model: B256::repeat_byte(1),
            ..parts
        },
        Parts {
            picture_model: B256::repeat_byte(1),
            ..parts
        },
    ] {
        let error = refused(composition::deploy(lane, wrong).await);
        assert_eq!(
            error.error::<ModelDoesNotExist>().unwrap().model,
            B256::repeat_byte(1)
        );
    }
}

/// What the constructor answered.
fn refused(deployed: Result<Address, DeployError>) -> Revert {
    match deployed {
        Err(DeployError::Chain(error)) => error.revert().expect("the constructor refuses").clone(),
        other => panic!("{other:?}"),
    }
}
