//! `arbius contract`.

use arbius_sdk::chain::{Chain, Lane};
use arbius_sdk::deploy::Deployment;
use arbius_sdk::deploy::health::{Activation, Health, Lifetimes, health};
use arbius_sdk::deploy::keepalive::{Need, Renewal, keep_alive, need};
use eyre::{WrapErr as _, bail, eyre};
use serde_json::json;

use crate::args::{self, Contract};
use crate::{amount, key, show};

const DAY: u64 = 86_400;

pub(crate) async fn run(command: Contract, json: bool) -> eyre::Result<()> {
    match command {
        Contract::Health(args) => look(args, json).await,
        Contract::Keepalive(args) => renew(args, json).await,
    }
}

async fn open(network: &args::Network) -> eyre::Result<(Deployment, Chain, Lifetimes)> {
    let deployment = network.load()?;
    // Not by the engine, as elsewhere: it may be what does not run.
    let chain = deployment.endpoints().connect().await?;
    let lifetimes = Lifetimes::of(&chain)
        .await
        .wrap_err("ArbWasm does not say how long programs live")?;
    Ok((deployment, chain, lifetimes))
}

async fn look(args: args::Health, json: bool) -> eyre::Result<()> {
    let (deployment, chain, lifetimes) = open(&args.network).await?;
    let programs = health(&chain, &deployment).await?;
    let margin = u64::from(args.days) * DAY;
    let ill: Vec<_> = programs
        .iter()
        .filter(|program| program.needs_care(margin))
        .map(|program| program.name.as_str())
        .collect();
    if json {
        let programs: Vec<_> = programs
            .iter()
            .map(|program| {
                let mut value = serde_json::to_value(program)?;
                value["needsCare"] = program.needs_care(margin).into();
                Ok(value)
            })
            .collect::<serde_json::Result<_>>()?;
        show::json(&json!({
            "schema": "arbius/contract-health/1",
            "chainId": chain.id(),
            "lifetimes": lifetimes,
            "programs": programs,
        }))?;
    } else {
        let rows: Vec<_> = programs.iter().map(|one| row(one, &lifetimes)).collect();
        show::table(
            &[
                ("contract", show::Side::Left),
                ("address", show::Side::Left),
                ("size", show::Side::Right),
                ("state", show::Side::Left),
                ("expires", show::Side::Left),
                ("renewable", show::Side::Left),
                ("cached", show::Side::Left),
                ("gas to start", show::Side::Right),
            ],
            &rows,
        )?;
    }
    match ill.len() {
        0 => Ok(()),
        count => bail!(
            "{count} of {} programs need care: {}; run `arbius contract keepalive`",
            programs.len(),
            ill.join(", ")
        ),
    }
}

fn row(program: &Health, lifetimes: &Lifetimes) -> Vec<String> {
    let dash = || "-".to_owned();
    let (state, expires, renewable) = match program.activation {
        Activation::Active { time_left } => (
            "active".to_owned(),
            format!("in {}", show::duration(time_left)),
            match lifetimes.renewable_in(time_left) {
                0 => "now".to_owned(),
                wait => format!("in {}", show::duration(wait)),
            },
        ),
        Activation::Expired { age } => (
            "EXPIRED".to_owned(),
            format!(
                "{} ago",
                show::duration(age.saturating_sub(lifetimes.expiry))
            ),
            "by activation".to_owned(),
        ),
        Activation::Outdated { version } => (
            format!(
                "OUTDATED: Stylus {version}, now {}",
                lifetimes.stylus_version
            ),
            dash(),
            "by activation".to_owned(),
        ),
        Activation::NotActivated => (
            "NOT ACTIVATED".to_owned(),
            dash(),
            "by activation".to_owned(),
        ),
        Activation::NotAProgram => ("NO STYLUS PROGRAM".to_owned(), dash(), dash()),
        Activation::Missing => ("NO CODE".to_owned(), dash(), dash()),
    };
    let size = match program.fragments {
        0 => show::bytes(program.size as u64),
        count => format!("{} in {count} fragments", show::bytes(program.size as u64)),
    };
    vec![
        program.name.clone(),
        program.address.to_string(),
        size,
        state,
        expires,
        renewable,
        if program.cached { "yes" } else { "no" }.to_owned(),
        program.start_gas.map_or_else(dash, show::thousands),
    ]
}

