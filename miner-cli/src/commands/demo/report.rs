//! The pictures, the table, the JSON.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use arbius_sdk::client::{Network, Outputs};
use arbius_sdk::content::{FetchLimits, Fetcher};
use arbius_sdk::miner::State;
use arbius_testkit::TestChain;
use eyre::{WrapErr as _, bail, eyre};
use serde::Serialize;
use serde_json::json;

use super::Progress;
use super::network::RunningMiner;
use super::tasks::{Asked, Solved};
use crate::amount;
use crate::show::{self, Side, short, thousands};

/// What became of one task.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    id: B256,
    prompt: String,
    /// Whether a contract submitted it.
    by_contract: bool,
    /// The solver, as the chain names it.
    winner: Address,
    /// The directory of outputs.
    cid: String,
    /// The picture.
    file: PathBuf,
    /// What the task paid, wei of AIUS.
    fee: String,
    /// What the solver got of the emission, wei of AIUS.
    reward: String,
    gas: Gas,
    /// From submission to reveal.
    seconds: f64,
    #[serde(skip)]
    row: Row,
}

/// What the table shows in another form than the JSON.
#[derive(Debug)]
struct Row {
    miner: String,
    fee: U256,
    reward: U256,
}

/// Gas of each step.
#[derive(Debug, Serialize)]
struct Gas {
    submit: u64,
    commit: u64,
    reveal: u64,
    claim: u64,
}

/// Fetches every picture from the miners' gateways, checks it against the CID on the chain,
/// and writes it into `out`.
pub(super) async fn collect(
    chain: &TestChain,
    miners: &[RunningMiner],
    asked: &[Asked],
    solved: &[Solved],
    out: &Path,
    progress: &Progress,
) -> eyre::Result<Vec<Report>> {
    let stage = progress.stage("fetching the pictures from the miners' gateways");
    let gateways = miners.iter().map(|miner| miner.gateway.as_str());
    let fetcher = Fetcher::new(gateways, FetchLimits::default())?;
    let network = Network::new(chain.chain().clone(), chain.deployment())?;
    let mut reports = Vec::with_capacity(asked.len());
    for (number, (task, Solved { miner, job })) in asked.iter().zip(solved).enumerate() {
        let solution = network.solution(task.id).await?;
        let solution = solution.ok_or_else(|| eyre!("task {} has no solution", task.id))?;
        let outputs = Outputs::fetch(&fetcher, solution.cid).await?;
        let [picture] = outputs.files.as_slice() else {
            bail!(
                "task {} has {} outputs instead of one picture",
                task.id,
                outputs.files.len()
            );
        };
        let file = out.join(format!("{}-{}.png", number + 1, file_name(&task.prompt)));
        fs::write(&file, &picture.bytes)
            .wrap_err_with(|| format!("cannot write {}", file.display()))?;
        let revealed = job.reached_at(State::Revealed).unwrap_or(task.at);
        reports.push(Report {
            id: task.id,
            prompt: task.prompt.clone(),
            by_contract: task.by_contract,
            winner: solution.solver,
            cid: solution.cid.to_string(),
            file,
            fee: task.fee.to_string(),
            reward: job.earned.reward.to_string(),
            gas: Gas {
                submit: task.gas,
                commit: job.gas.commit,
                reveal: job.gas.reveal,
                claim: job.gas.claim,
            },
            seconds: Duration::from_millis(revealed.saturating_sub(task.at)).as_secs_f64(),
            row: Row {
                miner: miners[*miner].name.clone(),
                fee: task.fee,
                reward: job.earned.reward,
            },
        });
    }
    stage.done("every picture came through a gateway and hashes to its CID on the chain");
    Ok(reports)
}

/// The words of a prompt as a file's name.
fn file_name(prompt: &str) -> String {
    let words = prompt
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase);
    let name = words.collect::<Vec<_>>().join("-");
    match name
        .chars()
        .take(40)
        .collect::<String>()
        .trim_end_matches('-')
    {
        "" => "picture".to_owned(),
        name => name.to_owned(),
    }
}

pub(super) fn print(reports: &[Report], took: Duration, json: bool) -> eyre::Result<()> {
    if json {
        return show::json(&json!({ "tasks": reports, "seconds": took.as_secs_f64() }));
    }
    let rows: Vec<Vec<String>> = reports.iter().map(row).collect();
    show::table(
        &[
            ("task", Side::Left),
            ("prompt", Side::Left),
            ("winner", Side::Left),
            ("fee", Side::Right),
            ("reward", Side::Right),
            ("CID", Side::Left),
            ("submit gas", Side::Right),
            ("commit", Side::Right),
            ("reveal", Side::Right),
            ("claim", Side::Right),
            ("seconds", Side::Right),
        ],
        &rows,
    )?;
    show::line("")?;
    for report in reports {
        show::line(format!("{}  {}", report.cid, report.file.display()))?;
    }
    show::line("")?;
    show::line(format!(
        "Fees and rewards in AIUS; seconds from submission to reveal; {:.1} s in all.{}",
        took.as_secs_f64(),
        if reports.iter().any(|report| report.by_contract) {
            " *submitted by a contract."
        } else {
            ""
        }
    ))?;
    Ok(())
}

fn row(report: &Report) -> Vec<String> {
    let Row { miner, fee, reward } = &report.row;
    let gas = &report.gas;
    let mark = if report.by_contract { "*" } else { "" };
    vec![
        short(&report.id.to_string()),
        format!("{}{mark}", report.prompt),
        miner.clone(),
        amount::show_short(*fee),
        amount::show_short(*reward),
        short(&report.cid),
        thousands(gas.submit),
        thousands(gas.commit),
        thousands(gas.reveal),
        thousands(gas.claim),
        format!("{:.1}", report.seconds),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_prompt_gives_the_name_of_a_file() {
        assert_eq!(
            file_name("the number three, please"),
            "the-number-three-please"
        );
        assert_eq!(file_name("../../etc/passwd"), "etc-passwd");
        assert_eq!(file_name("数字"), "picture");
        assert!(file_name(&"seven ".repeat(100)).len() <= 40);
    }
}
