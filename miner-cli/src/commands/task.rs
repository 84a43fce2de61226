//! `arbius task show`.

use alloy_primitives::B256;
use arbius_sdk::client::Network;
use arbius_sdk::contracts::TaskStatus;
use serde_json::json;

use crate::{amount, args, show};

pub(crate) async fn show(id: B256, network: &args::Network, json: bool) -> eyre::Result<()> {
    let network = Network::connect(&network.load()?).await?;
    let task = network.task(id).await?;
    let solution = task.solution.as_ref();
    if json {
        return show::json(&json!({
            "id": task.id,
            "status": status(task.status),
            "model": task.model,
            "fee": task.fee.to_string(),
            "owner": task.owner,
            "submitted": task.time,
            "version": task.version,
            "input": task.input.to_string(),
            "solution": solution.map(|solution| json!({
                "solver": solution.solver,
                "cid": solution.cid.to_string(),
                "revealed": solution.time,
                "contestEnd": solution.contest_end,
                "claimed": solution.claimed,
            })),
        }));
    }
    let mut fields = vec![
        ("task", task.id.to_string()),
        ("status", status(task.status).to_owned()),
        ("model", task.model.to_string()),
        ("fee", format!("{} AIUS", amount::show(task.fee))),
        ("owner", task.owner.to_string()),
        ("submitted", show::time(task.time)),
        ("input", task.input.to_string()),
    ];
    if let Some(solution) = solution {
        let after = solution.time.saturating_sub(task.time);
        fields.extend([
            ("solver", solution.solver.to_string()),
            ("output", solution.cid.to_string()),
            (
                "revealed",
                format!("{} ({after} s after submission)", show::time(solution.time)),
            ),
            ("contest end", show::time(solution.contest_end)),
            (
                "claimed",
                if solution.claimed { "yes" } else { "no" }.to_owned(),
            ),
        ]);
    }
    show::fields(&fields)?;
    Ok(())
}

fn status(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::None => "unknown",
        TaskStatus::Open => "open",
        TaskStatus::Solved => "solved",
        TaskStatus::Contested => "contested",
        TaskStatus::Final => "final",
        TaskStatus::Rejected => "rejected",
        TaskStatus::Retracted => "retracted",
    }
}
