//! `arbius demo`: the whole protocol on this machine, through the public API alone.
//!
//! | file | what it holds |
//! |---|---|
//! | `network` | the chain, the contracts, the model, the two miners |
//! | `tasks` | submitting tasks, following them to their end |
//! | `progress` | what is seen meanwhile |
//! | `report` | the pictures, the table, the JSON |
//! | `dispute` | `--dispute`: what happens to a wrong solution, and to a wrong contestation |

mod dispute;
mod network;
mod progress;
mod report;
mod tasks;

use std::fs;
use std::time::Instant;

use arbius_testkit::TestChain;
use eyre::{WrapErr as _, bail};

pub(super) use network::start_chain;
pub(super) use progress::Progress;

use super::StopSignal;
use crate::args;
use crate::failure::Interrupted;

/// What is asked for unless the command line says otherwise.
const PROMPTS: [&str; 5] = [
    "a red car in the city",
    "an owl and a rocket, at night",
    "three bananas on a table",
    "a blue elephant in the snow",
    "something sweet",
];

pub(crate) async fn run(args: args::Demo, json: bool) -> eyre::Result<()> {
    let play = async {
        if args.dispute {
            dispute::show(json).await
        } else {
            mine(&args, json).await
        }
    };
    let mut stop = StopSignal::listen()?;
    tokio::select! {
        shown = play => shown,
        // What is running stops as it is dropped.
        () = stop.asked() => Err(Interrupted.into()),
    }
}

/// Two miners compete for tasks.
async fn mine(args: &args::Demo, json: bool) -> eyre::Result<()> {
    if args.out.is_file() {
        bail!("{} is a file, not a folder", args.out.display());
    }
    fs::create_dir_all(&args.out)
        .wrap_err_with(|| format!("cannot make the folder {} for pictures", args.out.display()))?;
    let prompts = match args.prompts.is_empty() {
        true => PROMPTS.map(str::to_owned).to_vec(),
        false => args.prompts.clone(),
    };
    let started = Instant::now();
    let progress = Progress::new();
    let (chain, model) = start_chain(TestChain::builder(), &progress).await?;
    let miners = network::start_miners(&chain, model, &progress).await?;
    let asked = tasks::submit(&chain, model, prompts, &progress).await?;
    let solved = tasks::follow(&chain, &miners, &asked, &progress).await?;
    let reports = report::collect(&chain, &miners, &asked, &solved, &args.out, &progress).await?;
    for miner in miners {
        miner.handle.into_inner().stop().await?;
    }
    progress.end();
    report::print(&reports, started.elapsed(), json)
}
