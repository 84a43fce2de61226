//! `arbius ipfs add`.

use std::path::{Path, PathBuf};

use arbius_sdk::content::unixfs::{self, DirectoryEntry, ImportOptions, Imported, Layout};
use arbius_sdk::content::{
    Block, BlockStore, Cid, CidVersion, FolderStore, PinMode, StoreFuture, car,
};
use eyre::{WrapErr as _, bail, eyre};
use serde_json::{Value, json};

use super::bar::Bar;
use super::blocks;
use crate::{args, show};

/// What standard input is called on the command line.
const STDIN: &str = "-";

pub(super) async fn run(args: args::Add, json: bool) -> eyre::Result<()> {
    if args.paths.iter().filter(|path| is_stdin(path)).count() > 1 {
        bail!("standard input can be added once");
    }
    if args.name.is_some() && !args.paths.iter().any(|path| is_stdin(path)) {
        bail!("--name is the name of what comes from standard input: add `-`");
    }
    let layout = layout(&args)?;
    for path in args.paths.iter().filter(|path| !is_stdin(path)) {
        let shown = path.display();
        let about = std::fs::metadata(path).wrap_err_with(|| format!("cannot read {shown}"))?;
        if about.is_dir() && !args.recursive {
            bail!("{shown} is a folder: add --recursive to take it with all that is in it");
        }
    }
    if args.only_hash {
        return add(&args, layout, &Nowhere, None, json).await;
    }
    // Not before what was asked for can be done: it makes the folder.
    let folder = blocks::open_or_make(&args.folder)?;
    // Nothing that is being added is swept up before it is pinned.
    let _hold = folder.hold().await?;
    match args.car {
        true => take_cars(&args, &folder, json).await,
        false => add(&args, layout, &folder, Some(&folder), json).await,
    }
}

/// Something that was added.
struct Added {
    name: String,
    what: Imported,
}

async fn add(
    args: &args::Add,
    layout: Layout,
    store: &dyn BlockStore,
    pins: Option<&FolderStore>,
    json: bool,
) -> eyre::Result<()> {
    let mut added = Vec::new();
    for path in &args.paths {
        let (name, what) = match is_stdin(path) {
            true => from_stdin(args, layout, store).await?,
            false => from_disk(path, args, layout, store).await?,
        };
        if !args.wrap && !args.no_pin {
            pin(pins, &what.cid, &name).await?;
        }
        if !json {
            show::line(format!("added {} {name}", what.cid))?;
        }
        added.push(Added { name, what });
    }
    let wrapper = match args.wrap {
        true => Some(wrap(&added, layout, store).await?),
        false => None,
    };
    if let Some(wrapper) = &wrapper {
        if !args.no_pin {
            pin(pins, &wrapper.cid, "").await?;
        }
        if !json {
            show::line(format!("added {}", wrapper.cid))?;
        }
    }
    if json {
        let object = |name: Option<&str>, what: &Imported| {
            json!({
                "name": name,
                "cid": what.cid.to_string(),
                "size": what.size,
                "blocksSize": what.tsize,
            })
        };
        let entries: Vec<Value> = added
            .iter()
            .map(|added| object(Some(&added.name), &added.what))
            .collect();
        show::json(&json!({
            "schema": "arbius/ipfs-add/1",
            "added": entries,
            "wrapper": wrapper.as_ref().map(|what| object(None, what)),
            "stored": !args.only_hash,
            "pinned": !args.only_hash && !args.no_pin,
        }))?;
    }
    Ok(())
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == STDIN
}

fn layout(args: &args::Add) -> eyre::Result<Layout> {
    let layout = match args.cid_version {
        0 => Layout::KUBO,
        _ => Layout::KUBO_V1,
    };
    if layout.version() == CidVersion::V0 && args.raw_leaves == Some(true) {
        bail!("raw leaves have CIDs of version 1: add --cid-version 1");
    }
    let layout = match args.raw_leaves {
        Some(raw_leaves) => layout.with_raw_leaves(raw_leaves),
        None => layout,
    };
    usize::try_from(args.chunk_size)
        .ok()
        .and_then(|chunk| layout.with_chunk(chunk))
        .ok_or_else(|| eyre!("--chunk-size is 1 byte to 1M"))
}

