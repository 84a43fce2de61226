//! `arbius devnet`.

use std::path::Path;

use arbius_models::DIGITS;
use arbius_testkit::{Actor, TestChain};
use eyre::bail;
use serde_json::json;

use super::asked_to_stop;
use super::demo::{Progress, start_chain};
use crate::{amount, args, show};

pub(crate) async fn run(args: args::Devnet, json: bool) -> eyre::Result<()> {
    if args.deployment.is_dir() {
        bail!(
            "{} is a folder: --deployment names the file to write",
            args.deployment.display()
        );
    }
    let progress = Progress::new();
    let started = tokio::select! {
        started = start_chain(args.port, &progress) => started?,
        asked = asked_to_stop() => return Ok(asked?),
    };
    let (chain, model) = started;
    let deployment = chain.deployment();
    deployment.save(&args.deployment)?;
    if json {
        let mut description = serde_json::to_value(deployment)?;
        description["deployment"] = json!(args.deployment);
        description["models"] = json!([{ "name": DIGITS.name, "id": model }]);
        show::json(&description)?;
    } else {
        describe(&chain, &args.deployment, &model.to_string()).await?;
    }
    asked_to_stop().await?;
    Ok(())
}

async fn describe(chain: &TestChain, file: &Path, model: &str) -> eyre::Result<()> {
    let deployment = chain.deployment();
    show::fields(&[
        ("RPC", deployment.rpc.clone()),
        ("chain id", deployment.chain_id.to_string()),
        ("engine", chain.engine().to_string()),
        ("token", chain.token().to_string()),
        ("model", format!("{} {model}", DIGITS.name)),
        ("deployment", file.display().to_string()),
    ])?;
    show::line("")?;
    show::line("Accounts, for this chain alone: everybody knows their keys")?;
    let mut rows = Vec::new();
    for (index, account) in deployment.accounts.iter().enumerate() {
        let ether = chain.chain().balance(account.address).await?;
        let token = arbius_sdk::contracts::IToken::balanceOfCall {
            account: account.address,
        };
        let aius = chain.chain().read(chain.token(), &token).await?;
        rows.push(vec![
            index.to_string(),
            part(index).to_owned(),
            account.address.to_string(),
            amount::show_short(ether),
            amount::show_short(aius),
            account.key.to_string(),
        ]);
    }
    show::table(
        &[
            ("", show::Side::Right),
            ("part", show::Side::Left),
            ("address", show::Side::Left),
            ("ETH", show::Side::Right),
            ("AIUS", show::Side::Right),
            ("key", show::Side::Left),
        ],
        &rows,
    )?;
    show::line("")?;
    let option = match file == Path::new(args::DEPLOYMENT) {
        true => String::new(),
        false => format!(" --deployment {}", file.display()),
    };
    show::line("Ctrl-C stops it. In other terminals:")?;
    show::line(format!("  arbius mine{option}"))?;
    show::line(format!(
        "  arbius submit \"seven\" --wait --out seven.png{option}"
    ))?;
    Ok(())
}

fn part(index: usize) -> &'static str {
    [
        (Actor::Owner, "owner"),
        (Actor::Treasury, "treasury"),
        (Actor::ModelOwner, "model owner"),
        (Actor::Requester, "requester"),
    ]
    .into_iter()
    .find(|(actor, _)| actor.index() == index)
    .map_or("miner", |(_, name)| name)
}
