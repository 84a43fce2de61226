//! `arbius tasks`.

use alloy_primitives::B256;
use arbius_sdk::client::{Contestation, Network, TaskFilter, TaskInfo};
use serde_json::{Value, json};

use crate::show::{self, Side};
use crate::{amount, args, models};

pub(crate) async fn run(args: args::Tasks, json: bool) -> eyre::Result<()> {
    match args.command {
        Some(args::TasksCommand::Show { id, network }) => show_one(id, &network, json).await,
        None => list(args, json).await,
    }
}

async fn list(args: args::Tasks, json: bool) -> eyre::Result<()> {
    let network = Network::connect(&args.network.load()?).await?;
    let model = match &args.model {
        Some(named) => Some(models::choose(&network, Some(named)).await?.id),
        None => None,
    };
    let now = network.chain().head().await?.timestamp;
    let filter = TaskFilter {
        statuses: args.statuses,
        model,
        min_fee: args.min_fee,
        since: args.since.map(|age| now.saturating_sub(age.as_secs())),
        from_block: args.from_block,
        limit: Some(args.limit),
    };
    let tasks = network.tasks(&filter).await?;
    if json {
        let tasks: Vec<_> = tasks
            .iter()
            .map(|task| {
                json!({
                    "id": task.id,
                    "status": show::status(task.status),
                    "model": task.model,
                    "fee": task.fee.to_string(),
                    "owner": task.owner,
                    "submitted": task.time,
                    "block": task.block,
                })
            })
            .collect();
        return show::json(&json!({ "schema": "arbius/tasks/1", "tasks": tasks }));
    }
    if tasks.is_empty() {
        show::line("no such tasks")?;
        return Ok(());
    }
    let rows: Vec<_> = tasks
        .iter()
        .map(|task| {
            vec![
                task.id.to_string(),
                show::status(task.status).to_owned(),
                amount::show_short(task.fee),
                show::from_now(now, task.time),
                show::short(&task.model.to_string()),
                task.owner.to_string(),
            ]
        })
        .collect();
    show::table(
        &[
            ("task", Side::Left),
            ("status", Side::Left),
            ("fee (AIUS)", Side::Right),
            ("submitted", Side::Right),
            ("model", Side::Left),
            ("owner", Side::Left),
        ],
        &rows,
    )?;
    Ok(())
}

async fn show_one(id: B256, network: &args::Network, json: bool) -> eyre::Result<()> {
    let network = Network::connect(&network.load()?).await?;
    let task = network.task(id).await?;
    let contestation = network.contestation(id).await?;
    let now = network.chain().head().await?.timestamp;
    if json {
        return show::json(&object(&task, contestation.as_ref()));
    }
    let mut fields = vec![
        ("task", task.id.to_string()),
        ("status", show::status(task.status).to_owned()),
        ("model", task.model.to_string()),
        ("fee", format!("{} AIUS", amount::show(task.fee))),
        ("owner", task.owner.to_string()),
        ("submitted", show::time(task.time)),
        ("input", task.input.to_string()),
    ];
    if let Some(solution) = &task.solution {
        let after = solution.time.saturating_sub(task.time);
        fields.extend([
            ("solver", solution.solver.to_string()),
            ("output", solution.cid.to_string()),
            (
                "revealed",
                format!("{} ({after} s after submission)", show::time(solution.time)),
            ),
            (
                "contest end",
                format!(
                    "{}, {}",
                    show::time(solution.contest_end),
                    show::from_now(now, solution.contest_end)
                ),
            ),
            (
                "claimed",
                if solution.claimed { "yes" } else { "no" }.to_owned(),
            ),
        ]);
    }
    if let Some(contestation) = &contestation {
        let names = |accounts: &[alloy_primitives::Address]| match accounts {
            [] => "nobody".to_owned(),
            accounts => {
                let accounts: Vec<_> = accounts.iter().map(ToString::to_string).collect();
                accounts.join(", ")
            }
        };
        fields.extend([
            ("contested", show::time(contestation.opened)),
            (
                "vote end",
                format!(
                    "{}, {}",
                    show::time(contestation.vote_end),
                    show::from_now(now, contestation.vote_end)
                ),
            ),
            (
                "at stake",
                format!("{} AIUS a vote", amount::show(contestation.slash)),
            ),
            ("say wrong", names(&contestation.wrong)),
            ("say right", names(&contestation.right)),
        ]);
    }
    show::fields(&fields)?;
    Ok(())
}

fn object(task: &TaskInfo, contestation: Option<&Contestation>) -> Value {
    json!({
        "schema": "arbius/task/1",
        "id": task.id,
        "status": show::status(task.status),
        "model": task.model,
        "fee": task.fee.to_string(),
        "owner": task.owner,
        "submitted": task.time,
        "version": task.version,
        "input": task.input.to_string(),
        "solution": task.solution.as_ref().map(|solution| json!({
            "solver": solution.solver,
            "cid": solution.cid.to_string(),
            "revealed": solution.time,
            "contestEnd": solution.contest_end,
            "claimed": solution.claimed,
        })),
        "contestation": contestation.map(|contestation| json!({
            "opened": contestation.opened,
            "voteEnd": contestation.vote_end,
            "slash": contestation.slash.to_string(),
            "wrong": contestation.wrong,
            "right": contestation.right,
            "settled": contestation.settled,
        })),
    })
}
