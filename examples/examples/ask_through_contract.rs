//! An app that asks through a contract.
//!
//! It brings a whole network along: a local chain with the protocol on it and one miner.
//! Then it does what an app on a real network does: its user calls a contract, the contract
//! submits the task, the miner solves it, and the app fetches the picture and checks every
//! byte of it against the chain.
//!
//! ```text
//! cargo run -p arbius-examples --example ask_through_contract -- "a handwritten seven"
//! ```

use std::{sync::Arc, time::Duration};

use alloy_primitives::U256;
use arbius_sdk::{
    chain::Call,
    client::{Outputs, Requester},
    content::{FetchLimits, Fetcher},
    contracts::IToken,
    deploy::model::{ModelTerms, register_model, set_rate},
    inference::InProcess,
    miner::{Catalogue, Miner},
    model::Bundle,
};
use arbius_testkit::{
    Actor, TestChain,
    requester::{self, IRequester},
};
use eyre::{OptionExt, Result};

/// One AIUS in wei.
const AIUS: u128 = 1_000_000_000_000_000_000;

#[tokio::main]
async fn main() -> Result<()> {
    let prompt = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "a handwritten seven".to_owned());

    // A network: chain, contracts, a registered model, one miner that offers it.
    let chain = TestChain::start().await?;
    let digits = arbius_models::digits();
    let files = digits.files.iter().copied();
    let bundle = Arc::new(Bundle::from_bytes(digits.template, digits.manifest, files)?);
    let model_owner = chain.lane(Actor::ModelOwner)?;
    let terms = ModelTerms {
        fee_address: model_owner.address(),
        fee: U256::ZERO,
    };
    let model = register_model(model_owner, chain.engine(), terms, bundle.template_bytes()).await?;
    set_rate(
        chain.lane(Actor::Owner)?,
        chain.engine(),
        model,
        U256::from(AIUS),
    )
    .await?;
    let folder = tempfile::tempdir()?;
    let miner = Miner::builder()
        .deployment(chain.deployment().clone())
        .signer(chain.signer(Actor::Miner(0))?)
        .solver(Arc::new(InProcess::default()))
        .catalogue(Catalogue::new().with(model, bundle))
        .folder(folder.path())
        .gateway(([127, 0, 0, 1], 0).into())
        .spawn()
        .await?;

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
    let requester = Requester::new(user.clone(), chain.deployment())?;
    let solution = requester
        .await_solution(asked.task, Duration::from_secs(60))
        .await?;
    println!("solver    {}", solution.solver);
    println!("CID       {}", solution.cid);
    let fetcher = Fetcher::new(miner.gateway(), FetchLimits::default())?;
    for file in Outputs::fetch(&fetcher, solution.cid).await?.files {
        std::fs::write(&file.name, &file.bytes)?;
        println!("picture   {} ({} bytes)", file.name, file.bytes.len());
    }

    // The final one: the time to contest is over.
    chain.pass(Duration::from_secs(2_001))?;
    requester
        .await_final(asked.task, Duration::from_secs(60))
        .await?;
    println!("final     nothing can change it any more");
    miner.stop().await?;
    Ok(())
}
