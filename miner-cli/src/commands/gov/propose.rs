//! `arbius gov propose`.

use std::io::{IsTerminal as _, stdin};

use arbius_sdk::gov::Draft;
use eyre::bail;
use serde_json::json;

use super::words;
use crate::commands::account::warn_of_miner;
use crate::commands::ipfs;
use crate::{amount, args, show};

pub(super) async fn run(args: &args::Propose, json: bool) -> eyre::Result<()> {
    let voter = super::voter(&args.signing).await?;
    let governance = voter.governance();
    let draft = Draft::read(&args.file, governance.contracts())?;
    draft.check_proposer(voter.address())?;
    let settings = governance.settings().await?;
    let now = governance.now().await?;
    if !json {
        show::fields(&[
            ("proposal", format!("{:#x}", draft.id())),
            ("description", draft.cid().to_string()),
            ("proposer", voter.address().to_string()),
        ])?;
        show::line("")?;
        show::text(&draft.description)?;
        show::line("")?;
        for (index, (action, decoded)) in draft.actions.iter().zip(draft.decoded()).enumerate() {
            for line in words::action(index + 1, action, decoded) {
                show::text(&line)?;
            }
        }
        let begins = now + settings.voting_delay;
        show::line("")?;
        show::fields(&[
            (
                "takes",
                format!(
                    "{} AIUS of votes",
                    amount::show(settings.proposal_threshold)
                ),
            ),
            ("vote", words::time(now, begins)),
            ("until", words::time(now, begins + settings.voting_period)),
        ])?;
    }
    // What would be refused is said before anybody is asked.
    voter.check(&draft).await?;
    if !args.dry_run && !args.yes {
        ask()?;
    }
    let (mut kept, mut gas) = (None, None);
    if !args.dry_run {
        warn_of_miner(&args.signing.folder.path, voter.address()).await;
        // Kept first: whoever reads of the proposal finds what it is about.
        let name = format!("proposal {}", draft.id());
        let here = &args.signing.folder;
        let done = ipfs::keep(&draft.description, &name, here, &args.stores).await?;
        gas = Some(voter.propose(&draft).await?.gas_used);
        kept = Some(done);
    }
    if json {
        let actions = draft.actions.iter().zip(draft.decoded());
        let actions: Vec<_> = actions
            .map(|(action, decoded)| words::action_json(action, decoded))
            .collect();
        show::json(&json!({
            "schema": "arbius/gov-propose/1",
            "id": draft.id().to_string(),
            "proposer": voter.address(),
            "description": draft.description,
            "cid": draft.cid().to_string(),
            "actions": actions,
            "kept": kept.as_ref().map(ipfs::Kept::json),
            "sent": gas.is_some(),
            "gas": gas,
        }))?;
    } else if let Some(gas) = gas {
        show::line(format!("proposed for {} gas", show::thousands(gas)))?;
    } else {
        show::line("nothing was sent")?;
    }
    match kept {
        None => Ok(()),
        Some(kept) => {
            if !json {
                kept.tell()?;
                if !kept.anywhere() {
                    eprintln!(
                        "note: the description is in the proposal's event alone; to keep it for its CID \
                         too, name a store, such as --pin-kubo, or the --folder of a miner"
                    );
                }
            }
            kept.check()
        }
    }
}

/// Asks whoever sits there.
fn ask() -> eyre::Result<()> {
    if !stdin().is_terminal() {
        bail!("nobody is there to be asked: give --yes to send it, or --dry-run");
    }
    eprint!("propose this? [y/N] ");
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => bail!("nothing was sent"),
    }
}
