//! What the commands about models and about this machine are told.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::{Address, U256};
use clap::{Args, Subcommand};

use super::values::{age, bytes, cog_server, count, model_server};
use super::{Key, Network};
use crate::amount;

#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// List the models that are registered.
    #[command(after_help = "\
Examples:
  arbius model list
  arbius model list --json")]
    List {
        #[command(flatten)]
        network: Network,
    },
    /// Make a model's bundle: its manifest and its passport, with the outputs of its examples.
    ///
    /// The folder holds `template.json`, `source.json` (name, licence, class, pipeline, files,
    /// examples) and the files. Two files are written beside them, and the bundle's CID into
    /// the template.
    #[command(after_help = "\
Examples:
  arbius model pack models/digits
  arbius model pack my-model --onnxruntime target/onnxruntime/1.31.1/libonnxruntime.so
  arbius model pack my-container --cog http://127.0.0.1:5000
  arbius model pack my-container --cog my-container --cog-python .venv/bin/python")]
    Pack(Pack),
    /// Show what a bundle holds and what its passport promises.
    #[command(after_help = "\
Examples:
  arbius model inspect models/digits
  arbius model inspect digits --json")]
    Inspect {
        /// A bundle's folder, or the name of a model in this program.
        #[arg(value_name = "MODEL")]
        model: String,
    },
    /// Register a model with the engine, after making its golden outputs here.
    ///
    /// Anyone may. The template goes on-chain; keep the bundle where miners can get it. A
    /// model earns fees at once, and new AIUS when governance has given it a rate.
    #[command(after_help = "\
Examples:
  arbius model register models/digits --fee 0.05
  arbius model register my-model --fee 1 --fee-address 0x19E7… --keystore key.json")]
    Register(Register),
    /// Run a model on everything at hand and say whether it keeps its promise.
    ///
    /// Fails unless it does. A model of the class integer is checked operator by operator and
    /// run with every runtime, thread count and optimisation level, each in a fresh process; a
    /// pinned one in fresh processes on what it is pinned to.
    #[command(after_help = "\
Examples:
  arbius model certify digits
  arbius model certify my-model --onnxruntime 1.17.1/libonnxruntime.so,1.31.1/libonnxruntime.so
  arbius model certify my-model --threads 1,8 --repeats 10 --json > certificate.json")]
    Certify(Certify),
}

/// Which runtimes there are.
#[derive(Debug, Args)]
pub(crate) struct Runtimes {
    /// The shared library of ONNX Runtime (`libonnxruntime.so`); several, by commas, where
    /// several versions are at hand. rten is in this program.
    #[arg(
        help_heading = "Models",
        long,
        value_name = "FILE",
        value_delimiter = ',',
        env = "ARBIUS_ONNXRUNTIME",
        hide_env_values = true
    )]
    pub(crate) onnxruntime: Vec<PathBuf>,
}

/// What a process that runs a model may take.
#[derive(Debug, Args)]
pub(crate) struct Worker {
    /// The most memory that each process which runs a model may map.
    #[arg(
        help_heading = "Models",
        long = "worker-memory",
        value_name = "SIZE",
        default_value = "4G",
        value_parser = bytes
    )]
    pub(crate) memory: u64,
}

/// With what tasks are computed.
#[derive(Debug, Args)]
pub(crate) struct Solving {
    #[command(flatten)]
    pub(crate) worker: Worker,
    #[command(flatten)]
    pub(crate) runtimes: Runtimes,
    #[command(flatten)]
    pub(crate) cogs: Cogs,
    /// A gateway from which the files are fetched that tasks name as inputs; may be given
    /// several times. A miner looks among its own results first, and without one asks those of
    /// --check-gateway.
    #[arg(
        help_heading = "Models",
        long = "file-gateway",
        value_name = "URL",
        value_delimiter = ',',
        env = "ARBIUS_FILE_GATEWAYS",
        hide_env_values = true
    )]
    pub(crate) file_gateways: Vec<String>,
    /// Give a task up that takes longer to compute.
    #[arg(help_heading = "Models", long, value_name = "TIME", default_value = "10m", value_parser = age)]
    pub(crate) task_time: Duration,
}

