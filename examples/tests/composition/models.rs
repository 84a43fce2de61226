//! The contract with the models that ship and a miner that tells it outcomes by itself.

use std::time::Duration;

use alloy_primitives::U256;
use arbius_examples::{
    composition::{self, IComposition, Parts, TEXT_FILE},
    network::Network,
};
use arbius_sdk::{
    chain::Call,
    client::Outputs,
    contracts::{IEngine, IToken},
    inference::solve,
    model::Bundle,
};
use arbius_testkit::Actor;

use crate::world::FEE;

/// How long the miner may take for one step.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_writes_and_draws_a_story_and_each_picture_is_of_its_text() {
    let models = [arbius_models::storyteller(), arbius_models::illustrator()];
    let network = Network::start(&models).await.unwrap();
    let chain = &network.chain;
    let author = chain.lane(Actor::Requester).unwrap();
    let parts = Parts {
        engine: chain.engine(),
        text_model: network.model("storyteller").unwrap(),
        picture_model: network.model("illustrator").unwrap(),
        last_words: composition::last_words().unwrap(),
    };
    let contract = composition::deploy(author, parts).await.unwrap();
    let approve = IToken::approveCall {
        spender: contract,
        value: U256::MAX,
    };
    author
        .execute(Call::new(chain.token(), &approve))
        .await
        .unwrap();
    let begin = IComposition::beginCall {
        topic: "a story about a fox".into(),
        style: "at night".into(),
        chapters: 2,
        budget: 4 * FEE,
        textFee: FEE,
        pictureFee: FEE,
    };
    author.execute(Call::new(contract, &begin)).await.unwrap();

    let requester = network.requester().unwrap();
    let fetcher = network.fetcher().unwrap();
    let read = IComposition::storyCall { story: U256::ONE };
    let mut text = None;
    let mut pictures = 0;
    loop {
        let state = chain.chain().read(contract, &read).await.unwrap();
        if state.ending != 0 {
            break;
        }
        let solution = requester
            .await_solution(state.task, PATIENCE)
            .await
            .unwrap();
        let files = Outputs::fetch(&fetcher, solution.cid).await.unwrap().files;
        if files[0].name == TEXT_FILE {
            text = Some(String::from_utf8(files[0].bytes.clone()).unwrap());
        } else {
            // The same as the stickers model draws when it is told the text itself.
            let text = text.as_ref().expect("a text came first");
            let prompt = serde_json::json!({ "prompt": format!("at night {text}") }).to_string();
            let stickers = arbius_models::stickers();
            let bundle = Bundle::from_bytes(
                stickers.template,
                stickers.manifest,
                stickers.files.iter().copied(),
            );
            let seed = arbius_protocol::ids::seed(state.task);
            let drawn = solve(&bundle.unwrap(), prompt.as_bytes(), seed).unwrap();
            assert_eq!(files[0].bytes, drawn.files[0].bytes, "a picture of {text}");
            pictures += 1;
        }
        chain.pass(Duration::from_secs(2_001)).unwrap();
        let consumer = IEngine::taskConsumerCall { task: state.task };
        let told = async {
            while !chain
                .chain()
                .read(chain.engine(), &consumer)
                .await
                .unwrap()
                .notified
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, told)
            .await
            .expect("the miner tells the contract");
    }
    let state = chain.chain().read(contract, &read).await.unwrap();
    // Task ids differ from run to run, and so may the end.
    let ending = IComposition::Ending::try_from(state.ending).unwrap();
    match ending {
        IComposition::Ending::Complete => assert_eq!(pictures, 2),
        IComposition::Ending::Concluded => assert_eq!(text.as_deref(), Some("the end")),
        other => panic!("{other:?}"),
    }
    network.miner.stop().await.unwrap();
}
