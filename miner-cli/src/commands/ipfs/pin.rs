//! `arbius ipfs pin`.

use arbius_sdk::content::{Fetched, PinMode, cids, unixfs};
use eyre::bail;
use serde_json::{Value, json};

use super::bar::Bar;
use super::blocks::{self, Blocks};
use super::content::Content;
use crate::args;
use crate::show::{self, Side};

pub(super) async fn run(args: args::Pin, json: bool) -> eyre::Result<()> {
    match args {
        args::Pin::Add {
            content,
            name,
            direct,
            fetching,
        } => {
            let mode = if direct {
                PinMode::Direct
            } else {
                PinMode::Recursive
            };
            add(&content, name.as_deref(), mode, &fetching, json).await
        }
        args::Pin::Rm { cid, folder } => {
            let cid = cids::parse(&cid)?;
            if !blocks::open(&folder)?.unpin(&cid).await? {
                bail!("{cid} is not pinned; `arbius ipfs pin ls` shows what is");
            }
            tell("unpin", "no longer pinned:", &cid.to_string(), json)
        }
        args::Pin::Ls { folder } => list(&folder, json).await,
    }
}

async fn add(
    content: &str,
    name: Option<&str>,
    mode: PinMode,
    fetching: &args::Fetching,
    json: bool,
) -> eyre::Result<()> {
    let content = Content::parse(content)?;
    let blocks = Blocks::open_or_make(fetching)?;
    let _hold = blocks.folder().hold().await?;
    let found = unixfs::follow(&content.root, &content.path, &blocks).await;
    let cid = found.map_err(|error| blocks.explain(error))?.cid;
    if let (PinMode::Recursive, Some(fetcher)) = (mode, blocks.fetcher()) {
        let bar = Bar::new("fetching", None);
        let told = |so_far: Fetched| bar.at(so_far.bytes);
        fetcher.fetch_with(&cid, blocks.folder(), &told).await?;
    }
    blocks.folder().pin(&cid, mode, name).await?;
    tell("pin", "pinned", &cid.to_string(), json)
}

fn tell(act: &str, did: &str, cid: &str, json: bool) -> eyre::Result<()> {
    if json {
        return show::json(&json!({ "schema": "arbius/ipfs-pin/1", "act": act, "cid": cid }));
    }
    Ok(show::line(format!("{did} {cid}"))?)
}

async fn list(folder: &args::Folder, json: bool) -> eyre::Result<()> {
    let pins = blocks::open(folder)?.pins().await?;
    let mode = |mode| match mode {
        PinMode::Recursive => "recursive",
        PinMode::Direct => "direct",
    };
    if json {
        let pins: Vec<Value> = pins
            .iter()
            .map(|pin| {
                json!({ "cid": pin.cid.to_string(), "mode": mode(pin.mode), "name": pin.name })
            })
            .collect();
        return show::json(&json!({ "schema": "arbius/ipfs-pins/1", "pins": pins }));
    }
    if pins.is_empty() {
        show::line("nothing is pinned")?;
        return Ok(());
    }
    let rows: Vec<_> = pins
        .into_iter()
        .map(|pin| {
            let name = pin.name.unwrap_or_default();
            vec![pin.cid.to_string(), mode(pin.mode).to_owned(), name]
        })
        .collect();
    show::table(
        &[
            ("cid", Side::Left),
            ("mode", Side::Left),
            ("name", Side::Left),
        ],
        &rows,
    )?;
    Ok(())
}