/// Where a model in a container runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CogServer {
    /// On a server that somebody has started, by its address.
    At(String),
    /// On a server that this program starts in that folder.
    In(PathBuf),
}

/// Where models in containers run.
#[derive(Debug, Args)]
pub(crate) struct Cogs {
    /// The Cog server of a model that runs in a container, by the model's name or id: the
    /// address of one that runs, or the folder of its `cog.yaml`, in which one is started as a
    /// child process when it is needed; may be given several times.
    #[arg(help_heading = "Models", long = "cog", value_name = "MODEL=URL|DIR", value_parser = model_server)]
    pub(crate) servers: Vec<(String, CogServer)>,
    #[command(flatten)]
    pub(crate) children: CogChildren,
}

/// Where the one model that a command is about runs, if that is in a container.
#[derive(Debug, Args)]
pub(crate) struct Container {
    /// The Cog server of a model in a container: its address, or the folder to start it in.
    #[arg(help_heading = "Models", long = "cog", value_name = "URL|DIR", value_parser = cog_server)]
    pub(crate) server: Option<CogServer>,
    #[command(flatten)]
    pub(crate) children: CogChildren,
}

/// How Cog servers are started as child processes.
#[derive(Debug, Args)]
pub(crate) struct CogChildren {
    /// The Python that they are started with. It has the package cog and whatever the model
    /// needs; what it runs can read what you can read.
    #[arg(
        help_heading = "Models",
        long,
        value_name = "FILE",
        default_value = "python3",
        env = "ARBIUS_COG_PYTHON",
        hide_env_values = true
    )]
    pub(crate) cog_python: PathBuf,
    /// The most memory that each of their processes may map.
    #[arg(
        help_heading = "Models",
        long,
        value_name = "SIZE",
        default_value = "16G",
        value_parser = bytes
    )]
    pub(crate) cog_memory: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Pack {
    /// The folder.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Make the outputs with ONNX Runtime, from this shared library, instead of rten: for
    /// models that are pinned to it.
    #[arg(long, value_name = "FILE")]
    pub(crate) onnxruntime: Option<PathBuf>,
    /// Make the outputs on the Cog server at this address, or on one that is started in this
    /// folder: for models in containers.
    #[arg(long, value_name = "URL|DIR", conflicts_with = "onnxruntime", value_parser = cog_server)]
    pub(crate) cog: Option<CogServer>,
    #[command(flatten)]
    pub(crate) cogs: CogChildren,
}

#[derive(Debug, Args)]
pub(crate) struct Register {
    /// The bundle's folder, or the name of a model in this program.
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,
    /// What every task pays to the fee address, in AIUS.
    #[arg(long, value_name = "AIUS", default_value = "0", value_parser = amount::parse, allow_negative_numbers = true)]
    pub(crate) fee: U256,
    /// Who receives the model fee [default: the account that registers]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) fee_address: Option<Address>,
    #[command(flatten)]
    pub(crate) runtimes: Runtimes,
    #[command(flatten)]
    pub(crate) container: Container,
    #[command(flatten)]
    pub(crate) network: Network,
    #[command(flatten)]
    pub(crate) key: Key,
}

#[derive(Debug, Args)]
pub(crate) struct Certify {
    /// A bundle's folder, or the name of a model in this program.
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,
    #[command(flatten)]
    pub(crate) runtimes: Runtimes,
    #[command(flatten)]
    pub(crate) container: Container,
    /// Thread counts to try.
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_value = "1,2,4", value_parser = count, allow_negative_numbers = true)]
    pub(crate) threads: Vec<NonZeroUsize>,
    /// How often to make every golden output in each process.
    #[arg(long, value_name = "COUNT", default_value = "2", value_parser = count, allow_negative_numbers = true)]
    pub(crate) repeats: NonZeroUsize,
    #[command(flatten)]
    pub(crate) worker: Worker,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// A folder with the bundle of a model, beside those in this program; may be given
    /// several times.
    #[arg(help_heading = "Models", long = "bundle", value_name = "DIR")]
    pub(crate) bundles: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) worker: Worker,
    #[command(flatten)]
    pub(crate) runtimes: Runtimes,
    #[command(flatten)]
    pub(crate) cogs: Cogs,
}
