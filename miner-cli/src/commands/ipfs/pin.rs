//! `arbius ipfs pin`.

use std::sync::Arc;

use arbius_sdk::content::{BlockStore, Cid, Fetched, Pin, PinMode, cids, unixfs};
use eyre::bail;
use serde_json::{Value, json};

use super::bar::Bar;
use super::blocks::{self, Blocks};
use super::content::Content;
use super::elsewhere::{self, Answer};
use crate::show::{self, Side};
use crate::{args, pin_stores};

pub(super) async fn run(args: args::Pin, json: bool) -> eyre::Result<()> {
    match args {
        args::Pin::Add(args) => add(&args, json).await,
        args::Pin::Rm(args) => remove(&args, json).await,
        args::Pin::Ls(args) => list(&args, json).await,
    }
}

async fn add(args: &args::PinAdd, json: bool) -> eyre::Result<()> {
    let stores = pin_stores::named(&args.stores)?;
    let mode = if args.direct {
        PinMode::Direct
    } else {
        PinMode::Recursive
    };
    if args.direct && !stores.is_empty() {
        bail!(
            "--direct pins one block, and stores beyond this machine keep all that is beneath a \
             root: leave one of them out"
        );
    }
    let content = Content::parse(&args.content)?;
    let blocks = Blocks::open_or_make(&args.fetching)?;
    let _hold = blocks.folder().hold().await?;
    let found = unixfs::follow(&content.root, &content.path, &blocks).await;
    let cid = found.map_err(|error| blocks.explain(error))?.cid;
    if let (PinMode::Recursive, Some(fetcher)) = (mode, blocks.fetcher()) {
        let bar = Bar::new("fetching", None);
        let told = |so_far: Fetched| bar.at(so_far.bytes);
        fetcher.fetch_with(&cid, blocks.folder(), &told).await?;
    }
    blocks
        .folder()
        .pin(&cid, mode, args.name.as_deref())
        .await?;
    let source: Arc<dyn BlockStore> = Arc::new(blocks.folder().clone());
    let answers = elsewhere::keep(&stores, &cid, &source, args.wait).await;
    tell("pin", "pinned", &cid, &answers, json)?;
    elsewhere::all_do(&answers, "do not keep it")
}

async fn remove(args: &args::PinRm, json: bool) -> eyre::Result<()> {
    let stores = pin_stores::named(&args.stores)?;
    let cid = cids::parse(&args.cid)?;
    let was_pinned = blocks::open(&args.folder)?.unpin(&cid).await?;
    if !was_pinned && stores.is_empty() {
        bail!("{cid} is not pinned; `arbius ipfs pin ls` shows what is");
    }
    let answers = elsewhere::release(&stores, &cid).await;
    tell("unpin", "no longer pinned:", &cid, &answers, json)?;
    elsewhere::all_do(&answers, "cannot be told so")
}

fn tell(act: &str, did: &str, cid: &Cid, answers: &[Answer], json: bool) -> eyre::Result<()> {
    if json {
        let stores: Vec<_> = answers.iter().map(Answer::json).collect();
        let cid = cid.to_string();
        return show::json(
            &json!({ "schema": "arbius/ipfs-pin/1", "act": act, "cid": cid, "stores": stores }),
        );
    }
    show::line(format!("{did} {cid}"))?;
    if answers.is_empty() {
        return Ok(());
    }
    elsewhere::table(answers)
}

async fn list(args: &args::PinLs, json: bool) -> eyre::Result<()> {
    let stores = pin_stores::named(&args.stores)?;
    let pins = blocks::open(&args.folder)?.pins().await?;
    let kept = elsewhere::list(&stores).await?;
    if json {
        let pins: Vec<Value> = pins
            .iter()
            .map(|pin| {
                json!({ "cid": pin.cid.to_string(), "mode": mode(pin.mode), "name": pin.name })
            })
            .collect();
        let kept: Vec<Value> = kept
            .iter()
            .map(|pin| {
                json!({ "store": pin.store, "cid": pin.cid.to_string(), "state": pin.state.name() })
            })
            .collect();
        return show::json(
            &json!({ "schema": "arbius/ipfs-pins/1", "pins": pins, "elsewhere": kept }),
        );
    }
    if pins.is_empty() {
        show::line("nothing is pinned")?;
    } else {
        table(pins)?;
    }
    if kept.is_empty() {
        return Ok(());
    }
    show::line("")?;
    let rows: Vec<_> = kept
        .into_iter()
        .map(|pin| vec![pin.cid.to_string(), pin.state.to_string(), pin.store])
        .collect();
    let columns = [
        ("cid", Side::Left),
        ("state", Side::Left),
        ("store", Side::Left),
    ];
    Ok(show::table(&columns, &rows)?)
}

fn table(pins: Vec<Pin>) -> eyre::Result<()> {
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

const fn mode(mode: PinMode) -> &'static str {
    match mode {
        PinMode::Recursive => "recursive",
        PinMode::Direct => "direct",
    }
}
