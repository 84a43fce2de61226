//! What solves tasks: children on this machine's devices, and Cog servers.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use alloy_primitives::B256;
use arbius_sdk::content::{Cid, FetchLimits, Fetcher, FolderStore};
use arbius_sdk::inference::cog::{CogCommand, CogLimits};
use arbius_sdk::inference::machine::{gpu, memory, runtimes};
use arbius_sdk::inference::task_files::MAX_FILE_BYTES;
use arbius_sdk::inference::worker::{Station, WorkerCommand, WorkerOptions};
use arbius_sdk::inference::{Cog, FileError, FileSource, FileSources, Solvers, Workers};
use arbius_sdk::metrics::Metrics;
use arbius_sdk::miner::{BLOCKS_FOLDER, Catalogue};
use arbius_sdk::model::Bundle;
use eyre::{WrapErr as _, bail};
use futures_util::future::BoxFuture;

use crate::args;

/// How much of the machine solving takes.
struct Share {
    /// Models that run at a time on the processor.
    workers: NonZeroUsize,
    /// The same on each GPU.
    gpu_workers: NonZeroUsize,
    /// Memory of all models on the processor; three quarters of the machine's if it is not said.
    memory: Option<u64>,
}

/// What the miner has made itself, such as the text that a picture is asked for. The folder is
/// opened when a task asks: the miner makes it, and waits for the disk to have room for it.
#[derive(Debug)]
struct OwnResults(PathBuf);

impl FileSource for OwnResults {
    fn read<'a>(
        &'a self,
        cid: &'a Cid,
        path: &'a str,
    ) -> BoxFuture<'a, Result<Vec<u8>, FileError>> {
        Box::pin(async move {
            let store = FolderStore::open(&self.0)
                .map_err(|error| FileError::Unavailable(error.to_string()))?;
            store.read(cid, path).await
        })
    }
}

/// What solves a miner's tasks.
pub(crate) async fn of(
    args: &args::Mine,
    catalogue: &Catalogue,
    metrics: Metrics,
) -> eyre::Result<Solvers> {
    let share = Share {
        workers: args.workers,
        gpu_workers: args.gpu_workers,
        memory: args.models_memory,
    };
    let models: Vec<_> = catalogue.iter().collect();
    let own = OwnResults(args.folder.path.join(BLOCKS_FOLDER));
    let mut sources: Vec<Arc<dyn FileSource>> = vec![Arc::new(own)];
    sources.extend(files(&args.solving, &args.check_gateways)?);
    let files: Option<Arc<dyn FileSource>> = Some(Arc::new(FileSources(sources)));
    solvers(&args.solving, &share, files, &models, metrics).await
}

/// What solves one task of a model.
pub(crate) async fn once(
    args: &args::Solving,
    model: B256,
    bundle: &Arc<Bundle>,
) -> eyre::Result<Solvers> {
    let share = Share {
        workers: NonZeroUsize::MIN,
        gpu_workers: NonZeroUsize::MIN,
        memory: None,
    };
    let files = files(args, &[])?;
    solvers(args, &share, files, &[(model, bundle)], Metrics::new()).await
}

/// The models of graphs in children, those in containers on the servers named for them.
async fn solvers(
    args: &args::Solving,
    share: &Share,
    files: Option<Arc<dyn FileSource>>,
    models: &[(B256, &Arc<Bundle>)],
    metrics: Metrics,
) -> eyre::Result<Solvers> {
    let mut workers = workers(args, share, metrics).await?;
    if let Some(files) = &files {
        workers = workers.with_files(Arc::clone(files));
    }
    let mut solvers = Solvers::new(Arc::new(workers));
    for (named, server) in &args.cogs.servers {
        let is_named = |(id, bundle): &&(B256, &Arc<Bundle>)| {
            bundle.manifest().name == *named || id.to_string() == *named
        };
        let Some((_, bundle)) = models.iter().find(is_named) else {
            bail!("--cog names {named}, which is not among the models here");
        };
        let limits = CogLimits {
            solve: args.task_time,
            ..CogLimits::default()
        };
        let mut cog = cog(server, &args.cogs.children, limits)?;
        if let Some(files) = &files {
            cog = cog.with_files(Arc::clone(files));
        }
        solvers = solvers.with(*bundle.cid(), Arc::new(cog));
    }
    Ok(solvers)
}

/// A Cog server: one that runs, or one that is started for its first task.
pub(crate) fn cog(
    server: &args::CogServer,
    children: &args::CogChildren,
    limits: CogLimits,
) -> eyre::Result<Cog> {
    let folder = match server {
        args::CogServer::At(url) => return Ok(Cog::at(url, limits)?),
        args::CogServer::In(folder) => folder,
    };
    if !folder.join("cog.yaml").is_file() {
        bail!(
            "{} holds no cog.yaml; name the folder of a Cog model, or the address of its server",
            folder.display()
        );
    }
    let mut command = CogCommand::python(&children.cog_python, folder);
    command.limits.memory_bytes = Some(children.cog_memory);
    Ok(Cog::start(command, limits))
}

/// Where the files come from that tasks name: `others` if nothing is said of it.
fn files(args: &args::Solving, others: &[String]) -> eyre::Result<Option<Arc<dyn FileSource>>> {
    let gateways = match args.file_gateways.as_slice() {
        [] => others,
        named => named,
    };
    if gateways.is_empty() {
        return Ok(None);
    }
    let limits = FetchLimits {
        // With the blocks that hold the file together.
        bytes: MAX_FILE_BYTES + (1 << 20),
        ..FetchLimits::default()
    };
    Ok(Some(Arc::new(Fetcher::new(gateways, limits)?)))
}

/// Children on the processor and on every GPU that one of the runtimes can use.
async fn workers(args: &args::Solving, share: &Share, metrics: Metrics) -> eyre::Result<Workers> {
    let command = WorkerCommand::current_program()?;
    let mut options = WorkerOptions {
        solve_timeout: args.task_time,
        ..WorkerOptions::default()
    };
    options.limits.memory_bytes = Some(args.worker.memory);
    // A task is given up by the clock.
    options.limits.cpu_seconds = None;
    let mut found = Vec::new();
    for choice in runtimes::choices(args.runtimes.onnxruntime.iter().map(PathBuf::as_path)) {
        let name = choice.name();
        let runtime = runtimes::find(&command, choice).await;
        found.push(runtime.wrap_err_with(|| format!("the runtime {name} cannot be used"))?);
    }
    let all = found.iter().map(|runtime| runtime.choice.clone()).collect();
    let memory = share
        .memory
        .or_else(|| memory::total().map(|bytes| bytes / 4 * 3));
    let processor = Station::processor(all, options.clone(), share.workers, memory);
    let gpus = gpu::find().map(|gpus| gpus.devices).unwrap_or_default();
    let gpus = gpus
        .iter()
        .filter_map(|gpu| Station::gpu(gpu, &found, options.clone(), share.gpu_workers));
    let stations = std::iter::once(processor).chain(gpus).collect();
    Ok(Workers::on(command, stations, metrics))
}
