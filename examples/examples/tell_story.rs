//! An app that has two models tell a story: one writes, one draws.
//!
//! It brings a whole network along: a local chain with the protocol on it and one miner that
//! offers the storyteller and the illustrator. Its user begins a story at a contract and from
//! then on only watches: each answer that is final makes the contract ask for the next, because
//! the miner, which has the role for that, has the engine tell it (`notifyConsumer`).
//!
//! ```text
//! cargo run --release -p arbius-examples --example tell_story -- "a story about a fox" "at night"
//! ```

use std::time::Duration;

use alloy_primitives::U256;
use arbius_examples::{
    amount::in_aius,
    composition::{self, IComposition, Parts, TEXT_FILE},
    network::Network,
};
use arbius_sdk::{
    chain::Call,
    client::Outputs,
    contracts::{IEngine, IToken},
};
use arbius_testkit::{AIUS, Actor};
use eyre::{OptionExt, Result, bail};

/// What a text and a picture cost, wei of AIUS.
const FEE: u128 = AIUS / 10;

/// The most chapters.
const CHAPTERS: u32 = 6;

/// How long to wait for the miner, each time.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let topic = arguments.next();
    let topic = topic.unwrap_or_else(|| "a story about a fox".to_owned());
    let style = arguments.next().unwrap_or_default();

    // A network, and the contract between two of its models.
    let models = [arbius_models::storyteller(), arbius_models::illustrator()];
    let network = Network::start(&models).await?;
    let chain = &network.chain;
    let author = chain.lane(Actor::Requester)?;
    let parts = Parts {
        engine: chain.engine(),
        text_model: network.model("storyteller")?,
        picture_model: network.model("illustrator")?,
        last_words: composition::last_words()?,
    };
    let contract = composition::deploy(author, parts).await?;

    // The author pays for the story and asks for it, and that is all.
    let budget = FEE * 2 * u128::from(CHAPTERS);
    let approve = IToken::approveCall {
        spender: contract,
        value: U256::from(budget),
    };
    author.execute(Call::new(chain.token(), &approve)).await?;
    let begin = IComposition::beginCall {
        topic: topic.clone(),
        style,
        chapters: CHAPTERS,
        budget,
        textFee: FEE,
        pictureFee: FEE,
    };
    let receipt = author.execute(Call::new(contract, &begin)).await;
    let receipt = receipt.map_err(composition::explained)?;
    let begun = receipt
        .events::<IComposition::StoryBegun>(contract)
        .next()
        .ok_or_eyre("the contract began no story")?;
    println!("{:<12}{topic}", "topic");
    let read = IComposition::storyCall { story: begun.story };

    // What follows happens by itself; the app looks on.
    let requester = network.requester()?;
    let fetcher = network.fetcher()?;
    let mut state = chain.chain().read(contract, &read).await?;
    while state.ending == IComposition::Ending::None as u8 {
        let solution = requester.await_solution(state.task, PATIENCE).await?;
        for file in Outputs::fetch(&fetcher, solution.cid).await?.files {
            if file.name == TEXT_FILE {
                println!(
                    "chapter {:<4}{}",
                    state.chapter + 1,
                    String::from_utf8(file.bytes)?
                );
            } else {
                let name = format!("chapter-{}.png", state.chapter + 1);
                println!("{:<12}{name} ({} bytes)", "", file.bytes.len());
                std::fs::write(name, file.bytes)?;
            }
        }
        // On a local chain the time to contest can be skipped. Then the miner tells the contract.
        chain.pass(Duration::from_secs(2_001))?;
        let task = state.task;
        state = told(&network, contract, &read, task).await?;
    }
    let ending = IComposition::Ending::try_from(state.ending)?;
    println!("{:<12}{ending:?}", "ending");

    let withdraw = IComposition::withdrawCall {
        account: author.address(),
    };
    let left: U256 = chain
        .chain()
        .read(
            contract,
            &IComposition::owedCall {
                account: author.address(),
            },
        )
        .await?;
    if !left.is_zero() {
        author.execute(Call::new(contract, &withdraw)).await?;
    }
    let spent = U256::from(budget) - left;
    println!(
        "{:<12}{} AIUS of {}",
        "spent",
        in_aius(spent),
        in_aius(U256::from(budget))
    );
    network.miner.stop().await?;
    Ok(())
}

/// The story once the contract was told of that task.
async fn told(
    network: &Network,
    contract: alloy_primitives::Address,
    read: &IComposition::storyCall,
    task: alloy_primitives::B256,
) -> Result<IComposition::storyReturn> {
    let chain = network.chain.chain();
    let waiting = async {
        loop {
            let asked = IEngine::taskConsumerCall { task };
            if chain.read(network.chain.engine(), &asked).await?.notified {
                return Ok(chain.read(contract, read).await?);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(story) => story,
        Err(_) => bail!("the miner has not had the contract told of task {task}"),
    }
}
