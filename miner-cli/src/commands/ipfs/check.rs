//! `arbius ipfs check`.

use arbius_sdk::content::{Checked, Repair};
use eyre::bail;
use serde_json::{Value, json};

use super::bar::Bar;
use super::blocks;
use crate::{args, show};

pub(super) async fn run(args: args::Check, json: bool) -> eyre::Result<()> {
    let folder = blocks::open(&args.folder)?;
    let repair = match (args.remove, args.set_aside) {
        (true, _) => Repair::Remove,
        (false, true) => Repair::Quarantine,
        (false, false) => Repair::Report,
    };
    let bar = Bar::new("hashing", Some(folder.size().await?));
    let told = bar.progress_of_bytes();
    let checked = folder.check(repair, move |_, bytes| told(bytes)).await?;
    drop(bar);
    match json {
        true => show::json(&object(&checked, repair))?,
        false => tell(&checked, repair)?,
    }
    if !checked.is_sound() {
        bail!(
            "{} damaged blocks, {} pins that lack something: fetch what is missing with `arbius \
             ipfs pin add`",
            checked.damaged.len(),
            checked.incomplete.len()
        );
    }
    Ok(())
}

fn object(checked: &Checked, repair: Repair) -> Value {
    let damaged: Vec<_> = checked
        .damaged
        .iter()
        .map(|block| json!({ "cid": block.cid.to_string(), "file": block.path }))
        .collect();
    let incomplete: Vec<_> = checked
        .incomplete
        .iter()
        .map(|(pin, missing)| json!({ "cid": pin.to_string(), "missing": missing.to_string() }))
        .collect();
    json!({
        "schema": "arbius/ipfs-check/1",
        "checked": { "blocks": checked.blocks, "size": checked.bytes },
        "damaged": damaged,
        "repair": match repair {
            Repair::Report => "none",
            Repair::Quarantine => "set aside",
            Repair::Remove => "removed",
        },
        "incompletePins": incomplete,
        "otherFiles": checked.strangers,
    })
}

fn tell(checked: &Checked, repair: Repair) -> eyre::Result<()> {
    let mut fields = vec![
        ("blocks", show::thousands(checked.blocks)),
        ("size", show::bytes(checked.bytes)),
    ];
    let damaged = match repair {
        Repair::Report => "damaged",
        Repair::Quarantine => "set aside",
        Repair::Remove => "removed",
    };
    let blocks = checked.damaged.iter();
    fields.extend(blocks.map(|block| (damaged, block.path.display().to_string())));
    let pins = checked.incomplete.iter();
    fields.extend(pins.map(|(pin, missing)| ("incomplete", format!("{pin} lacks {missing}"))));
    let others = checked.strangers.iter();
    fields.extend(others.map(|path| ("no block", path.display().to_string())));
    if checked.is_sound() {
        fields.push(("all of it", "is what its CIDs say".to_owned()));
    }
    Ok(show::fields(&fields)?)
}
