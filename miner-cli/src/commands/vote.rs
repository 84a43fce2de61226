//! `arbius vote`.

use arbius_sdk::client::Vote;
use arbius_sdk::miner::Verdict;
use eyre::{bail, eyre};
use serde_json::json;

use super::account::Account;
use super::recompute;
use crate::show;
use crate::{amount, args};

pub(crate) async fn run(args: args::Vote, json: bool) -> eyre::Result<()> {
    let account = Account::open(&args.signing).await?;
    let (network, validator) = (account.network(), account.validator());
    let solution = recompute::solution_of(network, args.task).await?;
    let contestation = network.contestation(args.task).await?;
    let contestation =
        contestation.ok_or_else(|| eyre!("the solution of task {} is not contested", args.task))?;
    if let Some(reason) = validator.vote_refusal(args.task).await? {
        bail!(
            "{} may not vote on task {}: {reason}",
            validator.address(),
            args.task
        );
    }
    let mut verdict = None;
    let vote = match args.side {
        Some(side) => side,
        None => {
            let found =
                recompute::recompute(network, args.task, &solution, &args.bundles, &args.solving)
                    .await?;
            let vote = match &found {
                Verdict::Right => Vote::Right,
                Verdict::Wrong { .. } => Vote::Wrong,
                Verdict::Inconclusive { reason, .. } => bail!(
                    "this machine cannot say whether the solution of task {} is right: {reason}; \
                     nothing was voted",
                    args.task
                ),
            };
            verdict = Some(found);
            vote
        }
    };
    account.warn_of_miner().await;
    let receipt = validator.vote(args.task, vote).await?;
    let word = match vote {
        Vote::Wrong => "yes",
        Vote::Right => "no",
    };
    // A late vote moves the end.
    let contestation = network
        .contestation(args.task)
        .await?
        .unwrap_or(contestation);
    if json {
        return show::json(&json!({
            "schema": "arbius/vote/1",
            "task": args.task,
            "account": validator.address(),
            "vote": word,
            "slash": contestation.slash.to_string(),
            "verdict": recompute::object(verdict.as_ref()),
            "gas": receipt.gas_used,
            "wrong": contestation.wrong.len(),
            "right": contestation.right.len(),
            "voteEnd": contestation.vote_end,
        }));
    }
    show::line(format!(
        "voted {word} ({}) with {} AIUS at stake, for {} gas; so far {} say wrong and {} say \
         right, until {}",
        match vote {
            Vote::Wrong => "the solution is wrong",
            Vote::Right => "the solution is right",
        },
        amount::show(contestation.slash),
        show::thousands(receipt.gas_used),
        contestation.wrong.len(),
        contestation.right.len(),
        show::time(contestation.vote_end)
    ))?;
    Ok(())
}
