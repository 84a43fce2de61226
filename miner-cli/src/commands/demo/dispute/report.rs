//! The tables, the JSON.

use std::time::Duration;

use alloy_primitives::U256;
use arbius_sdk::contracts::TaskStatus;
use serde_json::{Value, json};

use super::people::People;
use super::scene::{Report, Story};
use crate::amount;
use crate::show::{self, Side, short, thousands};

pub(super) fn print(
    people: &People,
    reports: &[Report],
    took: Duration,
    json: bool,
) -> eyre::Result<()> {
    if json {
        let disputes: Vec<Value> = reports
            .iter()
            .map(|report| describe(people, report))
            .collect();
        return show::json(&json!({ "disputes": disputes, "seconds": took.as_secs_f64() }));
    }
    for report in reports {
        tell(people, report)?;
        show::line("")?;
    }
    show::line(format!(
        "Amounts in AIUS. Each vote locks the slash amount; the losers' locks go to the winners. {:.1} s in all.",
        took.as_secs_f64()
    ))?;
    Ok(())
}

fn tell(people: &People, report: &Report) -> eyre::Result<()> {
    show::line(format!(
        "{}: “{}”, task {}",
        report.story.title(),
        report.prompt,
        short(&report.task.to_string())
    ))?;
    show::line("")?;
    show::fields(&[
        ("revealed", report.revealed.to_string()),
        ("computed again", report.computed.to_string()),
        ("wrong, say", names(&report.wrong)),
        ("right, say", names(&report.right)),
        ("outcome", outcome(report).to_owned()),
        (
            "gas",
            format!(
                "contest {}, a vote {}, settlement {}",
                thousands(report.gas.contest),
                thousands(report.gas.vote),
                thousands(report.gas.settle)
            ),
        ),
    ])?;
    show::line("")?;
    let columns = [
        ("", Side::Left),
        ("part", Side::Left),
        ("stake before", Side::Right),
        ("after", Side::Right),
        ("owed before", Side::Right),
        ("after", Side::Right),
        ("account", Side::Right),
    ];
    show::table(&columns, &rows(people, report))?;
    Ok(())
}

fn rows(people: &People, report: &Report) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (name, part, before, after) in lines(people, report) {
        let stake = |amount: U256| match part {
            "requester" => String::new(),
            _ => amount::show_short(amount),
        };
        rows.push(vec![
            name.to_owned(),
            part.to_owned(),
            stake(before.staked),
            stake(after.staked),
            amount::show_short(before.earnings),
            amount::show_short(after.earnings),
            change(before.balance, after.balance),
        ]);
    }
    rows
}

/// Everybody's name, part, and funds before and after.
fn lines<'a>(
    people: &'a People,
    report: &'a Report,
) -> impl Iterator<
    Item = (
        &'static str,
        &'static str,
        &'a super::people::Funds,
        &'a super::people::Funds,
    ),
> {
    let (mallory, alice) = match report.story {
        Story::CheatingSolver => ("solver", "contester"),
        Story::BadFaithContester => ("contester", "solver"),
    };
    let parts = [mallory, alice, "juror", "juror", "requester"];
    let names = people.validators().map(|person| person.name);
    names
        .into_iter()
        .chain(["Rita"])
        .zip(parts)
        .zip(report.before.iter().zip(&report.after))
        .map(|((name, part), (before, after))| (name, part, before, after))
}

/// What came into an account or went out of it.
fn change(before: U256, after: U256) -> String {
    match (after.checked_sub(before), before.checked_sub(after)) {
        (Some(U256::ZERO), _) => "unchanged".to_owned(),
        (Some(more), _) => format!("+{}", amount::show_short(more)),
        (_, Some(less)) => format!("−{}", amount::show_short(less)),
        (None, None) => String::new(),
    }
}

fn names(names: &[&str]) -> String {
    match names {
        [] => "nobody".to_owned(),
        names => names.join(", "),
    }
}

const fn outcome(report: &Report) -> &'static str {
    match report.outcome {
        TaskStatus::Rejected => "the solution is rejected, the fee is owed to the requester again",
        TaskStatus::Final => "the solution stands, fee and reward are paid",
        _ => "not settled",
    }
}

fn describe(people: &People, report: &Report) -> Value {
    let accounts: Vec<Value> = lines(people, report)
        .map(|(name, part, before, after)| {
            json!({ "name": name, "part": part, "before": before, "after": after })
        })
        .collect();
    json!({
        "story": match report.story {
            Story::CheatingSolver => "cheatingSolver",
            Story::BadFaithContester => "badFaithContester",
        },
        "task": report.task,
        "prompt": report.prompt,
        "revealed": report.revealed.to_string(),
        "computed": report.computed.to_string(),
        "outcome": match report.outcome {
            TaskStatus::Rejected => "rejected",
            TaskStatus::Final => "final",
            _ => "unsettled",
        },
        "wrong": report.wrong,
        "right": report.right,
        "slash": report.slash.to_string(),
        "fee": report.fee.to_string(),
        "accounts": accounts,
        "gas": {
            "contest": report.gas.contest,
            "vote": report.gas.vote,
            "settle": report.gas.settle,
        },
    })
}
