//! `arbius ipfs get`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use arbius_sdk::content::unixfs::{self, Contents, ExportLimits, ExportPathError};
use arbius_sdk::content::{BlockStore, Cid, car};
use eyre::{WrapErr as _, bail};
use serde_json::json;

use super::bar::Bar;
use super::blocks::Blocks;
use super::content::Content;
use crate::{args, show};

/// What standard output is called on the command line.
const STDOUT: &str = "-";

pub(super) async fn run(args: args::Get, json: bool) -> eyre::Result<()> {
    let content = Content::parse(&args.content)?;
    let blocks = Blocks::open(&args.fetching)?;
    let found = unixfs::follow(&content.root, &content.path, &blocks).await;
    let found = found.map_err(|error| blocks.explain(error))?;
    let cid = found.cid;
    let is_stdout = args
        .output
        .as_deref()
        .is_some_and(|path| path.as_os_str() == STDOUT);
    if is_stdout && !args.car && !matches!(found.contents, Contents::File { .. }) {
        bail!(
            "{content} is a folder, and standard output takes one file: name a file in it, or add \
             --car"
        );
    }
    let target = match is_stdout {
        true => None,
        false => Some(target(&args, &content)?),
    };
    if let Some(target) = &target {
        refuse_what_is_there(target, args.force)?;
    }
    fetch(&blocks, &cid).await?;
    let size = match (&target, args.car) {
        (None, false) => to_stdout(&blocks, &cid, args.fetching.max_size).await?,
        (None, true) => {
            let written = car::export(&[cid], &blocks, tokio::io::stdout()).await;
            written.map_err(car_error)?.bytes
        }
        (Some(target), true) => to_car(&blocks, &cid, target).await?,
        (Some(target), false) => to_disk(&blocks, &cid, target, &args).await?,
    };
    let Some(target) = target else {
        return Ok(());
    };
    if json {
        return show::json(&json!({
            "schema": "arbius/ipfs-get/1",
            "cid": cid.to_string(),
            "path": target,
            "size": size,
            "car": args.car,
        }));
    }
    Ok(show::line(format!(
        "wrote {} ({})",
        target.display(),
        show::bytes(size)
    ))?)
}

/// Where to write: a folder that is named takes what is written under its own name.
fn target(args: &args::Get, content: &Content) -> eyre::Result<PathBuf> {
    let name = match args.car {
        true => format!("{}.car", content.name()),
        false => content.name(),
    };
    // The name may be a stranger's: as one of a file it must not lead elsewhere.
    let is_plain = Path::new(&name)
        .file_name()
        .is_some_and(|plain| plain == name.as_str());
    Ok(match &args.output {
        Some(path) if !path.is_dir() => path.clone(),
        _ if !is_plain => bail!("`{name}` is no name for a file: choose one with --output"),
        Some(folder) => folder.join(name),
        None => PathBuf::from(name),
    })
}

fn refuse_what_is_there(target: &Path, force: bool) -> eyre::Result<()> {
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).wrap_err_with(|| format!("cannot write {}", target.display())),
        Ok(there) if there.is_dir() => bail!(
            "{} is there already and is a folder: remove it or choose another name with --output",
            target.display()
        ),
        Ok(_) if !force => bail!(
            "{} is there already: add --force to replace it, or choose another name with --output",
            target.display()
        ),
        Ok(_) => Ok(()),
    }
}

/// Brings everything beneath a CID, several blocks at a time.
async fn fetch(blocks: &Blocks, cid: &Cid) -> eyre::Result<()> {
    let Some(fetcher) = blocks.fetcher() else {
        return Ok(());
    };
    let bar = Bar::new("fetching", None);
    let told = |so_far: arbius_sdk::content::Fetched| bar.at(so_far.bytes);
    fetcher.fetch_with(cid, blocks.folder(), &told).await?;
    Ok(())
}

async fn to_stdout(blocks: &Blocks, cid: &Cid, max_bytes: u64) -> eyre::Result<u64> {
    let written = unixfs::export(cid, blocks, tokio::io::stdout(), max_bytes).await;
    written.map_err(|error| blocks.explain(error))
}

async fn to_disk(blocks: &Blocks, cid: &Cid, target: &Path, args: &args::Get) -> eyre::Result<u64> {
    let bar = Bar::new("writing", None);
    let progress = bar.progress();
    let limits = ExportLimits {
        bytes: args.fetching.max_size,
        progress: Some(&progress),
        ..ExportLimits::default()
    };
    let explain = |error| match error {
        ExportPathError::Read(error) => blocks.explain(error),
        other => other.into(),
    };
    if !(args.force && fs::symlink_metadata(target).is_ok()) {
        let written = unixfs::export_path(cid, blocks, target, &limits).await;
        return Ok(written.map_err(explain)?.bytes);
    }
    // The old file stays until the new one is whole.
    let cannot = || format!("cannot write {}", target.display());
    let beside = tempfile::Builder::new()
        .prefix(".unfinished-")
        .tempdir_in(folder_of(target))
        .wrap_err_with(cannot)?;
    let whole = beside.path().join("content");
    let written = unixfs::export_path(cid, blocks, &whole, &limits).await;
    let written = written.map_err(explain)?;
    if whole.is_dir() {
        fs::remove_file(target).wrap_err_with(cannot)?;
    }
    fs::rename(&whole, target).wrap_err_with(cannot)?;
    Ok(written.bytes)
}

async fn to_car(blocks: &dyn BlockStore, cid: &Cid, target: &Path) -> eyre::Result<u64> {
    let cannot = || format!("cannot write {}", target.display());
    let file = unfinished()
        .tempfile_in(folder_of(target))
        .wrap_err_with(cannot)?;
    let writer = tokio::fs::File::from_std(file.reopen().wrap_err_with(cannot)?);
    let written = car::export(&[*cid], blocks, writer)
        .await
        .map_err(car_error)?;
    file.as_file().sync_all().wrap_err_with(cannot)?;
    file.persist(target)
        .map_err(|error| error.error)
        .wrap_err_with(cannot)?;
    Ok(written.bytes)
}

/// A file with the rights of any other that is made here, not those of a temporary one.
fn unfinished() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".unfinished-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn car_error(error: car::CarTransferError) -> eyre::Report {
    match error {
        car::CarTransferError::Write(source) => source.into(),
        other => other.into(),
    }
}
