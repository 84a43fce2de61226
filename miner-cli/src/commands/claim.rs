//! `arbius claim`.

use alloy_primitives::{B256, U256};
use arbius_sdk::chain::Receipt;
use arbius_sdk::client::Claimable;
use arbius_sdk::contracts::IEngine;
use eyre::bail;
use serde_json::json;

use super::account::Account;
use crate::show::{self, Side};
use crate::{amount, args};

pub(crate) async fn run(args: args::Claim, json: bool) -> eyre::Result<()> {
    let account = Account::open(&args.signing).await?;
    let validator = account.validator();
    let claimable = match args.tasks.is_empty() {
        true => account.network().claimable(validator.address()).await?,
        false => named(&account, &args.tasks).await?,
    };
    let mut claimed = Vec::new();
    let mut gas = 0;
    let mut withdrawn = None;
    if !args.dry_run {
        if !claimable.is_empty() || args.withdraw {
            account.warn_of_miner().await;
        }
        let tasks: Vec<B256> = claimable.iter().map(|found| found.task).collect();
        let engine = account.network().engine();
        for receipt in validator.claim(&tasks).await? {
            gas += receipt.gas_used;
            claimed.extend(read(&receipt, engine));
        }
        if args.withdraw {
            withdrawn = Some(validator.withdraw_earnings().await?);
        }
    }
    if json {
        let found: Vec<_> = claimable
            .iter()
            .map(|found| json!({ "task": found.task, "fee": found.fee.to_string() }))
            .collect();
        let claimed: Vec<_> = claimed
            .iter()
            .map(|(task, fee, reward)| {
                json!({ "task": task, "fee": fee.to_string(), "reward": reward.to_string() })
            })
            .collect();
        return show::json(&json!({
            "schema": "arbius/claim/1",
            "account": validator.address(),
            "claimable": found,
            "claimed": claimed,
            "gas": gas,
            "withdrawn": withdrawn.map(|amount: U256| amount.to_string()),
        }));
    }
    print(&claimable, &claimed, args.dry_run, gas)?;
    if let Some(amount) = withdrawn {
        show::line(format!(
            "took {} AIUS of earnings out",
            amount::show(amount)
        ))?;
    }
    Ok(())
}

/// Tasks that were named, each of which must be claimable. Whose they are does not matter to
/// the engine an hour after the contest end.
async fn named(account: &Account, tasks: &[B256]) -> eyre::Result<Vec<Claimable>> {
    let network = account.network();
    let mut found = Vec::with_capacity(tasks.len());
    for task in tasks {
        let info = network.task(*task).await?;
        let Some(solution) = info.solution else {
            bail!(
                "task {task} has no solution to claim: it is {}",
                show::status(info.status)
            );
        };
        match network.is_claimable(*task, solution.solver).await? {
            Some(claimable) => found.push(claimable),
            None if solution.claimed => bail!("the solution of task {task} is claimed already"),
            None => bail!(
                "the solution of task {task} cannot be claimed: it is {}, and its contest \
                 period ends at {}",
                show::status(info.status),
                show::time(solution.contest_end)
            ),
        }
    }
    Ok(found)
}

/// What a claim brought, by task: the solver's part of fee and reward.
fn read(receipt: &Receipt, engine: alloy_primitives::Address) -> Vec<(B256, U256, U256)> {
    receipt
        .events::<IEngine::SolutionClaimed>(engine)
        .map(|event| {
            let sum = |parts: Vec<U256>| parts.into_iter().fold(U256::ZERO, U256::saturating_add);
            let fees = receipt.events::<IEngine::FeesPaid>(engine);
            let fees = fees.filter(|paid| paid.task == event.task);
            let rewards = receipt.events::<IEngine::RewardsPaid>(engine);
            let rewards = rewards.filter(|paid| paid.task == event.task);
            (
                event.task,
                sum(fees.map(|paid| paid.validatorFee).collect()),
                sum(rewards.map(|paid| paid.validatorReward).collect()),
            )
        })
        .collect()
}

fn print(
    claimable: &[Claimable],
    claimed: &[(B256, U256, U256)],
    dry_run: bool,
    gas: u64,
) -> eyre::Result<()> {
    if claimable.is_empty() {
        show::line("nothing can be claimed now")?;
        return Ok(());
    }
    if dry_run {
        let rows: Vec<_> = claimable
            .iter()
            .map(|found| vec![found.task.to_string(), amount::show(found.fee)])
            .collect();
        show::table(
            &[("claimable task", Side::Left), ("fee (AIUS)", Side::Right)],
            &rows,
        )?;
        return Ok(());
    }
    let rows: Vec<_> = claimed
        .iter()
        .map(|(task, fee, reward)| {
            vec![
                task.to_string(),
                amount::show_short(*fee),
                amount::show_short(*reward),
            ]
        })
        .collect();
    show::table(
        &[
            ("claimed task", Side::Left),
            ("fee (AIUS)", Side::Right),
            ("reward (AIUS)", Side::Right),
        ],
        &rows,
    )?;
    let skipped = claimable.len() - claimed.len().min(claimable.len());
    let skipped = match skipped {
        0 => String::new(),
        count => format!("; the engine skipped {count}"),
    };
    show::line(format!("for {} gas{skipped}", show::thousands(gas)))?;
    Ok(())
}
