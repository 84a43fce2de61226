//! A program that mines beside whatever else it does.
//!
//! [`mine::mine`] is all that such a program needs. Around it, this brings along what a real
//! one finds: a local chain with two models on it, and somebody who asks for pictures. It mines
//! one of the models first, stops, and goes on with both: what it had solved is claimed then.
//!
//! ```text
//! cargo run --release -p arbius-examples --example embedded_miner
//! ```

mod mine;

use std::{path::Path, time::Duration};

use alloy_primitives::{B256, U256};
use arbius_examples::{amount::in_aius, network};
use arbius_models::EmbeddedBundle;
use arbius_sdk::{
    client::{Requester, TaskRequest},
    miner::Earned,
    model::Bundle,
};
use arbius_testkit::{AIUS, Actor, TestChain};
use eyre::Result;
use tokio::sync::watch;

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<()> {
    let chain = TestChain::start().await?;
    let (stickers, digits) = (arbius_models::stickers(), arbius_models::digits());
    let draws = network::register(&chain, stickers).await?;
    let writes = network::register(&chain, digits).await?;
    let requester = Requester::new(chain.lane(Actor::Requester)?.clone(), chain.deployment())?;
    let folder = tempfile::tempdir()?;

    println!("— mining one model, until a picture is solved");
    let picture = ask(&requester, draws, "two cats").await?;
    let solved = told(async {
        Ok(requester
            .await_solution(picture, PATIENCE)
            .await
            .map(drop)?)
    });
    run(&chain, &[stickers], folder.path(), tell, solved).await?;

    println!("— going on with two models, until both tasks are paid");
    let digit = ask(&requester, writes, "a seven").await?;
    let tasks = [picture, digit];
    let (fees, paid) = watch::channel(U256::ZERO);
    let earned = |won: Earned| {
        tell(won);
        fees.send_modify(|fees| *fees += won.fee);
    };
    let paid = told(both_paid(&chain, &requester, tasks, paid));
    run(&chain, &[stickers, digits], folder.path(), earned, paid).await
}

fn tell(won: Earned) {
    println!("+ {} AIUS", in_aius(won.total()));
}

/// Stops when something is done, or went wrong.
async fn told(done: impl Future<Output = Result<()>>) {
    if let Err(error) = done.await {
        eprintln!("{error}");
    }
}

/// Mines these models as the chain's first miner.
async fn run(
    chain: &TestChain,
    models: &[&EmbeddedBundle],
    folder: &Path,
    earned: impl Fn(Earned),
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let bundles = models.iter().map(|model| {
        let files = model.files.iter().copied();
        Bundle::from_bytes(model.template, model.manifest, files)
    });
    let bundles = bundles.collect::<Result<_, _>>()?;
    let (network, key) = (chain.deployment().clone(), chain.signer(Actor::Miner(0))?);
    Ok(mine::mine(network, key, bundles, folder, earned, stop).await?)
}

async fn ask(requester: &Requester, model: B256, prompt: &str) -> Result<B256> {
    let input = serde_json::json!({ "prompt": prompt }).to_string();
    let request = TaskRequest {
        model,
        fee: U256::from(AIUS),
        input: input.into_bytes().into(),
        owner: None,
    };
    Ok(requester.submit(&request).await?.task)
}

/// Waits until both tasks are solved, lets the time to contest them pass, and waits until the
/// miner was paid for both.
async fn both_paid(
    chain: &TestChain,
    requester: &Requester,
    tasks: [B256; 2],
    mut fees: watch::Receiver<U256>,
) -> Result<()> {
    for task in tasks {
        requester.await_solution(task, PATIENCE).await?;
    }
    chain.pass(Duration::from_secs(2_001))?;
    // Of each task's fee of one AIUS the miner gets a part: more than that is for both.
    fees.wait_for(|fees| *fees > U256::from(AIUS)).await?;
    Ok(())
}
