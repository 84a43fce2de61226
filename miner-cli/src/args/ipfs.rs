//! What `arbius ipfs` may be told.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::values::{age, bytes, count, socket};
use super::{Folder, GATEWAY, PinStores};

#[derive(Debug, Subcommand)]
pub(crate) enum Ipfs {
    /// Put files and folders into the block folder and print their CIDs.
    ///
    /// With the defaults they are the CIDs that `ipfs add` gives and that the chain holds.
    #[command(after_help = "\
Examples:
  arbius ipfs add seven.png
  arbius ipfs add --recursive pictures
  arbius ipfs add --wrap seven.png          its CID within a folder, as a solution's output has it
  curl -s https://example.org | arbius ipfs add - --name page.html
  arbius ipfs add --only-hash big.bin       stores nothing
  arbius ipfs add --car pictures.car        blocks and pins from a CAR file")]
    Add(Add),
    /// Write a file or a folder to disk, from the block folder or else from gateways.
    ///
    /// Every block is hashed before it is believed, whoever sent it. What is written appears
    /// under its name once it is whole.
    #[command(after_help = "\
Examples:
  arbius ipfs get QmNi…/out-1.png
  arbius ipfs get QmNi… -o pictures
  arbius ipfs get QmNi…/out-1.png -o - | display
  arbius ipfs get QmNi… --car -o pictures.car
  arbius ipfs get QmNi… --gateway https://ipfs.io --gateway https://dweb.link")]
    Get(Get),
    /// Write a file, or a part of it, to standard output.
    #[command(after_help = "\
Examples:
  arbius ipfs cat QmNi…/out.json | jq .
  arbius ipfs cat QmNi…/model.onnx --offset 1M --length 64K > part")]
    Cat(Cat),
    /// List the entries of a folder, or say what a file is.
    #[command(after_help = "\
Examples:
  arbius ipfs ls QmNi…
  arbius ipfs ls QmNi…/pictures --json | jq -r '.entries[].name'")]
    Ls(Ls),
    /// Keep content from being removed by `arbius ipfs gc`.
    #[command(subcommand)]
    Pin(Pin),
    /// Remove blocks that nothing pinned needs.
    #[command(after_help = "\
Examples:
  arbius ipfs gc --dry-run
  arbius ipfs gc --grace 1d                 also leaves alone what came within a day")]
    Gc(Gc),
    /// Serve the block folder over HTTP, until Ctrl-C: to browsers, curl and IPFS clients.
    ///
    /// It serves what is in the folder and fetches nothing. A running miner serves its folder
    /// by itself.
    #[command(after_help = "\
Examples:
  arbius ipfs serve
  arbius ipfs serve --gateway 0.0.0.0:8090 --rate 50
  curl http://127.0.0.1:8090/ipfs/QmNi…/out-1.png -o out-1.png
  curl 'http://127.0.0.1:8090/ipfs/QmNi…?format=car' -o out.car")]
    Serve(Serve),
    /// Hash every block of the folder, and look whether what is pinned is whole.
    #[command(after_help = "\
Examples:
  arbius ipfs check
  arbius ipfs check --remove                what was damaged can be fetched again")]
    Check(Check),
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Files and folders; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Take folders with all that is in them.
    #[arg(short, long)]
    pub(crate) recursive: bool,
    /// Put what is added into one folder and print its CID, too.
    #[arg(short, long)]
    pub(crate) wrap: bool,
    /// Take files whose names begin with a dot, too, when they are found in folders.
    #[arg(long, requires = "recursive")]
    pub(crate) hidden: bool,
    /// The name of what comes from standard input, for --wrap.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The version of the CIDs. Version 1 uses raw leaves unless told otherwise.
    #[arg(
        help_heading = "Layout",
        long,
        value_name = "VERSION",
        default_value_t = 0,
        value_parser = clap::value_parser!(u8).range(0..=1)
    )]
    pub(crate) cid_version: u8,
    /// Whether leaves are the bytes themselves, without a node around them [default: as the
    /// version has it]
    #[arg(
        help_heading = "Layout",
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub(crate) raw_leaves: Option<bool>,
    /// Bytes of a file in a leaf, 1M at most.
    #[arg(help_heading = "Layout", long, value_name = "SIZE", default_value = "256K", value_parser = bytes)]
    pub(crate) chunk_size: u64,
    /// Say the CIDs and store nothing.
    #[arg(short = 'n', long)]
    pub(crate) only_hash: bool,
    /// Do not pin what is added: the next `arbius ipfs gc` may remove it.
    #[arg(long)]
    pub(crate) no_pin: bool,
    /// The paths are CAR files: take the blocks that are in them.
    #[arg(long, conflicts_with_all = ["recursive", "wrap", "name", "only_hash", "cid_version", "raw_leaves", "chunk_size"])]
    pub(crate) car: bool,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

