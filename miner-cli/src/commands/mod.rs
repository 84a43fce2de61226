//! One file a command.

#[cfg(feature = "devnet")]
mod demo;
#[cfg(feature = "devnet")]
mod devnet;
mod mine;
mod model;
mod submit;
mod task;

use std::io::{IsTerminal as _, stderr, stdin, stdout};

use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Command, Model, Task};

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> eyre::Result<()> {
    let Cli { command, json } = cli;
    if matches!(command, Command::InferWorker) {
        // No threads, no logging: the worker confines itself before it runs a model.
        return Ok(arbius_sdk::inference::worker::serve(
            stdin().lock(),
            stdout().lock(),
        )?);
    }
    log(&command);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match command {
            #[cfg(feature = "devnet")]
            Command::Demo(args) => demo::run(args, json).await,
            #[cfg(feature = "devnet")]
            Command::Devnet(args) => devnet::run(args, json).await,
            Command::Submit(args) => submit::run(args, json).await,
            Command::Task(Task::Show { id, network }) => task::show(id, &network, json).await,
            Command::Model(Model::List { network }) => model::list(&network, json).await,
            Command::Mine(args) => mine::run(args, json).await,
            Command::InferWorker => Ok(()),
        }
    })
}

/// Logs to standard error what the variable `ARBIUS_LOG` asks for, such as
/// `arbius_sdk=debug`. A miner and a chain show warnings without being asked.
fn log(command: &Command) {
    let otherwise = match command {
        Command::Mine(_) => "warn",
        #[cfg(feature = "devnet")]
        Command::Devnet(_) => "warn",
        _ => "off",
    };
    let filter = EnvFilter::try_from_env("ARBIUS_LOG").unwrap_or_else(|_| otherwise.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .init();
}

/// Ends when somebody asks the program to end: Ctrl-C, or SIGTERM where there is that.
pub(crate) async fn asked_to_stop() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
