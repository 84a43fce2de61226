//! `arbius ipfs`: content by its CID.
//!
//! | file | what it holds |
//! |---|---|
//! | `content` | which content is meant, as people write it |
//! | `blocks` | the block folder, and gateways for what is not in it |
//! | `elsewhere` | the same content with stores beyond this machine |
//! | `keep` | keeping a text that another command has made |
//! | `bar` | how far something has come, for whoever watches |
//! | the others | one command each |

mod add;
mod bar;
mod blocks;
mod cat;
mod check;
mod content;
mod elsewhere;
mod gc;
mod get;
mod keep;
mod ls;
mod pin;
mod serve;

use std::io;

use arbius_sdk::content::unixfs::ReadError;

use crate::args::Ipfs;
use crate::failure::Interrupted;

pub(crate) use keep::{Kept, keep};

pub(crate) async fn run(args: Ipfs, json: bool) -> eyre::Result<()> {
    // A gateway ends well when it is asked to.
    let stops_itself = matches!(args, Ipfs::Serve(_));
    let mut stop = super::StopSignal::listen()?;
    tokio::select! {
        done = one(args, json) => done,
        // Whatever was begun is dropped, and so are the files in which it was written.
        () = stop.asked(), if !stops_itself => Err(Interrupted.into()),
    }
}

async fn one(args: Ipfs, json: bool) -> eyre::Result<()> {
    match args {
        Ipfs::Add(args) => add::run(args, json).await,
        Ipfs::Get(args) => get::run(args, json).await,
        Ipfs::Cat(args) => cat::run(args).await,
        Ipfs::Ls(args) => ls::run(args, json).await,
        Ipfs::Pin(args) => pin::run(args, json).await,
        Ipfs::Gc(args) => gc::run(args, json).await,
        Ipfs::Check(args) => check::run(args, json).await,
        Ipfs::Serve(args) => serve::run(args, json).await,
    }
}

/// An error of reading content, so that a closed pipe is seen as one.
fn read_error(error: ReadError) -> eyre::Report {
    match error {
        ReadError::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => {
            source.into()
        }
        other => other.into(),
    }
}