async fn from_stdin(
    args: &args::Add,
    layout: Layout,
    store: &dyn BlockStore,
) -> eyre::Result<(String, Imported)> {
    let _bar = Bar::new("reading standard input", None);
    let what = unixfs::import_with(layout, tokio::io::stdin(), store).await?;
    // Without a name of its own it goes by its CID, as with Kubo.
    let name = args.name.clone().unwrap_or_else(|| what.cid.to_string());
    Ok((name, what))
}

async fn from_disk(
    path: &Path,
    args: &args::Add,
    layout: Layout,
    store: &dyn BlockStore,
) -> eyre::Result<(String, Imported)> {
    let about =
        std::fs::metadata(path).wrap_err_with(|| format!("cannot read {}", path.display()))?;
    let bar = Bar::new("adding", about.is_file().then_some(about.len()));
    let progress = bar.progress();
    let options = ImportOptions {
        layout,
        hidden: args.hidden,
        progress: Some(&progress),
        ..ImportOptions::default()
    };
    let what = unixfs::import_path(path, store, &options).await?;
    Ok((name_of(path)?, what))
}

/// The last name of a path, also of `.` and of one that ends with `..`.
fn name_of(path: &Path) -> eyre::Result<String> {
    let whole: PathBuf = match path.file_name() {
        Some(_) => path.to_owned(),
        None => path
            .canonicalize()
            .wrap_err_with(|| format!("cannot read {}", path.display()))?,
    };
    match whole.file_name().map(|name| name.to_str()) {
        Some(Some(name)) => Ok(name.to_owned()),
        Some(None) => Err(eyre!("the name of {} is not UTF-8", path.display())),
        None => Err(eyre!("{} has no name", path.display())),
    }
}

/// The folder that holds what was added.
async fn wrap(added: &[Added], layout: Layout, store: &dyn BlockStore) -> eyre::Result<Imported> {
    let entry = |added: &Added| DirectoryEntry {
        name: added.name.clone(),
        cid: added.what.cid,
        tsize: added.what.tsize,
    };
    let directory = unixfs::directory(layout, added.iter().map(entry).collect())?;
    store.put_many(&directory.blocks).await?;
    Ok(Imported {
        cid: directory.cid,
        size: added.iter().map(|added| added.what.size).sum(),
        tsize: directory.tsize,
    })
}

async fn pin(folder: Option<&FolderStore>, cid: &Cid, name: &str) -> eyre::Result<()> {
    if let Some(folder) = folder {
        let name = (!name.is_empty()).then_some(name);
        folder.pin(cid, PinMode::Recursive, name).await?;
    }
    Ok(())
}

/// Takes the blocks of CAR files and pins their roots.
async fn take_cars(args: &args::Add, folder: &FolderStore, json: bool) -> eyre::Result<()> {
    let mut taken = Vec::new();
    for path in &args.paths {
        let shown = path.display().to_string();
        let imported = match is_stdin(path) {
            true => {
                let _bar = Bar::new("reading standard input", None);
                car::import(tokio::io::stdin(), folder, car::CarLimits::default()).await
            }
            false => {
                let file = tokio::fs::File::open(path).await;
                let file = file.wrap_err_with(|| format!("cannot read {shown}"))?;
                let _bar = Bar::new("adding", None);
                car::import(file, folder, car::CarLimits::default()).await
            }
        };
        let imported = imported.wrap_err_with(|| format!("cannot take {shown}"))?;
        let roots: Vec<String> = imported.roots.iter().map(ToString::to_string).collect();
        for root in &imported.roots {
            if !args.no_pin {
                folder.pin(root, PinMode::Recursive, None).await?;
            }
        }
        if !json {
            show::line(format!(
                "took {} blocks, {} of {shown}: {}",
                show::thousands(imported.blocks),
                show::bytes(imported.bytes),
                roots.join(" ")
            ))?;
        }
        taken.push(json!({
            "name": shown,
            "roots": roots,
            "blocks": imported.blocks,
            "blocksSize": imported.bytes,
        }));
    }
    if json {
        show::json(&json!({
            "schema": "arbius/ipfs-add-car/1",
            "cars": taken,
            "pinned": !args.no_pin,
        }))?;
    }
    Ok(())
}

/// A store for CIDs alone.
struct Nowhere;

impl BlockStore for Nowhere {
    fn get<'a>(&'a self, _: &'a Cid) -> StoreFuture<'a, Option<Block>> {
        Box::pin(async { Ok(None) })
    }

    fn put<'a>(&'a self, _: &'a Block) -> StoreFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn has<'a>(&'a self, _: &'a Cid) -> StoreFuture<'a, bool> {
        Box::pin(async { Ok(false) })
    }
}
