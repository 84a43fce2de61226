//! One file a command.

mod account;
mod claim;
mod contest;
mod contract;
#[cfg(feature = "devnet")]
mod demo;
mod deploy;
#[cfg(feature = "devnet")]
mod devnet;
mod doctor;
mod gov;
mod ipfs;
mod jobs;
mod mine;
mod model;
mod recompute;
mod settle;
mod stake;
mod status;
mod store;
mod submit;
mod tasks;
mod vote;

use std::io::{IsTerminal as _, stderr, stdin, stdout};
use std::path::Path;
use std::time::Duration;

use arbius_sdk::miner::{StoreError, StoreFile};
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Command, Ipfs, LogFormat, Model};

/// How long is waited at the end for what runs in threads of its own.
const PARTING: Duration = Duration::from_secs(1);

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> eyre::Result<()> {
    let Cli {
        command,
        json,
        log_format,
    } = cli;
    if matches!(command, Command::InferWorker) {
        // No threads, no logging: the worker confines itself before it runs a model.
        return Ok(arbius_sdk::inference::worker::serve(
            stdin().lock(),
            stdout().lock(),
        )?);
    }
    log(&command, log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        match command {
            #[cfg(feature = "devnet")]
            Command::Demo(args) => demo::run(args, json).await,
            #[cfg(feature = "devnet")]
            Command::Devnet(args) => devnet::run(args, json).await,
            Command::Submit(args) => submit::run(args, json).await,
            Command::Tasks(args) => tasks::run(args, json).await,
            Command::Model(Model::List { network }) => model::list(&network, json).await,
            Command::Model(Model::Pack(args)) => model::pack(&args, json).await,
            Command::Model(Model::Inspect { model }) => model::inspect(&model, json),
            Command::Model(Model::Register(args)) => model::register(&args, json).await,
            Command::Model(Model::Certify(args)) => model::certify(&args, json).await,
            Command::Doctor(args) => doctor::run(&args, json).await,
            Command::Mine(args) => mine::run(*args, json).await,
            Command::Status(args) => status::run(args, json).await,
            Command::Jobs(args) => jobs::run(args, json).await,
            Command::Stake(args) => stake::run(args, json).await,
            Command::Claim(args) => claim::run(args, json).await,
            Command::Contest(args) => contest::run(args, json).await,
            Command::Vote(args) => vote::run(args, json).await,
            Command::Settle(args) => settle::run(args, json).await,
            Command::Deploy(args) => deploy::run(*args, json).await,
            Command::Contract(args) => contract::run(args, json).await,
            Command::Store(args) => store::run(args, json).await,
            Command::Gov(args) => gov::run(*args, json).await,
            Command::Ipfs(args) => ipfs::run(*args, json).await,
            Command::InferWorker => Ok(()),
        }
    });
    // Whoever was stopped may still wait for standard input, which cannot be called off.
    runtime.shutdown_timeout(PARTING);
    done
}

/// The store of a miner that does not run.
fn store_of(folder: &Path) -> eyre::Result<StoreFile> {
    StoreFile::open(folder).map_err(|error| explain(folder, error))
}

/// What an error of a store means to whoever looks after its miner.
fn explain(folder: &Path, error: StoreError) -> eyre::Report {
    let folder = folder.display();
    match error {
        StoreError::Missing { .. } => eyre::eyre!(
            "there is no store of a miner in {folder}; name the miner's folder with --folder"
        ),
        StoreError::InUse { .. } => eyre::eyre!(
            "a miner runs with {folder} and cannot be asked; it may be starting or stopping, so \
             try again in a moment"
        ),
        other => other.into(),
    }
}

/// Logs to standard error what the variable `ARBIUS_LOG` asks for, or else `RUST_LOG`, such
/// as `arbius_sdk=debug`. A miner and a chain show warnings without being asked.
fn log(command: &Command, format: LogFormat) {
    let otherwise = match command {
        Command::Mine(_) => "warn",
        Command::Ipfs(args) if matches!(**args, Ipfs::Serve(_)) => "warn",
        #[cfg(feature = "devnet")]
        Command::Devnet(_) => "warn",
        _ => "off",
    };
    let filter = EnvFilter::try_from_env("ARBIUS_LOG")
        .or_else(|_| EnvFilter::try_from_default_env())
        .unwrap_or_else(|_| otherwise.into());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A line that cannot be written is lost; to say so on standard error too would end the
        // program where that is a file on a disk that is full.
        .log_internal_errors(false)
        .with_writer(stderr);
    match format {
        LogFormat::Text => lines.with_ansi(stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}

/// Hears when somebody asks the program to end: Ctrl-C, or SIGTERM where there is that. It hears
/// from when it is made; what came while nobody heard would be lost, as the system's own answer,
/// which is to kill, is gone once anybody has listened.
pub(crate) struct StopSignal {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl StopSignal {
    /// Begins to listen.
    #[cfg(unix)]
    pub(crate) fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Begins to listen.
    #[cfg(windows)]
    pub(crate) fn listen() -> std::io::Result<Self> {
        let interrupt = tokio::signal::windows::ctrl_c()?;
        Ok(Self { interrupt })
    }

    /// Waits until somebody asks. May be dropped and called again.
    pub(crate) async fn asked(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(windows)]
        self.interrupt.recv().await;
    }
}