/// What was done for a program, or would be.
struct Deed {
    name: String,
    text: String,
    value: serde_json::Value,
}

async fn renew(args: args::Keepalive, json: bool) -> eyre::Result<()> {
    let (deployment, chain, lifetimes) = open(&args.network).await?;
    let signer = key::choose(&args.key, &deployment, key::MINER)?;
    let lane = Lane::new(chain.clone(), signer);
    let programs = health(&chain, &deployment).await?;
    for name in &args.contracts {
        if !programs.iter().any(|program| program.name == *name) {
            let known: Vec<_> = programs.iter().map(|one| one.name.as_str()).collect();
            return Err(eyre!(
                "there is no contract `{name}`; there are {}",
                known.join(", ")
            ));
        }
    }
    let chosen = programs
        .iter()
        .filter(|one| args.contracts.is_empty() || args.contracts.contains(&one.name));
    let mut deeds = Vec::new();
    // Programs of one code share their lifetime.
    let mut seen = std::collections::BTreeSet::new();
    for program in chosen {
        if !seen.insert(program.codehash) {
            deeds.push(Deed {
                name: program.name.clone(),
                text: "is of the same code as one above".to_owned(),
                value: json!({ "action": "none" }),
            });
            continue;
        }
        let deed = match args.dry_run {
            true => would(&lane, program, &lifetimes).await?,
            false => does(&lane, program, &lifetimes).await?,
        };
        deeds.push(deed);
    }
    if json {
        let programs: Vec<_> = deeds
            .iter()
            .map(|deed| {
                let mut value = deed.value.clone();
                value["name"] = deed.name.as_str().into();
                value
            })
            .collect();
        return show::json(&json!({
            "schema": "arbius/contract-keepalive/1",
            "chainId": chain.id(),
            "account": lane.address(),
            "sent": !args.dry_run,
            "programs": programs,
        }));
    }
    let fields: Vec<_> = deeds
        .iter()
        .map(|deed| (deed.name.as_str(), deed.text.clone()))
        .collect();
    Ok(show::fields(&fields)?)
}

async fn would(lane: &Lane, program: &Health, lifetimes: &Lifetimes) -> eyre::Result<Deed> {
    let (text, value) = match need(lane, program, lifetimes).await? {
        Need::Renewal(fee) => (
            format!(
                "would be renewed for a data fee of {} ether",
                amount::show(fee)
            ),
            json!({ "action": "renew", "dataFee": fee }),
        ),
        Need::Activation => (
            "would be activated again".to_owned(),
            json!({ "action": "activate" }),
        ),
        Need::Patience(wait) => patience(wait),
        Need::Nothing => nothing(),
    };
    let name = program.name.clone();
    Ok(Deed { name, text, value })
}

async fn does(lane: &Lane, program: &Health, lifetimes: &Lifetimes) -> eyre::Result<Deed> {
    let renewal = keep_alive(lane, program, lifetimes)
        .await
        .wrap_err_with(|| format!("`{}` was not renewed", program.name))?;
    let (text, value) = match renewal {
        Renewal::Renewed(done) | Renewal::Activated(done) => {
            let is_renewed = matches!(program.activation, Activation::Active { .. });
            let (word, action) = match is_renewed {
                true => ("renewed", "renewed"),
                false => ("activated again", "activated"),
            };
            (
                format!(
                    "{word} for {} ether: a data fee of {} and {} gas, {}",
                    amount::show(done.cost()),
                    amount::show(done.data_fee),
                    show::thousands(done.gas_used),
                    done.hash
                ),
                json!({
                    "action": action,
                    "dataFee": done.data_fee,
                    "gas": done.gas_used,
                    "cost": done.cost(),
                    "transaction": done.hash,
                }),
            )
        }
        Renewal::TooYoung(wait) => patience(wait),
        Renewal::Impossible => nothing(),
    };
    let name = program.name.clone();
    Ok(Deed { name, text, value })
}

fn patience(wait: u64) -> (String, serde_json::Value) {
    (
        format!("can be renewed in {}", show::duration(wait)),
        json!({ "action": "none", "renewableIn": wait }),
    )
}

fn nothing() -> (String, serde_json::Value) {
    (
        "is no Stylus program".to_owned(),
        json!({ "action": "none" }),
    )
}
