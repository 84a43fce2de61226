//! `arbius gov list`.

use serde_json::{Value, json};

use super::words;
use crate::args;
use crate::show::{self, Side};

pub(super) async fn run(args: &args::List, json: bool) -> eyre::Result<()> {
    let governance = super::open(&args.network).await?;
    let mut proposals = governance.proposals().await?;
    proposals.reverse();
    proposals.retain(|proposal| args.states.is_empty() || args.states.contains(&proposal.state));
    proposals.truncate(args.limit);
    if json {
        let proposals: Vec<Value> = proposals
            .iter()
            .map(|proposal| words::proposal_json(proposal, governance.contracts()))
            .collect();
        return show::json(&json!({ "schema": "arbius/gov-list/1", "proposals": proposals }));
    }
    if proposals.is_empty() {
        return Ok(show::line("no such proposals")?);
    }
    let now = governance.now().await?;
    let rows: Vec<_> = proposals
        .iter()
        .map(|proposal| {
            vec![
                proposal.number.to_string(),
                proposal.state_name().to_owned(),
                words::votes(proposal.in_favour),
                words::votes(proposal.against),
                words::votes(proposal.abstain),
                words::votes(proposal.quorum),
                show::from_now(now, proposal.vote_end),
                show::short(&format!("{:#x}", proposal.id)),
                proposal.title().chars().take(60).collect(),
            ]
        })
        .collect();
    let columns = [
        ("", Side::Right),
        ("state", Side::Left),
        ("for", Side::Right),
        ("against", Side::Right),
        ("abstain", Side::Right),
        ("quorum", Side::Right),
        ("vote ends", Side::Right),
        ("id", Side::Left),
        ("title", Side::Left),
    ];
    Ok(show::table(&columns, &rows)?)
}
