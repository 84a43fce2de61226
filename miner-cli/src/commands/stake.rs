//! `arbius stake`.

use alloy_primitives::U256;
use arbius_sdk::client::{Validator, Withdrawal};
use arbius_sdk::contracts::IEngine;
use arbius_sdk::miner::Funds;
use eyre::bail;
use serde_json::json;

use super::account::Account;
use crate::args::{self, StakeCommand as Command};
use crate::{amount, show};

pub(crate) async fn run(args: args::Stake, json: bool) -> eyre::Result<()> {
    let command = args.command.unwrap_or(Command::Show {
        signing: args.signing,
    });
    let (Command::Show { signing }
    | Command::Deposit { signing, .. }
    | Command::Withdraw { signing, .. }
    | Command::Cancel { signing, .. }
    | Command::Take { signing, .. }) = &command;
    let account = Account::open(signing).await?;
    let validator = account.validator();
    let mut done = Vec::new();
    if !matches!(command, Command::Show { .. }) {
        account.warn_of_miner().await;
        act(&validator, command, &mut done).await?;
    }
    print(&validator, &done, json).await
}

/// Does it, and notes it in words.
async fn act(validator: &Validator, command: Command, done: &mut Vec<String>) -> eyre::Result<()> {
    match command {
        Command::Show { .. } => {}
        Command::Deposit { amount, .. } => {
            let funds =
                Funds::of(validator.chain(), validator.engine(), validator.address()).await?;
            if amount.is_zero() {
                bail!("nothing to deposit: name an amount above 0");
            }
            if funds.aius < amount {
                bail!(
                    "{} holds {} AIUS; it cannot deposit {}",
                    validator.address(),
                    amount::show(funds.aius),
                    amount::show(amount)
                );
            }
            validator.deposit(amount).await?;
            done.push(format!("deposited {} AIUS", amount::show(amount)));
        }
        Command::Withdraw { amount, .. } => {
            let funds =
                Funds::of(validator.chain(), validator.engine(), validator.address()).await?;
            if amount.is_zero() || amount > funds.free {
                bail!(
                    "{} has {} AIUS of free stake; withdraw more than 0 and no more than that",
                    validator.address(),
                    amount::show(funds.free)
                );
            }
            validator.announce_withdrawal(amount).await?;
            done.push(format!(
                "announced to withdraw {} AIUS",
                amount::show(amount)
            ));
        }
        Command::Cancel { number, .. } => {
            find(validator, number).await?;
            validator.cancel_withdrawal(number).await?;
            done.push(format!("cancelled withdrawal {number}"));
        }
        Command::Take { number, .. } => {
            let now = validator.chain().head().await?.timestamp;
            let withdrawals = match number {
                Some(number) => vec![find(validator, number).await?],
                None => pending(validator).await?,
            };
            for withdrawal in withdrawals {
                if withdrawal.unlock < now {
                    validator.take_withdrawal(withdrawal.number).await?;
                    done.push(format!(
                        "took withdrawal {} of {} AIUS",
                        withdrawal.number,
                        amount::show(withdrawal.amount)
                    ));
                } else if number.is_some() {
                    bail!(
                        "withdrawal {} can be taken {} ({})",
                        withdrawal.number,
                        show::from_now(now, withdrawal.unlock),
                        show::time(withdrawal.unlock)
                    );
                }
            }
            if done.is_empty() {
                bail!(
                    "nothing can be taken now; `arbius stake` shows what is announced, and until when it waits"
                );
            }
        }
    }
    Ok(())
}

async fn pending(validator: &Validator) -> eyre::Result<Vec<Withdrawal>> {
    Ok(Withdrawal::of(validator.chain(), validator.engine(), validator.address()).await?)
}

async fn find(validator: &Validator, number: u64) -> eyre::Result<Withdrawal> {
    let pending = pending(validator).await?;
    let numbers: Vec<_> = pending
        .iter()
        .map(|found| found.number.to_string())
        .collect();
    match pending.into_iter().find(|found| found.number == number) {
        Some(withdrawal) => Ok(withdrawal),
        None if numbers.is_empty() => bail!("no withdrawal is announced"),
        None => bail!(
            "there is no withdrawal {number}; announced are {}",
            numbers.join(", ")
        ),
    }
}

async fn print(validator: &Validator, done: &[String], json: bool) -> eyre::Result<()> {
    let (chain, engine, account) = (validator.chain(), validator.engine(), validator.address());
    let funds = Funds::of(chain, engine, account).await?;
    let stake = validator.stake().await?;
    let withdrawals = pending(validator).await?;
    let call = IEngine::exitValidatorMinUnlockTimeCall {};
    let wait: U256 = chain.read(engine, &call).await?;
    let wait: u64 = wait.saturating_to();
    let now = chain.head().await?.timestamp;
    if json {
        let withdrawals: Vec<_> = withdrawals
            .iter()
            .map(|withdrawal| {
                json!({
                    "number": withdrawal.number,
                    "amount": withdrawal.amount.to_string(),
                    "unlock": withdrawal.unlock,
                    "secondsLeft": withdrawal.unlock.saturating_sub(now),
                })
            })
            .collect();
        return show::json(&json!({
            "schema": "arbius/stake/1",
            "account": account,
            "done": done,
            "staked": funds.staked.to_string(),
            "free": funds.free.to_string(),
            "withdrawing": funds.withdrawing.to_string(),
            "minimum": funds.minimum.to_string(),
            "validatorSince": stake.since,
            "balance": funds.aius.to_string(),
            "exitWait": wait,
            "withdrawals": withdrawals,
        }));
    }
    for line in done {
        show::line(line)?;
    }
    let since = match stake.since {
        0 => "no: its free stake has not reached the minimum".to_owned(),
        since => format!(
            "since {}, for {}",
            show::time(since),
            show::duration(now.saturating_sub(since))
        ),
    };
    let mut fields = vec![
        ("account", account.to_string()),
        ("staked", format!("{} AIUS", amount::show(funds.staked))),
        ("free", format!("{} AIUS", amount::show(funds.free))),
        ("minimum", format!("{} AIUS", amount::show(funds.minimum))),
        ("validator", since),
        ("holds", format!("{} AIUS", amount::show(funds.aius))),
        (
            "exit",
            format!(
                "a withdrawal can be taken {} ({wait} s) after it is announced",
                show::duration(wait)
            ),
        ),
    ];
    for withdrawal in &withdrawals {
        let left = withdrawal.unlock.saturating_sub(now);
        let when = match left {
            0 => "can be taken now".to_owned(),
            left => format!(
                "{} ({left} s) left, until {}",
                show::duration(left),
                show::time(withdrawal.unlock)
            ),
        };
        fields.push((
            "withdrawal",
            format!(
                "{}: {} AIUS, {when}",
                withdrawal.number,
                amount::show(withdrawal.amount)
            ),
        ));
    }
    show::fields(&fields)?;
    Ok(())
}
