//! `arbius gov show`.

use arbius_sdk::gov::Support;
use serde_json::{Value, json};

use super::words;
use crate::args;
use crate::show::{self, Side};

pub(super) async fn run(args: &args::Show, json: bool) -> eyre::Result<()> {
    let governance = super::open(&args.network).await?;
    let proposal = governance.proposal(&args.proposal).await?;
    let votes = governance.votes(&proposal).await?;
    let contracts = governance.contracts();
    if json {
        let mut object = words::proposal_json(&proposal, contracts);
        let votes: Vec<Value> = votes
            .iter()
            .map(|vote| {
                json!({
                    "voter": vote.voter,
                    "vote": name(vote.support),
                    "weight": vote.weight.to_string(),
                    "reason": vote.reason,
                    "block": vote.block,
                })
            })
            .collect();
        object["schema"] = "arbius/gov-proposal/1".into();
        object["votes"] = votes.into();
        return show::json(&object);
    }
    let now = governance.now().await?;
    let quorum = match proposal.has_quorum() {
        true => "reached",
        false => "not reached",
    };
    let mut fields = vec![
        (
            "proposal",
            format!("{} ({:#x})", proposal.number, proposal.id),
        ),
        ("state", proposal.state_name().to_owned()),
        ("next", words::next(&governance, &proposal).await?),
        ("proposer", proposal.proposer.to_string()),
        ("vote begins", words::time(now, proposal.vote_start + 1)),
        ("vote ends", words::time(now, proposal.vote_end)),
    ];
    fields.extend(
        proposal
            .eta
            .map(|eta| ("timelock ends", words::time(now, eta))),
    );
    fields.extend([
        ("for", format!("{} AIUS", words::votes(proposal.in_favour))),
        (
            "against",
            format!("{} AIUS", words::votes(proposal.against)),
        ),
        (
            "abstain",
            format!("{} AIUS", words::votes(proposal.abstain)),
        ),
        (
            "quorum",
            format!("{} AIUS, {quorum}", words::votes(proposal.quorum)),
        ),
        ("description", proposal.cid.to_string()),
    ]);
    show::fields(&fields)?;
    show::line("")?;
    show::text(&proposal.description)?;
    show::line("")?;
    for (index, action) in proposal.actions.iter().enumerate() {
        for line in words::action(index + 1, action, &action.decode(contracts)) {
            show::text(&line)?;
        }
    }
    if votes.is_empty() {
        return Ok(());
    }
    show::line("")?;
    let rows: Vec<_> = votes
        .iter()
        .map(|vote| {
            vec![
                vote.voter.to_string(),
                name(vote.support).to_owned(),
                words::votes(vote.weight),
                vote.reason.clone(),
            ]
        })
        .collect();
    let columns = [
        ("voter", Side::Left),
        ("vote", Side::Left),
        ("AIUS", Side::Right),
        ("reason", Side::Left),
    ];
    Ok(show::table(&columns, &rows)?)
}

/// A vote in a word.
pub(super) const fn name(support: Support) -> &'static str {
    match support {
        Support::Against => "against",
        Support::For => "for",
        Support::Abstain => "abstain",
    }
}
