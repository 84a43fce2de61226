//! The requester service as a program of its own.

use std::{
    env::{self, VarError},
    io::IsTerminal as _,
    net::SocketAddr,
    path::PathBuf,
};

use alloy_primitives::{B256, U256};
use arbius_example_service::{Limits, Service, Settings};
use arbius_sdk::{chain::Signer, client::Network, contracts::AIUS, deploy::Deployment};
use clap::Parser;
use eyre::{Result, WrapErr as _, bail, eyre};
use tracing_subscriber::EnvFilter;

/// What a task pays above the model's own fee unless told otherwise: 0.1 AIUS.
const FOR_THE_SOLVER: U256 = U256::from_limbs([(AIUS / 10) as u64, 0, 0, 0]);

/// Holds what clients have to show.
const TOKEN_VARIABLE: &str = "ARBIUS_SERVICE_TOKEN";

/// Asks a model for whoever sends a prompt over HTTP.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The deployment file.
    #[arg(long, default_value = "arbius.json")]
    deployment: PathBuf,
    /// The model's id; the only one that takes tasks if there is only one.
    #[arg(long)]
    model: Option<B256>,
    /// What each task pays, wei of AIUS; the model's fee and 0.1 AIUS unless given.
    #[arg(long)]
    fee: Option<U256>,
    /// A gateway to fetch results from; may be given several times.
    #[arg(long = "gateway", required = true)]
    gateways: Vec<String>,
    /// Where requests and results are kept.
    #[arg(long, default_value = "service")]
    folder: PathBuf,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// A file with the account's private key; without it the environment variable ARBIUS_KEY
    /// is read.
    #[arg(long)]
    key_file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let service = Service::start(settings(Args::parse()).await?).await?;
    println!("serving at {}", service.url());
    let ended = tokio::select! {
        asked = asked_to_stop() => asked.wrap_err("signals cannot be heard"),
        () = service.broken() => Err(eyre!(
            "requests cannot be written down; the log says why. Start it again when that is \
             mended: every request goes on where it stood"
        )),
    };
    service.stop().await;
    ended
}

async fn settings(args: Args) -> Result<Settings> {
    let deployment = Deployment::load(&args.deployment)?;
    let signer = match &args.key_file {
        Some(path) => Signer::from_file(path)?,
        None => Signer::from_env("ARBIUS_KEY")?,
    };
    let network = Network::connect(&deployment).await?;
    let model = match args.model {
        Some(id) => network.model(id).await?,
        None => {
            let models = network.models().await?;
            let mut enabled = models.into_iter().filter(|model| model.enabled);
            match (enabled.next(), enabled.next()) {
                (Some(model), None) => model,
                (None, _) => bail!("no model takes tasks here; register one first"),
                (Some(_), Some(_)) => bail!("several models take tasks here: name one by --model"),
            }
        }
    };
    Ok(Settings {
        deployment,
        signer,
        model: model.id,
        fee: args
            .fee
            .unwrap_or_else(|| model.fee.saturating_add(FOR_THE_SOLVER)),
        gateways: args.gateways,
        folder: args.folder,
        listen: args.listen,
        token: token()?,
        limits: Limits::default(),
    })
}

/// The token that clients have to show. One that cannot be used is no reason to ask for none.
fn token() -> Result<Option<String>> {
    match env::var(TOKEN_VARIABLE) {
        Err(VarError::NotPresent) => Ok(None),
        Ok(token) if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(Some(token))
        }
        _ => bail!(
            "{TOKEN_VARIABLE} holds no token: it is one or more printable ASCII characters \
             without a space; unset it to let anybody ask"
        ),
    }
}

/// Waits for Ctrl-C, or to be terminated.
async fn asked_to_stop() -> std::io::Result<()> {
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
