//! Proposals in words and as JSON.

use alloy_primitives::U256;
use arbius_sdk::gov::{Action, Contracts, Decoded, Governance, Proposal};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use crate::{amount, show};

/// A time as it is here and in UTC, and how far off it is.
pub(super) fn time(now: u64, then: u64) -> String {
    let utc = show::time(then);
    let away = show::from_now(now, then);
    match local(then) {
        Some(local) => format!("{local}, {utc} ({away})"),
        None => format!("{utc} ({away})"),
    }
}

/// A time as clocks here show it, where that is not UTC anyhow.
fn local(seconds: u64) -> Option<String> {
    let time = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    let here = time.to_zoned(TimeZone::system());
    (here.offset().seconds() != 0).then(|| here.strftime("%Y-%m-%d %H:%M:%S %Z").to_string())
}

/// What an action does: a line, and a line for each argument.
pub(super) fn action(number: usize, action: &Action, decoded: &Decoded) -> Vec<String> {
    let target = match &decoded.contract {
        Some(name) => format!("{name} ({})", action.target),
        None => action.target.to_string(),
    };
    let ether = match action.value.is_zero() {
        true => String::new(),
        false => format!(", with {} ether", amount::show(action.value)),
    };
    let call = match &decoded.function {
        Some(function) => format!("{target}: {function}{ether}"),
        None if action.data.is_empty() => {
            format!("{target}: {} ether", amount::show(action.value))
        }
        None => format!(
            "{target}: an unknown function{ether}, with the data {}",
            action.data
        ),
    };
    let mut lines = vec![format!("{number}. {call}")];
    lines.extend(decoded.arguments.iter().map(|argument| {
        let name = match argument.name.as_str() {
            "" => &argument.kind,
            name => name,
        };
        format!("     {name} = {}", argument.value)
    }));
    lines
}

/// An action as JSON.
pub(super) fn action_json(action: &Action, decoded: &Decoded) -> Value {
    let arguments: Vec<_> = decoded
        .arguments
        .iter()
        .map(|argument| {
            json!({ "name": argument.name, "type": argument.kind, "value": argument.value })
        })
        .collect();
    json!({
        "target": action.target,
        "contract": decoded.contract,
        "value": action.value.to_string(),
        "data": action.data,
        "function": decoded.function,
        "arguments": arguments,
    })
}

/// A proposal as JSON.
pub(super) fn proposal_json(proposal: &Proposal, contracts: &Contracts) -> Value {
    let actions: Vec<_> = proposal
        .actions
        .iter()
        .map(|action| action_json(action, &action.decode(contracts)))
        .collect();
    json!({
        "number": proposal.number,
        "id": proposal.id.to_string(),
        "state": proposal.state_name(),
        "title": proposal.title(),
        "description": proposal.description,
        "cid": proposal.cid.to_string(),
        "proposer": proposal.proposer,
        "block": proposal.block,
        "voteStart": proposal.vote_start,
        "voteEnd": proposal.vote_end,
        "eta": proposal.eta,
        "for": proposal.in_favour.to_string(),
        "against": proposal.against.to_string(),
        "abstain": proposal.abstain.to_string(),
        "quorum": proposal.quorum.to_string(),
        "quorumReached": proposal.has_quorum(),
        "actions": actions,
    })
}

/// What comes next for a proposal, and when.
pub(super) async fn next(governance: &Governance, proposal: &Proposal) -> eyre::Result<String> {
    let now = governance.now().await?;
    Ok(match proposal.state_name() {
        "pending" => format!("the vote begins {}", time(now, proposal.vote_start + 1)),
        "active" => format!("the vote ends {}", time(now, proposal.vote_end)),
        "succeeded" => format!("anyone may queue it: arbius gov queue {}", proposal.number),
        "queued" => match proposal.eta {
            Some(eta) if eta > now => format!("it can be executed from {} on", time(now, eta)),
            _ => format!(
                "anyone may execute it: arbius gov execute {}",
                proposal.number
            ),
        },
        _ => "it is over".to_owned(),
    })
}

/// Votes as AIUS.
pub(super) fn votes(wei: U256) -> String {
    amount::show_short(wei)
}
