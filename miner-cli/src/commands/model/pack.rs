//! `arbius model pack`.

use arbius_sdk::inference::cog::CogLimits;
use arbius_sdk::inference::onnxruntime::OnnxRuntime;
use arbius_sdk::inference::pack::{pack_folder, pack_folder_on, pack_folder_with};
use eyre::WrapErr as _;
use serde_json::json;

use crate::{args, show, solver};

pub(in crate::commands) async fn pack(args: &args::Pack, json: bool) -> eyre::Result<()> {
    let folder = &args.folder;
    // The author's own model, in this process.
    let packed = match (&args.onnxruntime, &args.cog) {
        (Some(library), _) => pack_folder_on(folder, &OnnxRuntime::load(library)?),
        (None, Some(server)) => {
            let server = solver::cog(server, &args.cogs, CogLimits::default())?;
            pack_folder_with(folder, &server).await
        }
        (None, None) => pack_folder(folder),
    };
    let bundle =
        packed.wrap_err_with(|| format!("{} cannot be made into a bundle", folder.display()))?;
    let bytes: u64 = bundle.manifest().files.iter().map(|file| file.bytes).sum();
    let goldens = bundle.passport().goldens.len();
    if json {
        return show::json(&json!({
            "schema": "arbius/model-pack/1",
            "name": bundle.manifest().name,
            "folder": folder,
            "bundle": bundle.cid().to_string(),
            "goldens": goldens,
            "bytes": bytes,
        }));
    }
    show::line(format!(
        "packed {}: bundle {}, {} in {} files, {goldens} golden outputs",
        bundle.manifest().name,
        bundle.cid(),
        show::bytes(bytes),
        bundle.manifest().files.len()
    ))?;
    Ok(())
}