/// Where content that is not in the folder comes from.
#[derive(Debug, Args)]
pub(crate) struct Fetching {
    /// A gateway to fetch from what the folder does not have; may be given several times.
    #[arg(
        help_heading = "Fetching",
        long = "gateway",
        value_name = "URL",
        env = "ARBIUS_GATEWAYS",
        hide_env_values = true,
        value_delimiter = ',',
        default_value = "http://127.0.0.1:8090"
    )]
    pub(crate) gateways: Vec<String>,
    /// Fetch nothing: only what is in the folder.
    #[arg(help_heading = "Fetching", long)]
    pub(crate) offline: bool,
    /// The most bytes to fetch.
    #[arg(help_heading = "Fetching", long, value_name = "SIZE", default_value = "4G", value_parser = bytes)]
    pub(crate) max_size: u64,
    /// How long fetching may take.
    #[arg(help_heading = "Fetching", long, value_name = "TIME", default_value = "1h", value_parser = age)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    /// A CID, or a CID and the way to a file below it.
    #[arg(value_name = "CID[/PATH]")]
    pub(crate) content: String,
    /// Where to write it; `-` is standard output, for files and CARs [default: the last name
    /// of the path]
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Replace what is there.
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Write a CAR file with all blocks instead.
    #[arg(long)]
    pub(crate) car: bool,
    #[command(flatten)]
    pub(crate) fetching: Fetching,
}

#[derive(Debug, Args)]
pub(crate) struct Cat {
    /// A CID, or a CID and the way to a file below it.
    #[arg(value_name = "CID[/PATH]")]
    pub(crate) content: String,
    /// Begin at this byte.
    #[arg(long, value_name = "SIZE", default_value = "0", value_parser = bytes)]
    pub(crate) offset: u64,
    /// Write so many bytes at most.
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub(crate) length: Option<u64>,
    #[command(flatten)]
    pub(crate) fetching: Fetching,
}

#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// A CID, or a CID and the way to a folder below it.
    #[arg(value_name = "CID[/PATH]")]
    pub(crate) content: String,
    #[command(flatten)]
    pub(crate) fetching: Fetching,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Pin {
    /// Pin content, which is fetched if it is not there; also with stores beyond this machine.
    #[command(after_help = "\
Examples:
  arbius ipfs pin add QmNi…
  arbius ipfs pin add QmNi… --name pictures
  arbius ipfs pin add QmNi… --pin-kubo http://127.0.0.1:5001")]
    Add(Box<PinAdd>),
    /// Pin content no longer. Its blocks stay until `arbius ipfs gc`.
    #[command(after_help = "\
Examples:
  arbius ipfs pin rm QmNi…
  arbius ipfs pin rm QmNi… --pin-kubo http://127.0.0.1:5001")]
    Rm(Box<PinRm>),
    /// List what is pinned.
    #[command(after_help = "\
Examples:
  arbius ipfs pin ls
  arbius ipfs pin ls --json | jq -r '.pins[].cid'
  arbius ipfs pin ls --pin-kubo http://127.0.0.1:5001")]
    Ls(Box<PinLs>),
}

#[derive(Debug, Args)]
pub(crate) struct PinAdd {
    /// The root of a file or a folder.
    #[arg(value_name = "CID[/PATH]")]
    pub(crate) content: String,
    /// What to call it in lists.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Only the block itself, without what is beneath.
    #[arg(long)]
    pub(crate) direct: bool,
    /// How long to wait for a store beyond this machine that is at it.
    #[arg(help_heading = "Stores beyond this machine", long, value_name = "TIME", default_value = "5m", value_parser = age)]
    pub(crate) wait: Duration,
    #[command(flatten)]
    pub(crate) fetching: Fetching,
    #[command(flatten)]
    pub(crate) stores: PinStores,
}

#[derive(Debug, Args)]
pub(crate) struct PinRm {
    /// The root as it was pinned.
    #[arg(value_name = "CID")]
    pub(crate) cid: String,
    #[command(flatten)]
    pub(crate) folder: Folder,
    #[command(flatten)]
    pub(crate) stores: PinStores,
}

#[derive(Debug, Args)]
pub(crate) struct PinLs {
    #[command(flatten)]
    pub(crate) folder: Folder,
    #[command(flatten)]
    pub(crate) stores: PinStores,
}

#[derive(Debug, Args)]
pub(crate) struct Gc {
    /// Say what would be removed, and remove nothing.
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Leave alone what was written so recently: somebody may be about to pin it.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = age)]
    pub(crate) grace: Duration,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes any that is free.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "ARBIUS_GATEWAY",
        hide_env_values = true,
        default_value = GATEWAY,
        value_parser = socket
    )]
    pub(crate) gateway: SocketAddr,
    /// Connections at a time.
    #[arg(help_heading = "Limits", long, value_name = "COUNT", default_value = "512", value_parser = count, allow_negative_numbers = true)]
    pub(crate) connections: NonZeroUsize,
    /// Connections of one address at a time.
    #[arg(help_heading = "Limits", long, value_name = "COUNT", default_value = "256", value_parser = count, allow_negative_numbers = true)]
    pub(crate) connections_each: NonZeroUsize,
    /// Requests of one address a second; 0 for any number, as behind a proxy that limits them
    /// itself.
    #[arg(
        help_heading = "Limits",
        long,
        value_name = "COUNT",
        default_value_t = 200
    )]
    pub(crate) rate: u32,
    /// A file with CIDs that are not to be served; read again when it changes.
    #[arg(help_heading = "Limits", long, value_name = "FILE")]
    pub(crate) deny: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

impl Serve {
    /// The rate, if there is one.
    pub(crate) fn rate(&self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.rate)
    }
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Remove blocks that are damaged, so that they can be fetched again.
    #[arg(long)]
    pub(crate) remove: bool,
    /// Move damaged blocks to the folder `damaged` beside the others instead.
    #[arg(long, conflicts_with = "remove")]
    pub(crate) set_aside: bool,
    #[command(flatten)]
    pub(crate) folder: Folder,
}
