//! `arbius deploy`.

mod plan;
mod report;

use std::io::{IsTerminal as _, Write as _, stderr, stdin};
use std::path::{Path, PathBuf};

use alloy_primitives::U256;
use arbius_sdk::chain::{Chain, FeePolicy, Signer};
use arbius_sdk::deploy::check::check;
use arbius_sdk::deploy::{Deployer, Deployment, Event, Progress, Settings};
use eyre::{WrapErr as _, bail, eyre};

use crate::{amount, args, key, show};

/// Chains that begin anew with every start of their program: nobody's money is on them.
const LOCAL_CHAINS: [u64; 3] = [412_346, 31_337, 1_337];

pub(crate) async fn run(args: args::Deploy, json: bool) -> eyre::Result<()> {
    let mut settings = Settings::load(&args.settings)?;
    if !args.endpoints.rpc.is_empty() {
        settings.endpoints.clone_from(&args.endpoints.rpc);
    }
    let chain = connect(&settings).await?;
    if args.dry_run {
        let signer = chosen_key(&args.key).ok();
        return plan::show(&settings, &chain, signer, json).await;
    }
    let path = args
        .progress
        .clone()
        .unwrap_or_else(|| args.settings.with_extension("progress.json"));
    if args.check {
        return read_back(&settings, &chain, &path, json).await;
    }
    let progress = Progress::open(&path)?;
    let record = progress.record();
    if record.begun.is_none() && args.deployment.exists() {
        bail!(
            "{} is there already, of another deployment; name another file with --deployment",
            args.deployment.display()
        );
    }
    let signer = chosen_key(&args.key)?;
    if !args.yes && !LOCAL_CHAINS.contains(&chain.id()) {
        ask(&settings, &chain, &signer).await?;
    }
    let mut number = 0;
    let observer = Box::new(move |event: Event<'_>| {
        if let Event::Finished {
            purpose,
            done,
            earlier,
        } = event
        {
            number += 1;
            if !earlier {
                eprintln!(
                    "{number:3}  {purpose}: {} gas",
                    show::thousands(done.gas_used)
                );
            }
        }
        Ok(())
    });
    let deployer = Deployer::new(
        chain.clone(),
        signer,
        FeePolicy::default(),
        settings.clone(),
        progress.clone(),
        observer,
    )?;
    let mut deployment: Deployment = deployer.run().await.wrap_err_with(|| {
        let again = "run the same command again to go on from there";
        format!(
            "not finished; what is done is in {}, and {again}",
            path.display()
        )
    })?;
    if let [rpc, fallbacks @ ..] = &settings.endpoints[..] {
        deployment.rpc.clone_from(rpc);
        fallbacks.clone_into(&mut deployment.fallbacks);
    }
    deployment.save(&args.deployment)?;
    let record = progress.record();
    let findings = check(&chain, &settings, &record).await?;
    report::show(&record, &findings, Some(&args.deployment), json)?;
    report::judge(&findings)
}

async fn connect(settings: &Settings) -> eyre::Result<Chain> {
    if settings.endpoints.is_empty() {
        bail!("no endpoint: name one in `chain.rpc` of the settings, or with --rpc");
    }
    let chain = Chain::builder().endpoints(&settings.endpoints);
    let chain = match settings.chain_id {
        Some(id) => chain.chain_id(id),
        None => chain,
    };
    Ok(chain.connect().await?)
}

/// The key that the command line names, or the environment's.
fn chosen_key(named: &args::Key) -> eyre::Result<Signer> {
    if named.account.is_some() {
        bail!(
            "--account is of a deployment file's accounts, and there is no such file yet; put \
             the key into the environment variable ARBIUS_KEY, or name a file with --key-file"
        );
    }
    let nowhere = Deployment {
        chain_id: 0,
        rpc: String::new(),
        fallbacks: Vec::new(),
        block: 0,
        contracts: Default::default(),
        accounts: Vec::new(),
    };
    key::choose(named, &nowhere, 0)
}

/// Says what will happen and asks whether it should.
async fn ask(settings: &Settings, chain: &Chain, signer: &Signer) -> eyre::Result<()> {
    let balance = chain.balance(signer.address()).await?;
    let estimate = plan::estimate(settings, chain, signer.clone()).await?;
    eprintln!(
        "Chain {} is public. {} pays, and holds {} ether.",
        chain.id(),
        signer.address(),
        amount::show(balance)
    );
    let mut needed = U256::ZERO;
    if let Some(estimate) = estimate {
        needed = estimate.cost;
        eprintln!(
            "All of it takes {} transactions and about {} ether at the prices of now.",
            estimate.transactions,
            amount::show_short(estimate.cost)
        );
    }
    if balance < needed {
        eprintln!("That is more than it holds. What is done then stays, and can go on later.");
    }
    if !stdin().is_terminal() {
        bail!(
            "chain {} is public, and nobody can be asked: say --yes",
            chain.id()
        );
    }
    eprint!("Type the chain's id to deploy: ");
    stderr().flush()?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    match answer.trim() == chain.id().to_string() {
        true => Ok(()),
        false => Err(eyre!("nothing was sent")),
    }
}

/// The closing check of a deployment that was finished before.
async fn read_back(
    settings: &Settings,
    chain: &Chain,
    path: &Path,
    json: bool,
) -> eyre::Result<()> {
    if !path.exists() {
        let path: PathBuf = path.to_owned();
        bail!(
            "there is no {}, which says what was deployed; name it with --progress",
            path.display()
        );
    }
    let record = Progress::open(path)?.record();
    let findings = check(chain, settings, &record).await?;
    report::show(&record, &findings, None, json)?;
    report::judge(&findings)
}
