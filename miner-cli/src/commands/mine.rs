//! `arbius mine`.

use std::collections::HashMap;
use std::sync::Arc;

use arbius_sdk::client::Network;
use arbius_sdk::content::unixfs;
use arbius_sdk::deploy::Deployment;
use arbius_sdk::inference::Workers;
use arbius_sdk::inference::worker::{WorkerCommand, WorkerOptions};
use arbius_sdk::miner::{Catalogue, Job, Miner, MinerHandle, Settings, State};
use arbius_sdk::model::Bundle;
use eyre::{WrapErr as _, bail};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use super::asked_to_stop;
use crate::{amount, args, key, models, show};

pub(crate) async fn run(args: args::Mine, json: bool) -> eyre::Result<()> {
    let started = show::now_millis();
    if args.folder.is_file() {
        bail!("{} is a file, not a folder", args.folder.display());
    }
    let deployment = args.network.load()?;
    let signer = key::choose(&args.key, &deployment, key::MINER)?;
    let catalogue = catalogue(&args, &deployment).await?;
    let command = WorkerCommand::current_program()?;
    let workers = Workers::new(command, WorkerOptions::default(), args.workers);
    let settings = Settings {
        min_fee: args.min_fee,
        parallel_solves: args.workers.get(),
        from_block: args.from_block,
        requests_per_second: args.rpc_rate,
        ..Settings::default()
    };
    let mut miner = Miner::builder()
        .deployment(deployment)
        .signer(signer)
        .solver(Arc::new(workers))
        .folder(&args.folder)
        .catalogue(catalogue)
        .gateway(args.gateway)
        .settings(settings)
        .spawn()
        .await?;
    let mut events = miner.events();
    let gateway = miner.gateway().unwrap_or_default();
    let count = miner.models().len();
    if json {
        show::json_line(&json!({
            "event": "started",
            "account": miner.account(),
            "gateway": gateway,
            "models": count,
        }))?;
    } else {
        let models = if count == 1 {
            "1 model".to_owned()
        } else {
            format!("{count} models")
        };
        show::line(format!("mining {models} as {}", miner.account()))?;
        show::line(format!(
            "outputs in {}, served at {gateway}",
            args.folder.display()
        ))?;
        show::line("Ctrl-C stops it; the same folder goes on where it stood")?;
    }
    // A job is written down more often than it moves on, and jobs of an earlier run are
    // written down as they are taken up; only what moves is of interest.
    let mut shown: HashMap<_, _> = miner
        .jobs()?
        .into_iter()
        .filter(|job| job.history.last().is_some_and(|(_, at)| *at < started))
        .map(|job| (job.task, (job.state, job.note)))
        .collect();
    let stopping = asked_to_stop();
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            asked = &mut stopping => {
                asked?;
                break;
            }
            ended = miner.ended() => {
                ended?;
                break;
            }
            event = events.recv() => match event {
                Ok(job) => {
                    let now = (job.state, job.note.clone());
                    if shown.insert(job.task, now.clone()) != Some(now) {
                        report(&job, json)?;
                    }
                    if job.state.is_over() {
                        shown.remove(&job.task);
                    }
                }
                Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "events not shown"),
                Err(RecvError::Closed) => break,
            },
        }
    }
    summary(miner, json).await
}

/// The models that this machine has bundles for and the chain knows.
async fn catalogue(args: &args::Mine, deployment: &Deployment) -> eyre::Result<Catalogue> {
    let mut bundles = Vec::new();
    for bundle in arbius_models::ALL {
        bundles.push((models::embedded(bundle)?, None));
    }
    for folder in &args.bundles {
        let bundle = Bundle::load(folder)
            .wrap_err_with(|| format!("{} is no bundle of a model", folder.display()))?;
        bundles.push((Arc::new(bundle), Some(folder)));
    }
    let registered = Network::connect(deployment).await?.models().await?;
    let mut catalogue = Catalogue::new();
    for (bundle, folder) in bundles {
        let template = unixfs::cid_of(bundle.template_bytes());
        let mut found = false;
        for model in registered.iter().filter(|model| model.template == template) {
            catalogue = catalogue.with(model.id, Arc::clone(&bundle));
            found = true;
        }
        if let (false, Some(folder)) = (found, folder) {
            eprintln!(
                "warning: {} is not mined: no model with its template ({template}) is registered \
                 on chain {}; register it (`registerModel` of the engine), or see `arbius model \
                 list` for those that are",
                folder.display(),
                deployment.chain_id
            );
        }
    }
    if catalogue.ids().next().is_none() {
        bail!(
            "none of the models registered on chain {} has a bundle here; name a bundle's folder \
             with --bundle",
            deployment.chain_id
        );
    }
    Ok(catalogue)
}

fn report(job: &Job, json: bool) -> eyre::Result<()> {
    if json {
        return show::json_line(&json!({
            "event": job.state.name(),
            "task": job.task,
            "note": job.note,
            "earned": {
                "fee": job.earned.fee.to_string(),
                "reward": job.earned.reward.to_string(),
            },
        }));
    }
    let detail = match (job.state, &job.note) {
        (State::Claimed, _) => format!(
            "fee {} AIUS, reward {} AIUS",
            amount::show(job.earned.fee),
            amount::show(job.earned.reward)
        ),
        (_, Some(note)) => note.clone(),
        (State::Seen, None) => format!("pays {} AIUS", amount::show(job.fee)),
        _ => String::new(),
    };
    let text = format!("{:<10} {}  {detail}", job.state.name(), job.task);
    Ok(show::line(text.trim_end())?)
}

async fn summary(miner: MinerHandle, json: bool) -> eyre::Result<()> {
    let tally = miner.tally()?;
    miner.stop().await?;
    if json {
        let jobs: serde_json::Map<_, _> = tally
            .jobs
            .iter()
            .map(|(state, count)| (state.name().into(), json!(count)))
            .collect();
        return show::json_line(&json!({
            "event": "stopped",
            "jobs": jobs,
            "fees": tally.fees.to_string(),
            "rewards": tally.rewards.to_string(),
        }));
    }
    let waiting = tally.of(State::Revealed) + tally.of(State::Claimable);
    show::line(format!(
        "stopped: {} claimed, {waiting} waiting to be claimed, {} lost; {} AIUS of fees and {} \
         AIUS of rewards",
        tally.of(State::Claimed),
        tally.of(State::Lost),
        amount::show(tally.fees),
        amount::show(tally.rewards)
    ))?;
    Ok(())
}
