//! `arbius jobs`.

use std::path::Path;

use alloy_primitives::B256;
use arbius_sdk::content::cids;
use arbius_sdk::miner::{AskError, Job, JobFilter, MonitorClient};
use eyre::eyre;
use serde_json::{Value, json};

use crate::show::{self, Side};
use crate::{amount, args};

pub(crate) async fn run(args: args::Jobs, json: bool) -> eyre::Result<()> {
    let (folder, task) = match args.command {
        Some(args::JobsCommand::Show { task, folder }) => (folder, Some(task)),
        None => (args.folder, args.task),
    };
    let folder = &folder.path;
    if let Some(task) = task {
        let job = one(folder, task).await?;
        let job = job.ok_or_else(|| {
            eyre!(
                "{} has no job for task {task}; it may be forgotten, or the model is not mined",
                folder.display()
            )
        })?;
        return print_one(&job, json);
    }
    let since = args.since.map(|age| {
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        show::now_millis().saturating_sub(age)
    });
    let filter = JobFilter {
        states: args.states,
        model: args.model,
        since,
        limit: Some(args.limit.into()),
    };
    let jobs = list(folder, &filter).await?;
    if json {
        let jobs: Vec<_> = jobs.iter().map(object).collect();
        return show::json(&json!({ "schema": "arbius/jobs/1", "jobs": jobs }));
    }
    if jobs.is_empty() {
        show::line("no such jobs")?;
        return Ok(());
    }
    let now = show::now_millis() / 1000;
    let rows: Vec<_> = jobs
        .iter()
        .map(|job| {
            let seen = job.history.first().map_or(0, |(_, at)| at / 1000);
            vec![
                job.task.to_string(),
                job.state.to_string(),
                show::from_now(now, seen),
                amount::show_short(job.fee),
                amount::show_short(job.earned.fee.saturating_add(job.earned.reward)),
                show::thousands(job.gas.total()),
                job.note.clone().unwrap_or_default(),
            ]
        })
        .collect();
    show::table(
        &[
            ("task", Side::Left),
            ("state", Side::Left),
            ("seen", Side::Right),
            ("fee", Side::Right),
            ("earned", Side::Right),
            ("gas", Side::Right),
            ("note", Side::Left),
        ],
        &rows,
    )?;
    Ok(())
}

async fn list(folder: &Path, filter: &JobFilter) -> eyre::Result<Vec<Job>> {
    if let Some(monitor) = MonitorClient::find(folder)? {
        match monitor.jobs(filter).await {
            Err(AskError::Gone { .. }) => {}
            other => return Ok(other?),
        }
    }
    Ok(super::store_of(folder)?.jobs(filter)?)
}

async fn one(folder: &Path, task: B256) -> eyre::Result<Option<Job>> {
    if let Some(monitor) = MonitorClient::find(folder)? {
        match monitor.job(task).await {
            Err(AskError::Gone { .. }) => {}
            other => return Ok(other?),
        }
    }
    Ok(super::store_of(folder)?.job(task)?)
}

fn output(job: &Job) -> Option<String> {
    let cid = cids::from_onchain(job.cid.as_deref()?).ok()?;
    Some(cid.to_string())
}

fn object(job: &Job) -> Value {
    let history: Vec<_> = job
        .history
        .iter()
        .map(|(state, at)| json!({ "state": state.name(), "at": at }))
        .collect();
    json!({
        "task": job.task,
        "model": job.model,
        "state": job.state.name(),
        "note": job.note,
        "fee": job.fee.to_string(),
        "block": job.block,
        "cid": output(job),
        "winner": job.winner,
        "contestEnd": job.contest_end,
        "gas": { "commit": job.gas.commit, "reveal": job.gas.reveal, "claim": job.gas.claim },
        "earned": {
            "fee": job.earned.fee.to_string(),
            "reward": job.earned.reward.to_string(),
        },
        "attempts": job.attempts,
        "history": history,
    })
}

fn print_one(job: &Job, json: bool) -> eyre::Result<()> {
    if json {
        let mut object = object(job);
        object["schema"] = json!("arbius/job/1");
        object["input"] = json!(String::from_utf8_lossy(&job.input));
        return show::json(&object);
    }
    let mut fields = vec![
        ("task", job.task.to_string()),
        ("state", job.state.to_string()),
    ];
    fields.extend(job.note.clone().map(|note| ("note", note)));
    fields.extend([
        ("model", job.model.to_string()),
        ("fee", format!("{} AIUS", amount::show(job.fee))),
        ("block", show::thousands(job.block)),
        ("input", String::from_utf8_lossy(&job.input).into_owned()),
    ]);
    fields.extend(output(job).map(|cid| ("output", cid)));
    fields.extend(job.winner.map(|winner| ("winner", winner.to_string())));
    fields.extend(job.contest_end.map(|end| {
        let now = show::now_millis() / 1000;
        (
            "contest end",
            format!("{}, {}", show::time(end), show::from_now(now, end)),
        )
    }));
    fields.push((
        "gas",
        format!(
            "{} to commit, {} to reveal, {} to claim",
            show::thousands(job.gas.commit),
            show::thousands(job.gas.reveal),
            show::thousands(job.gas.claim)
        ),
    ));
    fields.push((
        "earned",
        format!(
            "fee {} AIUS, reward {} AIUS",
            amount::show(job.earned.fee),
            amount::show(job.earned.reward)
        ),
    ));
    if job.attempts > 0 {
        fields.push(("failed", format!("{} times at this step", job.attempts)));
    }
    show::fields(&fields)?;
    show::line("")?;
    let mut before = None;
    let rows: Vec<_> = job
        .history
        .iter()
        .map(|(state, at)| {
            let took = before.map_or_else(String::new, |before: u64| {
                format!("{:.3} s", at.saturating_sub(before) as f64 / 1000.0)
            });
            before = Some(*at);
            vec![state.to_string(), show::time(at / 1000), took]
        })
        .collect();
    show::table(
        &[
            ("state", Side::Left),
            ("reached", Side::Left),
            ("after", Side::Right),
        ],
        &rows,
    )?;
    Ok(())
}
