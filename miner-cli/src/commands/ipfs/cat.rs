//! `arbius ipfs cat`.

use arbius_sdk::content::unixfs::{self, Contents};
use eyre::bail;

use super::blocks::Blocks;
use super::content::Content;
use crate::args;

pub(super) async fn run(args: args::Cat) -> eyre::Result<()> {
    let content = Content::parse(&args.content)?;
    let blocks = Blocks::open(&args.fetching)?;
    let found = unixfs::follow(&content.root, &content.path, &blocks).await;
    let found = found.map_err(|error| blocks.explain(error))?;
    let size = match found.contents {
        Contents::File { size, .. } => size,
        Contents::Symlink { target } => bail!(
            "{content} is a symbolic link to {}, which is not followed",
            target.escape_debug()
        ),
        Contents::Directory(_) | Contents::Shard(_) => {
            bail!("{content} is a folder: `arbius ipfs ls {content}` shows what is in it")
        }
    };
    if args.offset > size {
        bail!(
            "{content} has {size} bytes, and none from {} on",
            args.offset
        );
    }
    let end = match args.length {
        Some(length) => args.offset.saturating_add(length).min(size),
        None => size,
    };
    let most = args.fetching.max_size;
    if end - args.offset > most {
        bail!(
            "these are {} bytes, more than --max-size ({most}) allows",
            end - args.offset
        );
    }
    let out = tokio::io::stdout();
    let written = unixfs::export_range(&found.cid, &blocks, out, args.offset..end).await;
    written.map_err(|error| blocks.explain(error))?;
    Ok(())
}
