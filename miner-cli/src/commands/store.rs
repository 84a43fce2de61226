//! `arbius store`.

use std::path::Path;

use arbius_sdk::miner::{AskError, Backup, MonitorClient, StoreError, StoreFile};
use eyre::{bail, eyre};
use serde_json::json;

use crate::{args, show};

pub(crate) async fn run(args: args::Store, json: bool) -> eyre::Result<()> {
    match args {
        args::Store::Backup { file, folder } => {
            let backup = back_up(&folder.path, &file).await?;
            tell("wrote", "backup", &file, &backup, json)
        }
        args::Store::Restore {
            file,
            force,
            folder,
        } => {
            let backup = Backup::restore(&file, &folder.path, force)?;
            tell("restored", "restore", &file, &backup, json)
        }
        args::Store::Check {
            file: Some(file), ..
        } => {
            let backup = Backup::verify(&file)?;
            tell("can be restored:", "check", &file, &backup, json)
        }
        args::Store::Check { file: None, folder } => check(&folder.path, json),
    }
}

/// A running miner makes the backup itself: it alone may read its file.
async fn back_up(folder: &Path, file: &Path) -> eyre::Result<Backup> {
    if let Some(monitor) = MonitorClient::find(folder)? {
        match monitor.backup(file).await {
            Err(AskError::Gone { .. }) => {}
            other => return Ok(other?),
        }
    }
    Ok(super::store_of(folder)?.backup(file)?)
}

fn tell(did: &str, act: &str, file: &Path, backup: &Backup, json: bool) -> eyre::Result<()> {
    let block = backup.cursor.as_ref().map(|cursor| cursor.block);
    if json {
        return show::json(&json!({
            "schema": "arbius/store/1",
            "act": act,
            "file": file,
            "layout": backup.schema,
            "version": backup.writer,
            "taken": backup.taken,
            "owner": backup.owner,
            "block": block,
        }));
    }
    show::line(format!("{did} {}", file.display()))?;
    show::fields(&[
        ("taken", show::time(backup.taken / 1000)),
        ("of", backup.owner.clone()),
        (
            "layout",
            format!("{} of version {}", backup.schema, backup.writer),
        ),
        (
            "read",
            block.map_or_else(
                || "nothing yet".to_owned(),
                |block| format!("to block {}", show::thousands(block)),
            ),
        ),
    ])?;
    Ok(())
}

fn check(folder: &Path, json: bool) -> eyre::Result<()> {
    let check = StoreFile::check(folder).map_err(|error| match error {
        StoreError::InUse { .. } => eyre!(
            "a miner runs with {}, and its store cannot be checked meanwhile: stop it, or check a \
             backup (`arbius store backup FILE`, `arbius store check FILE`)",
            folder.display()
        ),
        other => super::explain(folder, other),
    })?;
    let block = check.cursor.as_ref().map(|cursor| cursor.block);
    if json {
        let records: serde_json::Map<_, _> = check
            .records
            .iter()
            .map(|(table, count)| (table.clone(), json!(count)))
            .collect();
        show::json(&json!({
            "schema": "arbius/store/1",
            "act": "check",
            "file": folder,
            "layout": check.layout,
            "owner": check.owner,
            "block": block,
            "intact": check.intact,
            "records": records,
            "damaged": check.damaged,
            "bytes": check.bytes,
        }))?;
    } else {
        let records: Vec<_> = check
            .records
            .iter()
            .map(|(table, count)| format!("{table} {}", show::thousands(*count)))
            .collect();
        let mut fields = vec![
            ("store of", check.owner.clone()),
            ("layout", check.layout.to_string()),
            (
                "read",
                block.map_or_else(
                    || "nothing yet".to_owned(),
                    |block| format!("to block {}", show::thousands(block)),
                ),
            ),
            ("records", records.join(", ")),
            ("size", show::bytes(check.bytes)),
            (
                "file",
                if check.intact {
                    "intact"
                } else {
                    "was damaged, and was put right"
                }
                .to_owned(),
            ),
        ];
        fields.extend(check.damaged.iter().map(|name| ("damaged", name.clone())));
        show::fields(&fields)?;
    }
    if !check.damaged.is_empty() {
        bail!(
            "{} records cannot be read; restore a backup if they matter",
            check.damaged.len()
        );
    }
    Ok(())
}
