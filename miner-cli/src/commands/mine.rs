//! `arbius mine`.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::sync::Arc;

use arbius_sdk::chain::{Agreement, FeePolicy};
use arbius_sdk::client::Network;
use arbius_sdk::content::unixfs;
use arbius_sdk::deploy::Deployment;
use arbius_sdk::metrics::Metrics;
use arbius_sdk::miner::{
    Bulk, Case, Catalogue, Finding, Job, Limits, Margin, Miner, MinerHandle, Retention, Settings,
    Stage, State, Verification,
};
use eyre::bail;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use super::StopSignal;
use crate::{amount, args, key, models, pin_stores, show, solver};

pub(crate) async fn run(args: args::Mine, json: bool) -> eyre::Result<()> {
    let started = show::now_millis();
    fail_rather_than_die()?;
    let folder = &args.folder.path;
    if folder.is_file() {
        bail!("{} is a file, not a folder", folder.display());
    }
    let deployment = args.network.load()?;
    let signer = key::choose(&args.key, &deployment, key::MINER)?;
    let catalogue = catalogue(&args, &deployment).await?;
    let metrics = Metrics::new();
    let solver = solver::of(&args, &catalogue, metrics.clone()).await?;
    let mut builder = Miner::builder()
        .deployment(deployment)
        .signer(signer)
        .solver(Arc::new(solver))
        .folder(folder)
        .catalogue(catalogue)
        .gateway(args.gateway)
        .monitor(args.monitor)
        .metrics(metrics)
        .settings(settings(&args));
    for store in pin_stores::named(&args.pin_stores)? {
        builder = builder.pin_store(store);
    }
    let mut miner = builder.spawn().await?;
    let mut stop = StopSignal::listen()?;
    let mut events = miner.events();
    let mut case_events = miner.case_events();
    let gateway = miner.gateway().unwrap_or_default();
    let monitor = miner.monitor().unwrap_or_default();
    let count = miner.models().len();
    if json {
        show::json_line(&json!({
            "event": "started",
            "account": miner.account(),
            "gateway": gateway,
            "monitor": monitor,
            "models": count,
            "shadow": args.shadow,
        }))?;
    } else {
        let models = if count == 1 {
            "1 model".to_owned()
        } else {
            format!("{count} models")
        };
        let doing = match args.shadow {
            true => "watching, and sending nothing: ",
            false => "mining ",
        };
        show::line(format!("{doing}{models} as {}", miner.account()))?;
        show::line(format!(
            "outputs in {}, served at {gateway}; metrics at {monitor}/metrics",
            folder.display()
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
    let mut shown_cases = HashMap::new();
    loop {
        tokio::select! {
            () = stop.asked() => break,
            ended = miner.ended() => {
                ended?;
                break;
            }
            event = events.recv() => match event {
                Ok(job) => {
                    let now = (job.state, job.note.clone());
                    if shown.insert(job.task, now.clone()) != Some(now) {
                        as_far_as_there_is_room(report(&job, json))?;
                    }
                    if job.state.is_over() {
                        shown.remove(&job.task);
                    }
                }
                Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "events not shown"),
                Err(RecvError::Closed) => break,
            },
            event = case_events.recv() => match event {
                Ok(case) => {
                    let now = (case.stage, case.note.clone());
                    if shown_cases.insert(case.task, now.clone()) != Some(now) {
                        as_far_as_there_is_room(report_case(&case, json))?;
                    }
                    if case.stage.is_over() {
                        shown_cases.remove(&case.task);
                    }
                }
                Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "events not shown"),
                Err(RecvError::Closed) => break,
            },
        }
    }
    summary(miner, json).await
}

/// A write beyond the largest file that this process may have is an error like that of a full
/// disk, not the end of the process: the miner waits until there is room.
fn fail_rather_than_die() -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use tokio::signal::unix::{SignalKind, signal};

        /// SIGXFSZ on Linux, whatever the processor.
        const FILE_SIZE: i32 = 25;
        // Once somebody listens to it, the signal no longer kills.
        drop(signal(SignalKind::from_raw(FILE_SIZE))?);
    }
    Ok(())
}

/// What is shown goes to a file perhaps, on a disk that may be full: mining goes on without it.
fn as_far_as_there_is_room(shown: eyre::Result<()>) -> eyre::Result<()> {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};

    let Err(error) = shown else {
        return Ok(());
    };
    match error.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(StorageFull | QuotaExceeded | FileTooLarge) => {
            tracing::warn!(%error, "what happens cannot be shown");
            Ok(())
        }
        _ => Err(error),
    }
}

