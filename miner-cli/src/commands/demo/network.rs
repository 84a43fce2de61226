//! The chain, the contracts, the model, the two miners.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{B256, U256};
use arbius_models::STICKERS;
use arbius_sdk::deploy::model::{ModelTerms, register_model};
use arbius_sdk::inference::Workers;
use arbius_sdk::inference::worker::{WorkerCommand, WorkerOptions};
use arbius_sdk::miner::{Catalogue, Miner, MinerHandle, Settings};
use arbius_testkit::{Actor, TestChain, TestChainBuilder};
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::Progress;
use crate::models;

/// What the model's owner takes of each task: 0.05 AIUS.
const MODEL_FEE: u64 = 50_000_000_000_000_000;

/// The model earns whole rewards.
const RATE: u64 = 1_000_000_000_000_000_000;

/// A miner of the demo.
pub(super) struct RunningMiner {
    /// What it is called in tables.
    pub(super) name: String,
    /// The miner; locked while it is listened to.
    pub(super) handle: Mutex<MinerHandle>,
    /// Where its gateway serves.
    pub(super) gateway: String,
    /// Its jobs and outputs, removed at the end.
    _folder: TempDir,
}

/// Starts a chain and deploys the protocol with the model of stickers, unless it is a saved
/// chain that has them. Gives the model's id.
pub(crate) async fn start_chain(
    chain: TestChainBuilder,
    progress: &Progress,
) -> eyre::Result<(TestChain, B256)> {
    let stage = progress.stage("starting a local chain and deploying the contracts");
    let says = stage.voice();
    let fee = U256::from(MODEL_FEE);
    let chain = chain
        .model(STICKERS.name, STICKERS.template, fee, U256::from(RATE))
        .start(move |purpose| says(format!("deploying: {purpose}")))
        .await?;
    let engine = chain.engine();
    stage.done(format!(
        "the protocol is deployed on {}, its engine at {engine}",
        chain.devnet().url()
    ));
    let stage = progress.stage("looking for the model");
    let terms = ModelTerms {
        fee_address: chain.lane(Actor::ModelOwner)?.address(),
        fee,
    };
    // It is there already: this finds its id.
    let owner = chain.lane(Actor::Owner)?;
    let model = register_model(owner, engine, terms, STICKERS.template).await?;
    stage.done(format!(
        "model `{}` is registered as {model}",
        STICKERS.name
    ));
    Ok((chain, model))
}

/// Starts two miners with keys, folders, worker processes and gateways of their own.
pub(super) async fn start_miners(
    chain: &TestChain,
    model: B256,
    progress: &Progress,
) -> eyre::Result<Vec<RunningMiner>> {
    let stage = progress.stage("starting two miners, which prove that they can run the model");
    let bundle = models::embedded(&STICKERS)?;
    let start = async |number: usize| -> eyre::Result<RunningMiner> {
        let folder = tempfile::tempdir()?;
        let command = WorkerCommand::current_program()?;
        let workers = Workers::new(command, WorkerOptions::default(), NonZeroUsize::MIN);
        let settings = Settings {
            poll: Duration::from_millis(50),
            ..Settings::default()
        };
        let handle = Miner::builder()
            .deployment(chain.deployment().clone())
            .signer(chain.signer(Actor::Miner(number))?)
            .solver(Arc::new(workers))
            .folder(folder.path())
            .catalogue(Catalogue::new().with(model, Arc::clone(&bundle)))
            .gateway(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .settings(settings)
            .spawn()
            .await?;
        Ok(RunningMiner {
            name: format!("miner {}", number + 1),
            gateway: handle.gateway().unwrap_or_default(),
            handle: Mutex::new(handle),
            _folder: folder,
        })
    };
    let (first, second) = tokio::try_join!(start(0), start(1))?;
    stage.done(format!(
        "two miners have staked and listen, with gateways at {} and {}",
        first.gateway, second.gateway
    ));
    Ok(vec![first, second])
}
