//! `arbius contest`.

use arbius_sdk::contracts::{IEngine, TaskStatus};
use arbius_sdk::miner::{Funds, Verdict};
use eyre::bail;
use serde_json::json;

use super::account::Account;
use super::recompute;
use crate::show;
use crate::{amount, args};

pub(crate) async fn run(args: args::Contest, json: bool) -> eyre::Result<()> {
    let account = Account::open(&args.signing).await?;
    let (network, validator) = (account.network(), account.validator());
    let (chain, engine) = (network.chain(), network.engine());
    let solution = recompute::solution_of(network, args.task).await?;
    let status = network.status(args.task).await?;
    if status != TaskStatus::Solved {
        bail!(
            "the solution of task {} cannot be contested: the task is {}; `arbius tasks show` \
             tells more",
            args.task,
            show::status(status)
        );
    }
    if solution.solver == validator.address() {
        bail!("{} cannot contest its own solution", validator.address());
    }
    let slash = chain.read(engine, &IEngine::getSlashAmountCall {}).await?;
    let funds = Funds::of(chain, engine, validator.address()).await?;
    let now = chain.head().await?.timestamp;
    if !json {
        show::fields(&[
            ("task", args.task.to_string()),
            ("solver", solution.solver.to_string()),
            ("output", solution.cid.to_string()),
            (
                "contest end",
                format!(
                    "{}, {}",
                    show::time(solution.contest_end),
                    show::from_now(now, solution.contest_end)
                ),
            ),
            (
                "at stake",
                format!(
                    "{} AIUS of the {} AIUS that {} has free: lost if most voters find the \
                     solution right",
                    amount::show(slash),
                    amount::show(funds.free),
                    validator.address()
                ),
            ),
        ])?;
    }
    let verdict = match args.without_recomputing {
        true => None,
        false => Some(
            recompute::recompute(network, args.task, &solution, &args.bundles, &args.solving)
                .await?,
        ),
    };
    match &verdict {
        Some(Verdict::Wrong { computed }) if !json => {
            show::fields(&[("computed", format!("{computed}, which is another output"))])?;
        }
        Some(Verdict::Right) => bail!(
            "computing task {} again gives the same output, {}: whoever contests it loses {} \
             AIUS to those who vote that it is right",
            args.task,
            solution.cid,
            amount::show(slash)
        ),
        Some(Verdict::Inconclusive { reason, .. }) => bail!(
            "this machine cannot say whether the solution of task {} is right: {reason}",
            args.task
        ),
        _ => {}
    }
    let mut gas = None;
    if !args.dry_run {
        account.warn_of_miner().await;
        gas = Some(validator.contest(args.task).await?.gas_used);
    }
    let vote_end = match gas {
        Some(_) => network
            .contestation(args.task)
            .await?
            .map(|found| found.vote_end),
        None => None,
    };
    if json {
        return show::json(&json!({
            "schema": "arbius/contest/1",
            "task": args.task,
            "account": validator.address(),
            "solver": solution.solver,
            "slash": slash.to_string(),
            "verdict": recompute::object(verdict.as_ref()),
            "contested": gas.is_some(),
            "gas": gas,
            "voteEnd": vote_end,
        }));
    }
    match (gas, vote_end) {
        (Some(gas), Some(end)) => show::line(format!(
            "contested for {} gas; others vote until {}, then `arbius settle {}` pays",
            show::thousands(gas),
            show::time(end),
            args.task
        ))?,
        _ => show::line("nothing was sent")?,
    }
    Ok(())
}
