//! `arbius settle`.

use arbius_sdk::contracts::TaskStatus;
use eyre::{bail, eyre};
use serde_json::json;

use super::account::Account;
use crate::{args, show};

pub(crate) async fn run(args: args::Settle, json: bool) -> eyre::Result<()> {
    let account = Account::open(&args.signing).await?;
    let (network, validator) = (account.network(), account.validator());
    let contestation = network.contestation(args.task).await?;
    let contestation =
        contestation.ok_or_else(|| eyre!("the solution of task {} is not contested", args.task))?;
    let status = network.status(args.task).await?;
    let now = network.chain().head().await?.timestamp;
    if status == TaskStatus::Contested && contestation.vote_end >= now {
        bail!(
            "the vote on task {} ends at {}, {}",
            args.task,
            show::time(contestation.vote_end),
            show::from_now(now, contestation.vote_end)
        );
    }
    account.warn_of_miner().await;
    let receipts = validator.settle(args.task).await?;
    let gas: u64 = receipts.iter().map(|receipt| receipt.gas_used).sum();
    let status = network.status(args.task).await?;
    if json {
        return show::json(&json!({
            "schema": "arbius/settle/1",
            "task": args.task,
            "status": show::status(status),
            "transactions": receipts.len(),
            "gas": gas,
        }));
    }
    let outcome = match status {
        TaskStatus::Rejected => "the solution was voted down and the fee went back",
        TaskStatus::Final => "the solution stands",
        _ => "the contestation is not over yet",
    };
    match receipts.len() {
        0 => show::line(format!("it was settled before: {outcome}"))?,
        count => show::line(format!(
            "settled in {count} transaction{} for {} gas: {outcome}",
            if count == 1 { "" } else { "s" },
            show::thousands(gas)
        ))?,
    }
    Ok(())
}
