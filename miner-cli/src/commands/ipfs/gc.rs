//! `arbius ipfs gc`.

use arbius_sdk::content::GcOptions;
use serde_json::json;

use super::blocks;
use crate::{args, show};

pub(super) async fn run(args: args::Gc, json: bool) -> eyre::Result<()> {
    let folder = blocks::open(&args.folder)?;
    let options = GcOptions {
        grace: args.grace,
        dry_run: args.dry_run,
    };
    let collected = folder.gc(&options).await?;
    if json {
        return show::json(&json!({
            "schema": "arbius/ipfs-gc/1",
            "dryRun": args.dry_run,
            "removed": { "blocks": collected.removed.len(), "size": collected.bytes },
            "kept": { "pinned": collected.pinned, "young": collected.young },
        }));
    }
    let did = if args.dry_run {
        "would remove"
    } else {
        "removed"
    };
    let removed = u64::try_from(collected.removed.len()).unwrap_or(u64::MAX);
    Ok(show::line(format!(
        "{did} {} blocks ({}); {} are pinned, {} too young",
        show::thousands(removed),
        show::bytes(collected.bytes),
        show::thousands(collected.pinned),
        show::thousands(collected.young)
    ))?)
}
