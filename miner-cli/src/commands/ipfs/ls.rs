//! `arbius ipfs ls`.

use arbius_sdk::content::Cid;
use arbius_sdk::content::unixfs::{self, Contents, DirectoryEntry, MAX_ENTRIES, ReadError};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use super::blocks::Blocks;
use super::content::Content;
use crate::args;
use crate::show::{self, Side};

/// Entries that are looked at, at a time.
const AT_ONCE: usize = 8;

pub(super) async fn run(args: args::Ls, json: bool) -> eyre::Result<()> {
    let content = Content::parse(&args.content)?;
    let blocks = Blocks::open(&args.fetching)?;
    let found = unixfs::follow(&content.root, &content.path, &blocks).await;
    let found = found.map_err(|error| blocks.explain(error))?;
    let kind = Kind::of(&found.contents);
    let entries = match kind {
        Kind::Folder => look_in(&found.cid, &blocks)
            .await
            .map_err(|error| blocks.explain(error))?,
        Kind::File { .. } | Kind::Link { .. } | Kind::Unknown => Vec::new(),
    };
    if json {
        let entries: Vec<Value> = entries
            .iter()
            .map(|(entry, kind)| {
                json!({
                    "name": entry.name,
                    "cid": entry.cid.to_string(),
                    "kind": kind.name(),
                    "size": kind.size(),
                    "target": kind.target(),
                    "blocksSize": entry.tsize,
                })
            })
            .collect();
        return show::json(&json!({
            "schema": "arbius/ipfs-ls/1",
            "cid": found.cid.to_string(),
            "kind": kind.name(),
            "size": kind.size(),
            "target": kind.target(),
            "entries": entries,
        }));
    }
    if !matches!(kind, Kind::Folder) {
        show::fields(&[("cid", found.cid.to_string()), ("kind", kind.words())])?;
        return Ok(());
    }
    if entries.is_empty() {
        show::line("an empty folder")?;
        return Ok(());
    }
    let rows: Vec<_> = entries
        .into_iter()
        .map(|(entry, kind)| {
            let size = kind.size().map(show::thousands).unwrap_or_default();
            let name = match &kind {
                Kind::File { .. } => entry.name,
                Kind::Unknown => format!("{} (cannot be read here)", entry.name),
                Kind::Folder => format!("{}/", entry.name),
                Kind::Link { target } => format!("{} -> {target}", entry.name),
            };
            vec![entry.cid.to_string(), size, name]
        })
        .collect();
    show::table(
        &[
            ("cid", Side::Left),
            ("bytes", Side::Right),
            ("name", Side::Left),
        ],
        &rows,
    )?;
    Ok(())
}

/// What something is.
enum Kind {
    File {
        size: u64,
    },
    Folder,
    Link {
        target: String,
    },
    /// Its block is nowhere to be had, or is of a kind that is not read.
    Unknown,
}

impl Kind {
    fn of(contents: &Contents) -> Self {
        match contents {
            Contents::File { size, .. } => Self::File { size: *size },
            Contents::Directory(_) | Contents::Shard(_) => Self::Folder,
            Contents::Symlink { target } => Self::Link {
                target: target.clone(),
            },
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Folder => "folder",
            Self::Link { .. } => "link",
            Self::Unknown => "unknown",
        }
    }

    fn words(&self) -> String {
        match self {
            Self::File { size } => format!("file of {} bytes", show::thousands(*size)),
            Self::Folder => "folder".to_owned(),
            Self::Link { target } => format!("link to {target}"),
            Self::Unknown => "unknown".to_owned(),
        }
    }

    fn size(&self) -> Option<u64> {
        match self {
            Self::File { size } => Some(*size),
            Self::Folder | Self::Link { .. } | Self::Unknown => None,
        }
    }

    fn target(&self) -> Option<&str> {
        match self {
            Self::Link { target } => Some(target),
            Self::File { .. } | Self::Folder | Self::Unknown => None,
        }
    }
}

/// The entries of a folder and what each of them is.
async fn look_in(cid: &Cid, blocks: &Blocks) -> Result<Vec<(DirectoryEntry, Kind)>, ReadError> {
    let entries = unixfs::list(cid, blocks, MAX_ENTRIES).await?;
    stream::iter(entries)
        .map(|entry| async move {
            let kind = match unixfs::follow(&entry.cid, "", blocks).await {
                Ok(found) => Kind::of(&found.contents),
                Err(ReadError::Missing { .. } | ReadError::Malformed { .. }) => Kind::Unknown,
                Err(error) => return Err(error),
            };
            Ok((entry, kind))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}
