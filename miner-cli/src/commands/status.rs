//! `arbius status`.

use std::path::Path;

use alloy_primitives::utils::format_ether;
use arbius_sdk::miner::{AskError, Funds, MonitorClient, PinStage, Status};
use eyre::bail;

use crate::show::{self, Side};
use crate::{amount, args};

pub(crate) async fn run(args: args::Status, json: bool) -> eyre::Result<()> {
    let folder = &args.folder.path;
    let status = match ask(folder).await? {
        Some(status) => status,
        None => stopped(folder, &args.network).await?,
    };
    if json {
        show::json(&status)?;
    } else {
        print(&status)?;
    }
    if status.process.is_some() && !status.healthy {
        bail!("the miner cannot mine");
    }
    Ok(())
}

/// What the miner that runs with the folder says; nothing if none does.
async fn ask(folder: &Path) -> eyre::Result<Option<Status>> {
    let Some(monitor) = MonitorClient::find(folder)? else {
        return Ok(None);
    };
    match monitor.status().await {
        Ok(status) => Ok(Some(status)),
        Err(AskError::Gone { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What the folder and the chain tell of a miner that does not run.
async fn stopped(folder: &Path, network: &args::Network) -> eyre::Result<Status> {
    let store = super::store_of(folder)?;
    let deployment = network.load()?;
    let funds = match deployment
        .endpoints()
        .chain_id(store.chain_id())
        .connect()
        .await
    {
        Ok(chain) => Funds::of(&chain, store.engine(), store.account()).await,
        Err(error) => Err(error),
    };
    Ok(Status::stopped(&store, funds, folder)?)
}

fn print(status: &Status) -> eyre::Result<()> {
    let mut fields = Vec::new();
    match &status.process {
        Some(process) => {
            let since = show::now_millis().saturating_sub(process.started) / 1000;
            let doing = if process.shadow { "shadow, " } else { "" };
            fields.push((
                "miner",
                format!(
                    "runs ({doing}version {}, process {}) for {}",
                    process.version,
                    process.pid,
                    show::duration(since)
                ),
            ));
            fields.push(("roles", process.roles.join(", ")));
            fields.extend(process.gateway.clone().map(|url| ("outputs at", url)));
        }
        None => fields.push(("miner", "does not run".to_owned())),
    }
    let health = match (&status.process, status.healthy) {
        (Some(_), true) => "can mine".to_owned(),
        (Some(_), false) => "CANNOT MINE".to_owned(),
        (None, _) => String::new(),
    };
    if !health.is_empty() {
        fields.push(("health", health));
    }
    for reason in status.reasons.iter().filter(|_| status.process.is_some()) {
        fields.push(("", format!("{}: {}", reason.code, reason.message)));
    }
    fields.push(("account", status.account.to_string()));
    fields.push((
        "engine",
        format!("{} on chain {}", status.engine, status.chain_id),
    ));
    chain(status, &mut fields);
    if let Some(funds) = &status.funds {
        money(funds, &mut fields);
    }
    work(status, &mut fields);
    show::fields(&fields)?;
    models(status)?;
    pin_stores(status)?;
    endpoints(status)
}

fn chain(status: &Status, fields: &mut Vec<(&str, String)>) {
    let chain = &status.chain;
    if let (Some(head), Some(time)) = (chain.head, chain.head_time) {
        let now = show::now_millis() / 1000;
        let read = chain.read.unwrap_or_default();
        let behind = match head.saturating_sub(read) {
            0 => "all of it read".to_owned(),
            blocks => format!("{} blocks to read", show::thousands(blocks)),
        };
        fields.push((
            "chain",
            format!(
                "block {}, {}, {behind}",
                show::thousands(head),
                show::from_now(now, time)
            ),
        ));
    }
    if let Some(error) = &chain.error {
        fields.push(("chain", format!("cannot be asked: {error}")));
    }
}

fn money(funds: &Funds, fields: &mut Vec<(&str, String)>) {
    let mut stake = format!(
        "{} AIUS, {} of it free; the minimum is {}",
        amount::show(funds.staked),
        amount::show(funds.free),
        amount::show(funds.minimum)
    );
    if !funds.withdrawing.is_zero() {
        let leaving = amount::show(funds.withdrawing);
        stake = format!("{stake}; {leaving} announced to be withdrawn");
    }
    fields.push(("stake", stake));
    fields.push((
        "earnings",
        format!("{} AIUS with the engine", amount::show(funds.earnings)),
    ));
    fields.push((
        "holds",
        format!(
            "{} AIUS, {} ether for gas",
            amount::show(funds.aius),
            format_ether(funds.ether)
                .trim_end_matches('0')
                .trim_end_matches('.')
        ),
    ));
}

fn work(status: &Status, fields: &mut Vec<(&str, String)>) {
    let count =
        |(name, count): (String, &usize)| format!("{} {name}", show::thousands(*count as u64));
    let jobs: Vec<_> = status
        .jobs
        .iter()
        .map(|(state, number)| count((state.to_string(), number)))
        .collect();
    let none = |list: Vec<String>| match list.is_empty() {
        true => "none".to_owned(),
        false => list.join(", "),
    };
    fields.push(("jobs", none(jobs)));
    fields.push((
        "earned",
        format!(
            "{} AIUS of fees, {} AIUS of rewards, for {} gas",
            amount::show(status.fees),
            amount::show(status.rewards),
            show::thousands(status.gas.total())
        ),
    ));
    let mut disputes: Vec<_> = status
        .disputes
        .stages
        .iter()
        .map(|(stage, number)| count((stage.to_string(), number)))
        .collect();
    if status.disputes.skipped > 0 {
        disputes.push(format!("{} not looked at", status.disputes.skipped));
    }
    fields.push(("others' work", none(disputes)));
    if let Some(transactions) = &status.transactions {
        let mut text = format!("{} on their way", transactions.underway);
        if let Some(oldest) = transactions
            .oldest_seconds
            .filter(|_| transactions.underway > 0)
        {
            text = format!("{text}, the first for {}", show::duration(oldest));
        }
        if transactions.replaced > 0 {
            text = format!("{text}, {} replaced", transactions.replaced);
        }
        fields.push(("transactions", text));
    }
    let disk = &status.disk;
    let free = disk.free.map_or_else(String::new, |free| {
        format!(", {} left on the disk", show::bytes(free))
    });
    fields.push((
        "disk",
        format!(
            "{} of outputs, {} of jobs{free}",
            show::bytes(disk.blocks),
            show::bytes(disk.store)
        ),
    ));
}

fn models(status: &Status) -> eyre::Result<()> {
    if status.models.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = status
        .models
        .iter()
        .map(|model| {
            vec![
                model.name.clone().unwrap_or_else(|| "-".to_owned()),
                if model.reason.is_none() { "yes" } else { "no" }.to_owned(),
                model.id.to_string(),
                model.reason.clone().unwrap_or_default(),
            ]
        })
        .collect();
    show::line("")?;
    let columns = [
        ("model", Side::Left),
        ("mined", Side::Left),
        ("id", Side::Left),
        ("why not", Side::Left),
    ];
    let columns = match status.models.iter().all(|model| model.reason.is_none()) {
        true => &columns[..3],
        false => &columns[..],
    };
    Ok(show::table(columns, &rows)?)
}

fn pin_stores(status: &Status) -> eyre::Result<()> {
    if status.pins.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = status
        .pins
        .iter()
        .map(|store| {
            let mut row = vec![store.store.clone()];
            row.extend(PinStage::ALL.map(|stage| {
                let count = store.stages.get(&stage).copied().unwrap_or_default();
                show::thousands(count)
            }));
            let oldest = store.oldest_seconds.map(show::duration);
            row.push(oldest.unwrap_or_else(|| "-".to_owned()));
            let why = match (&store.error, store.named || status.process.is_none()) {
                (Some(error), _) => error.clone(),
                (None, true) => String::new(),
                (None, false) => "not among the stores of this run".to_owned(),
            };
            row.push(why);
            row
        })
        .collect();
    show::line("")?;
    let mut columns = vec![("kept with", Side::Left)];
    columns.extend(PinStage::ALL.map(|stage| (stage.name(), Side::Right)));
    columns.push(("oldest", Side::Right));
    if rows
        .iter()
        .any(|row| row.last().is_some_and(|why| !why.is_empty()))
    {
        columns.push(("why not", Side::Left));
    }
    Ok(show::table(&columns, &rows)?)
}

fn endpoints(status: &Status) -> eyre::Result<()> {
    let endpoints = &status.chain.endpoints;
    if endpoints.is_empty() {
        return Ok(());
    }
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), show::thousands);
    let rows: Vec<_> = endpoints
        .iter()
        .map(|endpoint| {
            vec![
                endpoint.url.clone(),
                endpoint.state.to_string(),
                number(endpoint.latency_ms),
                number(Some(endpoint.requests)),
                number(Some(endpoint.failures)),
                number(endpoint.behind),
                endpoint.reason.clone().unwrap_or_default(),
            ]
        })
        .collect();
    show::line("")?;
    let columns = [
        ("endpoint", Side::Left),
        ("state", Side::Left),
        ("ms", Side::Right),
        ("requests", Side::Right),
        ("failed", Side::Right),
        ("behind", Side::Right),
        ("why", Side::Left),
    ];
    let columns = match endpoints.iter().all(|endpoint| endpoint.reason.is_none()) {
        true => &columns[..6],
        false => &columns[..],
    };
    Ok(show::table(columns, &rows)?)
}
