//! `arbius gov delegate`.

use serde_json::json;

use super::words;
use crate::args::{self, Delegatee};
use crate::commands::account::warn_of_miner;
use crate::show;

pub(super) async fn run(args: &args::Delegate, json: bool) -> eyre::Result<()> {
    let voter = super::voter(&args.signing).await?;
    let to = args.to.map(|to| match to {
        Delegatee::Own => voter.address(),
        Delegatee::Other(account) => account,
    });
    let receipt = match to {
        None => None,
        Some(account) => {
            warn_of_miner(&args.signing.folder.path, voter.address()).await;
            Some(voter.delegate(account).await?)
        }
    };
    let power = voter.power().await?;
    if json {
        return show::json(&json!({
            "schema": "arbius/gov-delegate/1",
            "account": voter.address(),
            "balance": power.balance.to_string(),
            "delegate": power.delegate,
            "votes": power.votes.to_string(),
            "gas": receipt.map(|receipt| receipt.gas_used),
        }));
    }
    let delegate = match power.delegate {
        nobody if nobody.is_zero() => "nobody: what it holds counts in no vote".to_owned(),
        own if own == voter.address() => "itself".to_owned(),
        other => other.to_string(),
    };
    Ok(show::fields(&[
        ("account", voter.address().to_string()),
        ("holds", format!("{} AIUS", words::votes(power.balance))),
        ("delegates to", delegate),
        ("votes with", format!("{} AIUS", words::votes(power.votes))),
    ])?)
}
