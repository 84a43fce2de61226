//! Computing a task again before money is put on it.

use std::path::PathBuf;

use arbius_sdk::client::{Network, Solution};
use arbius_sdk::miner::{self, Verdict};
use eyre::{bail, eyre};
use serde_json::{Value, json};

use crate::{args, models, solver};

/// Computes a task again, after this machine has made the golden outputs of its model, and
/// compares the outcome with its solution.
pub(super) async fn recompute(
    network: &Network,
    task: alloy_primitives::B256,
    solution: &Solution,
    folders: &[PathBuf],
    solving: &args::Solving,
) -> eyre::Result<Verdict> {
    let submission = network.submission(task).await?;
    let model = network.model(submission.model).await?;
    let bundle = models::bundles(folders)?
        .into_iter()
        .find(|(bundle, _)| models::is_of(bundle, &model))
        .map(|(bundle, _)| bundle)
        .ok_or_else(|| {
            eyre!(
                "there is no bundle here for model {}, whose template is {}; name its folder \
                 with --bundle",
                model.id,
                model.template
            )
        })?;
    let solvers = solver::once(solving, model.id, &bundle).await?;
    Ok(miner::recompute(&solvers, &bundle, &submission, &solution.cid).await)
}

/// The solution of a task, which must have one.
pub(super) async fn solution_of(
    network: &Network,
    task: alloy_primitives::B256,
) -> eyre::Result<Solution> {
    match network.task(task).await?.solution {
        Some(solution) => Ok(solution),
        None => bail!("task {task} has no solution; there is nothing to contest or to vote on"),
    }
}

/// A verdict as JSON.
pub(super) fn object(verdict: Option<&Verdict>) -> Value {
    match verdict {
        None => Value::Null,
        Some(Verdict::Right) => json!({ "finding": "right" }),
        Some(Verdict::Wrong { computed }) => {
            json!({ "finding": "wrong", "computed": computed.to_string() })
        }
        Some(Verdict::Inconclusive { blame, reason }) => {
            json!({ "finding": "inconclusive", "blame": blame.name(), "reason": reason })
        }
    }
}
