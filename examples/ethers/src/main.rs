//! An app that is still on ethers-rs, and asks for a picture.
//!
//! It brings a network along, a chain and a miner, unless it is given the deployment file of
//! one and a gateway:
//!
//! ```text
//! ask_with_ethers "a red car" [arbius.json http://127.0.0.1:8090]
//! ```

use std::{path::Path, sync::Arc, time::Duration};

use arbius_example_ethers::network::Network;
use arbius_sdk::{
    client::Outputs,
    content::{FetchLimits, Fetcher, cids},
    contracts::submissions,
    deploy::Deployment,
    ethers::{ToAlloy as _, ToEthers as _, engine::IEngine, token::IToken},
};
use ethers::{
    middleware::SignerMiddleware,
    providers::{Http, Provider, StreamExt as _},
    signers::{LocalWallet, Signer as _},
    types::{H256, U256},
    utils::format_ether,
};
use eyre::{OptionExt as _, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let prompt = arguments.next().unwrap_or_else(|| "a red car".to_owned());
    if let Some(file) = arguments.next() {
        let gateway = arguments.next().ok_or_eyre("name a gateway too")?;
        ask(&Deployment::load(Path::new(&file))?, &gateway, &prompt).await
    } else {
        let mut network = Network::start()?;
        let gateway = network.mine()?;
        ask(network.deployment(), &gateway, &prompt).await
    }
}

// ANCHOR: ask
async fn ask(deployment: &Deployment, gateway: &str, prompt: &str) -> Result<()> {
    // What every program on ethers has: a provider and a wallet.
    let provider = Provider::<Http>::try_from(&*deployment.rpc)?;
    let provider = provider.interval(Duration::from_millis(100));
    let account = deployment.accounts.get(3).ok_or_eyre("no accounts")?;
    let wallet = LocalWallet::from_bytes(account.key.as_slice())?;
    let wallet = wallet.with_chain_id(deployment.chain_id);
    let client = Arc::new(SignerMiddleware::new(provider, wallet));

    // The contracts, as ethers' types.
    let engine = IEngine::new(deployment.engine()?.to_ethers(), client.clone());
    let token = IToken::new(deployment.token()?.to_ethers(), client.clone());

    let models = engine
        .model_registered_filter()
        .from_block(deployment.block);
    let models = models.query().await?;
    let model = models.first().ok_or_eyre("no model is registered")?.id;
    let (model_fee, ..) = engine.models(model).call().await?;
    let fee = model_fee + U256::exp10(17);
    println!(
        "model     {:?}, for {} AIUS",
        H256(model),
        format_ether(fee)
    );

    // Pay and submit.
    token.approve(engine.address(), fee).send().await?.await?;
    let input = format!(r#"{{"prompt":{}}}"#, serde_json::to_string(prompt)?);
    let submit = engine.submit_task(0, client.address(), model, fee, input.into_bytes().into());
    let receipt = submit.send().await?.await?.ok_or_eyre("dropped")?;

    // The logs of an ethers receipt, read by the rest of the sdk, which is on alloy.
    let logs: Vec<_> = receipt.logs.iter().map(|log| log.to_alloy()).collect();
    let submitted = submissions(&logs);
    let task = submitted.first().ok_or_eyre("nothing was submitted")?.task;
    println!("task      {task}");

    // The answer, which may have come before anybody listened.
    let answers = engine
        .solution_submitted_filter()
        .from_block(receipt.block_number.ok_or_eyre("not in a block")?)
        .topic2(task.to_ethers());
    let mut coming = answers.stream().await?;
    let answer = match answers.query().await?.into_iter().next() {
        Some(answer) => answer,
        None => coming.next().await.ok_or_eyre("the endpoint ended")??,
    };
    let (_, _, _, cid) = engine.solutions(task.into()).call().await?;
    println!("solver    {:?}", answer.addr);

    // Its bytes, every block of them checked against the chain.
    let cid = cids::from_onchain(&cid)?;
    let fetcher = Fetcher::new([gateway], FetchLimits::default())?;
    for file in Outputs::fetch(&fetcher, cid).await?.files {
        std::fs::write(&file.name, &file.bytes)?;
        println!(
            "picture   {}, {} bytes, of {cid}",
            file.name,
            file.bytes.len()
        );
    }
    Ok(())
}
// ANCHOR_END: ask
