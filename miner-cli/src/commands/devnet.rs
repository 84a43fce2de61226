//! `arbius devnet`.

use std::path::Path;
use std::time::Duration;

use arbius_models::STICKERS;
use arbius_sdk::deploy::settings::Dao;
use arbius_testkit::devnet::chain::{Chain, Mining};
use arbius_testkit::devnet::{Devnet, DevnetBuilder};
use arbius_testkit::{Actor, TestChain, TestChainBuilder};
use eyre::bail;
use serde_json::json;

use super::StopSignal;
use super::demo::{Progress, start_chain};
use crate::{amount, args, show};

pub(crate) async fn run(args: args::Devnet, json: bool) -> eyre::Result<()> {
    if args.deployment.is_dir() {
        bail!(
            "{} is a folder: --deployment names the file to write",
            args.deployment.display()
        );
    }
    let running = async {
        match args.no_contracts {
            true => start_bare(&args, json).await.map(Running::Bare),
            false => start(&args, json).await.map(Box::new).map(Running::Arbius),
        }
    };
    let mut stop = StopSignal::listen()?;
    let running = tokio::select! {
        running = running => running?,
        () = stop.asked() => return Ok(()),
    };
    let chain = running.devnet().chain();
    if let (Some(asked), true) = (args.chain_id, loaded(&args).is_some())
        && asked != chain.chain_id()
    {
        bail!(
            "the saved chain has the id {}, not {asked}: leave out --chain-id, or begin anew with \
             another file",
            chain.chain_id()
        );
    }
    // Not before: the deployment waits for its blocks.
    chain.set_mining(mining(&args));
    match args.state.as_ref().or(args.dump_state.as_ref()) {
        Some(file) => serve_and_save(chain, file, args.state_interval, stop).await,
        None => {
            stop.asked().await;
            Ok(())
        }
    }
}

/// A chain that serves until it is dropped.
enum Running {
    Arbius(Box<TestChain>),
    Bare(Devnet),
}

impl Running {
    fn devnet(&self) -> &Devnet {
        match self {
            Self::Arbius(chain) => chain.devnet(),
            Self::Bare(devnet) => devnet,
        }
    }
}

/// The file to go on from, if there is one.
fn loaded(args: &args::Devnet) -> Option<&Path> {
    let state = args.state.as_deref().filter(|file| file.exists());
    args.load_state.as_deref().or(state)
}

fn builder(args: &args::Devnet) -> DevnetBuilder {
    let mut builder = Devnet::builder()
        .port(args.port)
        .accounts(args.accounts.into())
        .balance(args.balance)
        .history(args.history.get());
    if let Some(id) = args.chain_id {
        builder = builder.chain_id(id);
    }
    if let Some(timestamp) = args.timestamp {
        builder = builder.genesis_timestamp(timestamp);
    }
    if let Some(wei) = args.base_fee {
        builder = builder.base_fee(wei);
    }
    if let Some(wei) = args.l1_price {
        builder = builder.l1_price_per_unit(wei);
    }
    if let Some(gas) = args.gas_limit {
        builder = builder.gas_limit(gas);
    }
    if let Some(file) = loaded(args) {
        builder = builder.load_state(file);
    }
    builder
}

/// The chain with the protocol, and the DAO that owns it.
fn test_chain(args: &args::Devnet) -> TestChainBuilder {
    let chain = TestChain::builder().devnet(builder(args));
    if args.no_dao {
        return chain;
    }
    chain.dao(Dao {
        voting_delay: args.voting_delay.as_secs(),
        voting_period: args.voting_period.as_secs(),
        timelock_delay: args.timelock_delay.as_secs(),
        ..Dao::default()
    })
}

fn mining(args: &args::Devnet) -> Mining {
    match args.block_time {
        Some(interval) if args.mixed_mining => Mining::Mixed(interval),
        Some(interval) => Mining::Interval(interval),
        None if args.no_mining => Mining::Manual,
        None => Mining::Automatic,
    }
}

/// Serves until somebody asks for the end. Saves then, and at every interval.
async fn serve_and_save(
    chain: &Chain,
    file: &Path,
    interval: Duration,
    mut stop: StopSignal,
) -> eyre::Result<()> {
    let save = || {
        let (chain, file) = (chain.clone(), file.to_owned());
        tokio::task::spawn_blocking(move || chain.save_state(&file))
    };
    // At once: whoever cannot save should not learn it at the end.
    save().await??;
    loop {
        tokio::select! {
            () = stop.asked() => return Ok(save().await??),
            () = tokio::time::sleep(interval) => {
                if let Err(error) = save().await? {
                    tracing::error!(%error, "the state was not saved, and will be tried again");
                }
            }
        }
    }
}

