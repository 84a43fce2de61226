//! An app that asks through a contract.
//!
//! It brings a whole network along: a local chain with the protocol on it and one miner.
//! Then it does what an app on a real network does: its user calls a contract, the contract
//! submits the task, the miner solves it, and the app fetches the picture and checks every
//! byte of it against the chain.
//!
//! ```text
//! cargo run --release -p arbius-examples --example ask_through_contract -- "a handwritten seven"
//! ```

use std::time::Duration;

use alloy_primitives::U256;
use arbius_examples::network::Network;
use arbius_sdk::{chain::Call, client::Outputs, contracts::IToken};
use arbius_testkit::{
    AIUS, Actor,
    requester::{self, IRequester},
};
use eyre::{OptionExt, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let prompt = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "a handwritten seven".to_owned());

    // A network: chain, contracts, a registered model, one miner that offers it.
    let network = Network::start(&[arbius_models::digits()]).await?;
    let (chain, model) = (&network.chain, network.model("digits")?);

    // The user pays the contract, and the contract asks.
    let user = chain.lane(Actor::Requester)?;
    let contract = requester::deploy(user, chain.engine()).await?;
    let fee = U256::from(AIUS);
    let approve = IToken::approveCall {
        spender: contract,
        value: fee,
    };
    user.execute(Call::new(chain.token(), &approve)).await?;
    let input = serde_json::json!({ "prompt": prompt })
        .to_string()
        .into_bytes()
        .into();
    let ask = IRequester::askCall { model, fee, input };
    let receipt = user.execute(Call::new(contract, &ask)).await?;
    let asked = receipt
        .events::<IRequester::Asked>(contract)
        .next()
        .ok_or_eyre("no event")?;
    println!("task      {}", asked.task);

    // The optimistic result, verified.
    let requester = network.requester()?;
    let solution = requester
        .await_solution(asked.task, Duration::from_secs(60))
        .await?;
    println!("solver    {}", solution.solver);
    println!("CID       {}", solution.cid);
    for file in Outputs::fetch(&network.fetcher()?, solution.cid)
        .await?
        .files
    {
        std::fs::write(&file.name, &file.bytes)?;
        println!("picture   {} ({} bytes)", file.name, file.bytes.len());
    }

    // The final one: the time to contest is over.
    chain.pass(Duration::from_secs(2_001))?;
    requester
        .await_final(asked.task, Duration::from_secs(60))
        .await?;
    println!("final     nothing can change it any more");
    network.miner.stop().await?;
    Ok(())
}
