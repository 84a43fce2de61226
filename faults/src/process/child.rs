//! The child's end: the sdk's miner as operators run it, with inference in children of its
//! own.

use std::{
    io::{Write as _, stderr, stdin, stdout},
    num::NonZeroUsize,
    sync::{Arc, PoisonError},
    thread,
    time::Duration,
};

use arbius_sdk::{
    chain::Signer,
    inference::{
        Workers,
        worker::{WorkerCommand, WorkerOptions, serve},
    },
    miner::{Catalogue, Miner, MinerHandle, Roles, Settings, Verification},
};
use rustix::process::Signal;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};
use tracing::{Level, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use super::{
    Config,
    message::{Request, Response},
    tap::{Disk, Tap, Times},
};
use crate::model;

/// Plays the child: a worker for inference when it is started as one, else a miner whose
/// configuration is the first line of its standard input.
///
/// # Errors
///
/// What keeps either from starting; the parent is told of it too.
pub fn run_as_child() -> eyre::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("infer-worker") {
        // No threads, no logging: the worker confines itself before it runs a model.
        return Ok(serve(stdin().lock(), stdout().lock())?);
    }
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(mine())
}

async fn mine() -> eyre::Result<()> {
    // A write beyond the limit of file sizes, which stands for a full disk, is to fail: the
    // default action of its signal would end the process.
    let _beyond_the_limit = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()))?;
    let mut lines = lines();
    let line = lines.recv().await.unwrap_or_default();
    let config: Config = serde_json::from_str(&line)?;
    let (disk, times) = listen(&config);
    let miner = match spawn(config).await {
        Ok(miner) => miner,
        Err(error) => return say(&Response::Failed(format!("{error:#}"))),
    };
    say(&Response::Ready(miner.account()))?;
    serve_parent(miner, lines, &disk, times).await
}

/// What the parent says, line by line, until it is gone.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(1);
    // A thread of its own: a read of standard input cannot be given up.
    thread::spawn(move || {
        for line in stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Logs to standard error, and taps the spans.
fn listen(config: &Config) -> (Disk, Times) {
    let tap = Tap::new(config);
    let heard = (tap.disk(), tap.times());
    let spans = Targets::new().with_target("arbius_sdk", Level::DEBUG);
    let log = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(stderr)
        .with_filter(LevelFilter::INFO);
    tracing_subscriber::registry()
        .with(tap.with_filter(spans))
        .with(log)
        .init();
    heard
}

async fn spawn(config: Config) -> eyre::Result<MinerHandle> {
    let bundle = model::bundle()?;
    let catalogue = config
        .models
        .iter()
        .fold(Catalogue::new(), |catalogue, model| {
            catalogue.with(*model, Arc::clone(&bundle))
        });
    let options = WorkerOptions {
        solve_timeout: Duration::from_millis(config.solve_millis),
        ..WorkerOptions::default()
    };
    let count = NonZeroUsize::new(config.workers).unwrap_or(NonZeroUsize::MIN);
    let workers = Workers::new(WorkerCommand::current_program()?, options, count);
    let settings = Settings {
        poll: Duration::from_millis(config.poll_millis),
        parallel_solves: count.get(),
        verification: Verification {
            share_percent: config.verify_percent,
            ..Verification::default()
        },
        roles: match config.all_roles {
            true => Roles::ALL,
            false => Roles::default(),
        },
        claim_for_others: config.all_roles,
        ..Settings::default()
    };
    let miner = Miner::builder()
        .deployment(config.deployment)
        .signer(Signer::from_key(&config.key)?)
        .solver(Arc::new(workers))
        .catalogue(catalogue)
        .folder(config.folder)
        .gateway(([127, 0, 0, 1], 0).into())
        .monitor(([127, 0, 0, 1], 0).into())
        .settings(settings);
    Ok(miner.spawn().await?)
}

/// Does what the parent asks until it asks for the end, is gone, or the miner ends.
async fn serve_parent(
    mut miner: MinerHandle,
    mut lines: mpsc::Receiver<String>,
    disk: &Disk,
    times: Times,
) -> eyre::Result<()> {
    loop {
        let line = tokio::select! {
            line = lines.recv() => line,
            ended = miner.ended() => {
                let reason = ended.map_or_else(|error| error.to_string(), |()| String::new());
                return say(&Response::Failed(reason));
            }
        };
        match line.as_deref().map(serde_json::from_str).transpose()? {
            // While its store cannot be read, it knows of none.
            Some(Request::Jobs) => say(&Response::Jobs(miner.jobs().unwrap_or_default()))?,
            Some(Request::Cases) => say(&Response::Cases(miner.cases().unwrap_or_default()))?,
            Some(Request::Stop) | None => break,
        }
    }
    disk.stay_free();
    let ended = miner.stop().await;
    let times = times.lock().unwrap_or_else(PoisonError::into_inner).clone();
    say(&match ended {
        Ok(()) => Response::Stopped(times),
        Err(error) => Response::Failed(error.to_string()),
    })
}

fn say(response: &Response) -> eyre::Result<()> {
    let mut line = serde_json::to_vec(response)?;
    line.push(b'\n');
    let mut out = stdout().lock();
    out.write_all(&line)?;
    Ok(out.flush()?)
}
