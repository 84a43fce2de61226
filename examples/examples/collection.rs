//! An app that mints a picture: an ERC-721 token for what the network draws for a prompt.
//!
//! It brings a whole network along, deploys a collection, and mints two tokens. The first is
//! drawn, and its miner leaves: once nothing can change the picture any more, the app checks where
//! the token comes from and writes the picture. The second is never drawn, since nobody is left to
//! do it: its task is retracted, its token burned, and its minter gets the fee back, less the
//! protocol's tenth.
//!
//! ```text
//! cargo run --release -p arbius-examples --example collection -- "a red car in the city"
//! cargo run --release -p arbius-examples --example collection -- --solidity
//! ```

use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use arbius_example_interfaces::collection::ICollection;
use arbius_examples::{
    amount::in_aius,
    collection::{Implementation, Terms, deploy, metadata, prove},
    network::Network,
};
use arbius_sdk::{
    chain::{Call, Lane},
    client::{Network as Engine, Outputs},
    contracts::{AIUS, IEngine, IToken},
};
use arbius_testkit::Actor;
use eyre::{OptionExt as _, Result, bail, ensure};

/// The file in the model's output that is the picture.
const FILE: &str = "out-1.png";

/// Longer than the network needs for a picture.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<()> {
    let (flags, words): (Vec<_>, Vec<_>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let implementation = match flags.first().map(String::as_str) {
        None => Implementation::Stylus,
        Some("--solidity") => Implementation::Solidity,
        Some(other) => bail!("{other} is unknown; there is --solidity, and the prompt"),
    };
    let prompt = match words.is_empty() {
        true => "a red car in the city".to_owned(),
        false => words.join(" "),
    };

    let network = Network::start(&[arbius_models::stickers()]).await?;
    let model = network.model("stickers")?;
    let (chain, engine) = (&network.chain, network.chain.engine());
    let user = chain.lane(Actor::Requester)?;
    let terms = Terms {
        engine,
        model,
        name: "Stickers".to_owned(),
        symbol: "STICK".to_owned(),
        file: FILE.to_owned(),
        max_supply: U256::from(10_000),
    };
    let collection = deploy(user, terms, implementation).await?;
    println!("collection  {collection} ({implementation:?})");
    let (fee, fees) = (U256::from(AIUS / 2), U256::from(AIUS));
    let approve = IToken::approveCall {
        spender: collection,
        value: fees,
    };
    user.execute(Call::new(chain.token(), &approve)).await?;

    // Mint, and fetch the picture while its miner is there.
    let (token, task) = mint(user, collection, &prompt, fee).await?;
    println!("\ntoken {token}     {prompt}");
    println!("task        {task}");
    let requester = network.requester()?;
    let solution = requester.await_solution(task, PATIENCE).await?;
    println!("status      {}", status(user, collection, token).await?);
    let outputs = Outputs::fetch(&network.fetcher()?, solution.cid).await?;
    network.miner.stop().await?;

    // Wait until nothing can change the picture any more.
    chain.pass(Duration::from_secs(2_001))?;
    requester.await_final(task, PATIENCE).await?;
    println!("status      {}", status(user, collection, token).await?);

    // Anyone may have the engine tell the collection, which tells marketplaces (ERC-4906).
    let tell = Call::new(engine, &IEngine::notifyConsumerCall { task });
    let told = user.execute(tell).await?;
    let updates = told.events::<ICollection::MetadataUpdate>(collection);
    println!("told        {} update of the metadata", updates.count());

    // What a buyer does: believe the chain, not the collection, and no gateway.
    let client = Engine::new(user.chain().clone(), chain.deployment())?;
    let proven = prove(&client, collection, token, model, &prompt).await?;
    println!("proven      drawn by model {model}");
    println!(
        "            for exactly this prompt, with the seed {}",
        proven.seed
    );
    println!(
        "            by {} ({})",
        proven.solution.solver, proven.solution.cid
    );
    let uri = ICollection::tokenURICall { tokenId: token };
    let about = metadata(&user.chain().read(collection, &uri).await?)?;
    println!(
        "image       {}",
        about["image"].as_str().unwrap_or_default()
    );
    ensure!(
        proven.solution.cid == solution.cid,
        "the picture that was fetched is another than the token's"
    );
    let picture = outputs
        .files
        .into_iter()
        .find(|file| file.name == FILE)
        .ok_or_eyre("the solution has no picture")?;
    std::fs::write("collection.png", &picture.bytes)?;
    println!("picture     collection.png ({} bytes)", picture.bytes.len());

    // Nobody draws this one.
    let (token, task) = mint(user, collection, "nobody draws this", fee).await?;
    println!("\ntoken {token}     nobody draws this");
    println!("status      {}", status(user, collection, token).await?);
    let before = balance(user, chain.token()).await?;
    chain.pass(Duration::from_secs(10_000))?;
    // The minter owns the task: it announces to retract it, and does so 600 s later.
    let retract = || Call::new(engine, &IEngine::retractTaskCall { task });
    user.execute(retract()).await?;
    chain.pass(Duration::from_secs(600))?;
    user.execute(retract()).await?;
    println!("status      {}", status(user, collection, token).await?);
    let refund = ICollection::refundCall { tokenId: token };
    user.execute(Call::new(collection, &refund)).await?;
    let back = balance(user, chain.token()).await? - before;
    println!(
        "refunded    {} AIUS of {}, and the token is burned",
        in_aius(back),
        in_aius(fee)
    );
    Ok(())
}

/// Mints a token for `prompt`; its number, and the task that draws it.
async fn mint(user: &Lane, collection: Address, prompt: &str, fee: U256) -> Result<(U256, B256)> {
    let mint = ICollection::mintCall {
        prompt: prompt.to_owned(),
        fee,
    };
    let receipt = user.execute(Call::new(collection, &mint)).await?;
    let minted = receipt.events::<ICollection::Minted>(collection).next();
    let minted = minted.ok_or_eyre("nothing was minted")?;
    Ok((minted.tokenId, minted.task))
}

/// What the token's own metadata says of its status, and whether there is a picture.
async fn status(user: &Lane, collection: Address, token: U256) -> Result<String> {
    let call = ICollection::tokenURICall { tokenId: token };
    let about = metadata(&user.chain().read(collection, &call).await?)?;
    let status = &about["attributes"][0]["value"];
    let picture = if about["image"].is_null() {
        "no picture"
    } else {
        "a picture"
    };
    Ok(format!(
        "{}, {picture}",
        status.as_str().unwrap_or_default()
    ))
}

/// What the user has, in wei of AIUS.
async fn balance(user: &Lane, token: Address) -> Result<U256> {
    let call = IToken::balanceOfCall {
        account: user.address(),
    };
    Ok(user.chain().read(token, &call).await?)
}