async fn start(args: &args::Devnet, json: bool) -> eyre::Result<TestChain> {
    let progress = Progress::new();
    let (chain, model) = start_chain(test_chain(args), &progress).await?;
    let deployment = chain.deployment();
    deployment.save(&args.deployment)?;
    if json {
        let mut description = serde_json::to_value(deployment)?;
        description["deployment"] = json!(args.deployment);
        description["models"] = json!([{ "name": STICKERS.name, "id": model }]);
        show::json(&description)?;
    } else if !args.quiet {
        describe(&chain, &args.deployment, &model.to_string()).await?;
    }
    Ok(chain)
}

async fn start_bare(args: &args::Devnet, json: bool) -> eyre::Result<Devnet> {
    let devnet = builder(args).spawn().await?;
    let accounts = devnet.accounts();
    if json {
        let accounts: Vec<_> = accounts
            .iter()
            .map(|account| json!({ "address": account.address, "key": account.key }))
            .collect();
        show::json(&json!({
            "rpc": devnet.url(),
            "chainId": devnet.chain_id(),
            "accounts": accounts,
        }))?;
    } else if !args.quiet {
        show::fields(&[
            ("RPC", devnet.url()),
            ("chain id", devnet.chain_id().to_string()),
        ])?;
        show::line("")?;
        show::line("Accounts, for this chain alone: everybody knows their keys")?;
        let rows: Vec<_> = accounts
            .iter()
            .enumerate()
            .map(|(index, account)| {
                vec![
                    index.to_string(),
                    account.address.to_string(),
                    amount::show_short(devnet.chain().balance(account.address)),
                    account.key.to_string(),
                ]
            })
            .collect();
        show::table(
            &[
                ("", show::Side::Right),
                ("address", show::Side::Left),
                ("ETH", show::Side::Right),
                ("key", show::Side::Left),
            ],
            &rows,
        )?;
        show::line("")?;
        show::line("Ctrl-C stops it.")?;
    }
    Ok(devnet)
}

async fn describe(chain: &TestChain, file: &Path, model: &str) -> eyre::Result<()> {
    let deployment = chain.deployment();
    let deployed = |name: &str| match deployment.contract(name) {
        Ok(address) => address.to_string(),
        Err(_) => "none: account 0 owns the contracts".to_owned(),
    };
    show::fields(&[
        ("RPC", deployment.rpc.clone()),
        ("chain id", deployment.chain_id.to_string()),
        ("engine", chain.engine().to_string()),
        ("token", chain.token().to_string()),
        ("model", format!("{} {model}", STICKERS.name)),
        ("governor", deployed("governor")),
        ("timelock", deployed("timelock")),
        ("deployment", file.display().to_string()),
    ])?;
    show::line("")?;
    show::line("Accounts, for this chain alone: everybody knows their keys")?;
    let has_dao = deployment.contract("governor").is_ok();
    let mut rows = Vec::new();
    for (index, account) in deployment.accounts.iter().enumerate() {
        let ether = chain.chain().balance(account.address).await?;
        let token = arbius_sdk::contracts::IToken::balanceOfCall {
            account: account.address,
        };
        let aius = chain.chain().read(chain.token(), &token).await?;
        rows.push(vec![
            index.to_string(),
            part(index, has_dao).to_owned(),
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
        "  arbius submit \"a red car\" --wait --out car.png{option}"
    ))?;
    Ok(())
}

/// What an account is for. A DAO's treasury is its timelock, and nobody owns what it owns.
fn part(index: usize, has_dao: bool) -> &'static str {
    let (owner, treasury) = match has_dao {
        true => ("holder", "-"),
        false => ("owner", "treasury"),
    };
    [
        (Actor::Owner, owner),
        (Actor::Treasury, treasury),
        (Actor::ModelOwner, "model owner"),
        (Actor::Requester, "requester"),
    ]
    .into_iter()
    .find(|(actor, _)| actor.index() == index)
    .map_or("miner", |(_, name)| name)
}