/// What the command line says about how to mine.
fn settings(args: &args::Mine) -> Settings {
    let defaults = Settings::default();
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    Settings {
        min_fee: args.min_fee,
        parallel_jobs: args.parallel_jobs.get(),
        parallel_solves: args.workers.get(),
        from_block: args.from_block,
        requests_per_second: args.rpc_rate,
        agreement: match args.believe_one_endpoint {
            true => Agreement::WhenReachable,
            false => Agreement::Required,
        },
        stake: !args.no_stake,
        withdraw: !args.no_withdraw,
        roles: args.roles.unwrap_or_default(),
        shadow: args.shadow,
        second_run: args.second_run,
        recheck: args.recheck,
        notify_gas: args.notify_gas,
        claim_for_others: args.claim_for_others,
        verification: Verification {
            share_percent: args.verify_share,
            idle_percent: args.verify_idle_share,
            gateways: args.check_gateways.clone(),
            ..defaults.verification
        },
        limits: Limits {
            input_bytes: args.max_input.map_or(defaults.limits.input_bytes, size),
            queue: args
                .max_queue
                .map_or(defaults.limits.queue, NonZeroUsize::get),
            disk_bytes: args.max_disk,
            min_free_memory: args.min_free_memory,
        },
        deny_list: args.deny.clone(),
        margin: args.aius_price.map(|aius_price| Margin {
            aius_price,
            percent: args.margin,
        }),
        fees: FeePolicy {
            max_fee_per_gas: args.max_gas_price,
            routine_fee_per_gas: args.routine_gas_price,
            ..defaults.fees
        },
        bulk: Bulk {
            tasks: args.bulk.map_or(defaults.bulk.tasks, NonZeroUsize::get),
            ..defaults.bulk
        },
        retention: Retention {
            age: args.keep_jobs,
            ..defaults.retention
        },
        ..defaults
    }
}

