//! `arbius gov vote`, `queue`, `execute`, `cancel`.

use serde_json::json;

use super::{show::name, words};
use crate::commands::account::warn_of_miner;
use crate::{args, show};

/// What is done with a proposal that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Queue,
    Execute,
    Cancel,
}

pub(super) async fn vote(args: &args::CastVote, json: bool) -> eyre::Result<()> {
    let voter = super::voter(&args.signing).await?;
    let governance = voter.governance();
    let before = governance.proposal(&args.proposal).await?;
    warn_of_miner(&args.signing.folder.path, voter.address()).await;
    let receipt = voter.vote(&before, args.support, &args.reason).await?;
    let proposal = governance.proposal(&before.id.to_string()).await?;
    if json {
        return show::json(&json!({
            "schema": "arbius/gov-vote/1",
            "account": voter.address(),
            "vote": name(args.support),
            "reason": args.reason,
            "gas": receipt.gas_used,
            "proposal": words::proposal_json(&proposal, governance.contracts()),
        }));
    }
    Ok(show::line(format!(
        "voted {}, which took {} gas; so far {} AIUS for, {} against, {} abstain, and the quorum is {}; {}",
        name(args.support),
        show::thousands(receipt.gas_used),
        words::votes(proposal.in_favour),
        words::votes(proposal.against),
        words::votes(proposal.abstain),
        words::votes(proposal.quorum),
        words::next(governance, &proposal).await?
    ))?)
}

pub(super) async fn run(act: Act, args: &args::Act, json: bool) -> eyre::Result<()> {
    let voter = super::voter(&args.signing).await?;
    let governance = voter.governance();
    let before = governance.proposal(&args.proposal).await?;
    warn_of_miner(&args.signing.folder.path, voter.address()).await;
    let (done, schema, receipt) = match act {
        Act::Queue => ("queued", "arbius/gov-queue/1", voter.queue(&before).await?),
        Act::Execute => (
            "executed",
            "arbius/gov-execute/1",
            voter.execute(&before).await?,
        ),
        Act::Cancel => (
            "canceled",
            "arbius/gov-cancel/1",
            voter.cancel(&before).await?,
        ),
    };
    let proposal = governance.proposal(&before.id.to_string()).await?;
    if json {
        return show::json(&json!({
            "schema": schema,
            "account": voter.address(),
            "gas": receipt.gas_used,
            "proposal": words::proposal_json(&proposal, governance.contracts()),
        }));
    }
    Ok(show::line(format!(
        "{done} proposal {} for {} gas; {}",
        proposal.number,
        show::thousands(receipt.gas_used),
        words::next(governance, &proposal).await?
    ))?)
}