/// The models that were opted into, that this machine has bundles for, and that the chain
/// knows.
async fn catalogue(args: &args::Mine, deployment: &Deployment) -> eyre::Result<Catalogue> {
    let bundles = models::bundles(&args.bundles)?;
    let network = Network::connect(deployment).await?;
    let registered = network.models().await?;
    let mut candidates = Vec::new();
    for (bundle, folder) in &bundles {
        let found = registered
            .iter()
            .filter(|model| models::is_of(bundle, model));
        let before = candidates.len();
        candidates.extend(found.map(|model| (model, bundle)));
        if let (true, Some(folder)) = (candidates.len() == before, folder) {
            // A line that cannot be written, as on a full disk, is no reason to stop.
            let _ = writeln!(
                io::stderr(),
                "warning: {} is not mined: no model with its template ({}) is registered on \
                 chain {}; register it (`registerModel` of the engine), or see `arbius model \
                 list` for those that are",
                folder.display(),
                unixfs::cid_of(bundle.template_bytes()),
                deployment.chain_id
            );
        }
    }
    if candidates.is_empty() {
        bail!(
            "none of the models registered on chain {} has a bundle here; name a bundle's folder \
             with --bundle",
            deployment.chain_id
        );
    }
    let mut catalogue = Catalogue::new();
    if args.models.is_empty() {
        // What runs on this machine for others is the operator's to choose.
        if !args.all_known && deployment.accounts.is_empty() {
            let names: Vec<_> = candidates
                .iter()
                .map(|(model, _)| models::describe(model))
                .collect();
            bail!(
                "say which models to mine with --model, or --all-known for all that there are \
                 bundles for: {}",
                names.join(", ")
            );
        }
        for (model, bundle) in candidates {
            catalogue = catalogue.with(model.id, Arc::clone(bundle));
        }
        return Ok(catalogue);
    }
    for named in &args.models {
        let model = models::choose(&network, Some(named)).await?;
        let bundle = candidates.iter().find(|(found, _)| found.id == model.id);
        let Some((_, bundle)) = bundle else {
            bail!(
                "there is no bundle here for model {}; name its folder with --bundle",
                models::describe(&model)
            );
        };
        catalogue = catalogue.with(model.id, Arc::clone(bundle));
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

/// Says what became of a solution of somebody else, or of a dispute.
fn report_case(case: &Case, json: bool) -> eyre::Result<()> {
    if json {
        return show::json_line(&json!({
            "event": "case",
            "task": case.task,
            "stage": case.stage.name(),
            "solver": case.solver,
            "finding": case.finding.as_ref().map(Finding::name),
            "contester": case.contester,
            "note": case.note,
        }));
    }
    let solver = case.solver.unwrap_or_default();
    let detail = match (&case.note, case.stage, case.voted_wrong) {
        (Some(note), _, _) => note.clone(),
        (None, Stage::Judged, _) => format!("the solution by {solver} is wrong"),
        (None, Stage::Contested, _) => match case.contester {
            Some(contester) => format!("{contester} contests the solution"),
            None => "the solution is contested".to_owned(),
        },
        (None, Stage::Voted, Some(true)) => "voted: wrong".to_owned(),
        (None, Stage::Voted, Some(false)) => "voted: right".to_owned(),
        (None, _, _) => format!("looking at the solution by {solver}"),
    };
    // The states of jobs have the same place and some of the same names.
    Ok(show::line(format!(
        "{:<10} {}  {}: {detail}",
        "case",
        case.task,
        case.stage.name()
    ))?)
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use alloy_primitives::U256;
    use arbius_sdk::miner::{Role, Roles};
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    fn told(options: &str) -> Settings {
        let line = ["arbius", "mine"]
            .into_iter()
            .chain(options.split_whitespace());
        match Cli::try_parse_from(line).unwrap().command {
            Command::Mine(args) => settings(&args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_miner_does_what_the_command_line_says() {
        let Settings {
            min_fee,
            parallel_jobs,
            parallel_solves,
            from_block,
            requests_per_second,
            agreement,
            stake,
            withdraw,
            roles,
            shadow,
            second_run,
            recheck,
            notify_gas,
            claim_for_others,
            verification,
            limits,
            deny_list,
            margin,
            fees,
            bulk,
            retention,
            ..
        } = told(
            "--believe-one-endpoint --min-fee 2 --parallel-jobs 3 --workers 4 --from-block 5 --rpc-rate 6 --no-stake \
             --no-withdraw --roles solve,pin --shadow --second-run --recheck 7m --notify-gas 8 \
             --claim-for-others --verify-share 9 --verify-idle-share 10 \
             --check-gateway http://one.example,http://two.example --max-input 11 --max-queue 12 \
             --max-disk 13 --min-free-memory 14 --deny names.txt --aius-price 0.5 --margin 15 \
             --max-gas-price 16 --routine-gas-price 17 --bulk 18 --keep-jobs 19d",
        );
        let wei = |aius: u64| U256::from(aius) * U256::from(10).pow(U256::from(18));
        assert_eq!(min_fee, wei(2));
        assert_eq!((parallel_jobs, parallel_solves), (3, 4));
        assert_eq!((from_block, requests_per_second), (Some(5), Some(6.0)));
        assert!(!stake && !withdraw && shadow && second_run && claim_for_others);
        assert_eq!(roles, Roles::NONE.with(Role::Solve).with(Role::Pin));
        assert_eq!(agreement, Agreement::WhenReachable);
        assert_eq!((recheck, notify_gas), (Duration::from_secs(420), 8));
        let shares = (verification.share_percent, verification.idle_percent);
        assert_eq!(shares, (9.0, 10.0));
        let gateways = ["http://one.example", "http://two.example"];
        assert_eq!(verification.gateways, gateways);
        assert_eq!((limits.input_bytes, limits.queue), (11, 12));
        let sizes = (limits.disk_bytes, limits.min_free_memory);
        assert_eq!(sizes, (Some(13), Some(14)));
        assert_eq!(deny_list, Some(PathBuf::from("names.txt")));
        let half = Margin {
            aius_price: wei(1) / U256::from(2),
            percent: 15,
        };
        assert_eq!(margin, Some(half));
        let prices = (fees.max_fee_per_gas, fees.routine_fee_per_gas);
        assert_eq!(prices, (Some(16), Some(17)));
        assert_eq!(bulk.tasks, 18);
        assert_eq!(retention.age, Duration::from_secs(19 * 86_400));
    }

    #[test]
    fn without_options_it_is_the_sdks_miner() {
        let (told, sdks) = (told(""), Settings::default());
        assert_eq!(format!("{told:?}"), format!("{sdks:?}"));
    }
}
