//! What a miner is told.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::U256;
use arbius_sdk::miner::Roles;
use clap::Args;

use super::values::{age, bytes, count, percent, rate, socket};
use super::{Folder, GATEWAY, Key, Network, PinStores, Solving};
use crate::amount;

#[derive(Debug, Args)]
pub(crate) struct Mine {
    #[command(flatten)]
    pub(crate) folder: Folder,
    /// Where to serve outputs over HTTP; port 0 takes any that is free.
    #[arg(help_heading = "Serving", 
        long,
        value_name = "ADDRESS",
        env = "ARBIUS_GATEWAY",
        hide_env_values = true,
        default_value = GATEWAY,
        value_parser = socket
    )]
    pub(crate) gateway: SocketAddr,
    /// Where to serve `/health`, `/metrics` and `/status`. `arbius status` finds it by the
    /// folder; name a port for Prometheus.
    #[arg(help_heading = "Serving", 
        long,
        value_name = "ADDRESS",
        env = "ARBIUS_MONITOR",
        hide_env_values = true,
        default_value = "127.0.0.1:0",
        value_parser = socket
    )]
    pub(crate) monitor: SocketAddr,
    /// A model to mine, by id or name; may be given several times. Without, on a local chain,
    /// all that this program has bundles for.
    #[arg(
        help_heading = "Models",
        long = "model",
        value_name = "MODEL",
        value_delimiter = ',',
        env = "ARBIUS_MODELS",
        hide_env_values = true
    )]
    pub(crate) models: Vec<String>,
    /// Mine every model that there is a bundle for.
    #[arg(help_heading = "Models", long, conflicts_with = "models")]
    pub(crate) all_known: bool,
    /// A folder with the bundle of a model to mine, beside those in this program; may be
    /// given several times.
    #[arg(help_heading = "Models", long = "bundle", value_name = "DIR")]
    pub(crate) bundles: Vec<PathBuf>,
    /// Leave tasks to others that pay less, in AIUS.
    #[arg(help_heading = "Limits", long, value_name = "AIUS", default_value = "0", value_parser = amount::parse, allow_negative_numbers = true)]
    pub(crate) min_fee: U256,
    /// Models to run at a time, each in a process of its own.
    #[arg(help_heading = "Models", long, value_name = "COUNT", default_value = "1", value_parser = count, allow_negative_numbers = true)]
    pub(crate) workers: NonZeroUsize,
    #[command(flatten)]
    pub(crate) solving: Solving,
    /// Models to run at a time on each GPU, where its memory allows.
    #[arg(help_heading = "Models", long, value_name = "COUNT", default_value = "1", value_parser = count, allow_negative_numbers = true)]
    pub(crate) gpu_workers: NonZeroUsize,
    /// Memory that all models on the processor may take together, running and idle; idle ones
    /// give way first [default: three quarters of the machine's]
    #[arg(help_heading = "Models", long, value_name = "SIZE", value_parser = bytes)]
    pub(crate) models_memory: Option<u64>,
    /// Begin reading the chain at this block, where the endpoints keep no older history; tasks
    /// submitted before it are not seen [default: where the deployment begins].
    #[arg(help_heading = "Reading the chain", long, value_name = "BLOCK")]
    pub(crate) from_block: Option<u64>,
    /// Send each endpoint no more requests per second than this.
    #[arg(help_heading = "Reading the chain", long, value_name = "COUNT", value_parser = rate)]
    pub(crate) rpc_rate: Option<f64>,
    /// While a single one of several endpoints answers, believe it in what money depends on:
    /// contesting, voting, settling, giving a job up. Otherwise that waits for a second one.
    #[arg(help_heading = "Reading the chain", long)]
    pub(crate) believe_one_endpoint: bool,
    /// What to do, of solve, verify, contest, vote, claim, notify and pin [default: all but
    /// notify and pin]
    #[arg(
        help_heading = "Roles",
        long,
        value_name = "LIST",
        env = "ARBIUS_ROLES",
        hide_env_values = true
    )]
    pub(crate) roles: Option<Roles>,
    /// Do everything but send: say what would have been sent.
    #[arg(
        help_heading = "Roles",
        long,
        env = "ARBIUS_SHADOW",
        hide_env_values = true
    )]
    pub(crate) shadow: bool,
    /// Compute every task twice, and commit only if both runs agree.
    #[arg(
        help_heading = "Roles",
        long,
        env = "ARBIUS_SECOND_RUN",
        hide_env_values = true
    )]
    pub(crate) second_run: bool,
    /// How many in a hundred of the others' solutions to compute again.
    #[arg(help_heading = "Roles", long, value_name = "PERCENT", default_value = "5", value_parser = percent, allow_negative_numbers = true)]
    pub(crate) verify_share: f64,
    /// How many in a hundred when nothing else is to be computed.
    #[arg(help_heading = "Roles", long, value_name = "PERCENT", default_value = "50", value_parser = percent, allow_negative_numbers = true)]
    pub(crate) verify_idle_share: f64,
    /// How often to make the golden outputs of the models again: a machine that no longer makes
    /// them stops working on the model.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = age)]
    pub(crate) recheck: Duration,
    /// The most gas to tell one consumer its outcome with, for the role `notify`.
    #[arg(long, value_name = "GAS", default_value_t = 500_000)]
    pub(crate) notify_gas: u64,
    /// Claim for others, too, what came out right here and they have left unclaimed for an
    /// hour. It brings you nothing.
    #[arg(long)]
    pub(crate) claim_for_others: bool,
    /// A gateway from which the others' outputs are tried to be fetched; may be given several
    /// times. What none has is computed again first.
    #[arg(
        help_heading = "Roles",
        long = "check-gateway",
        value_name = "URL",
        value_delimiter = ',',
        env = "ARBIUS_CHECK_GATEWAYS",
        hide_env_values = true
    )]
    pub(crate) check_gateways: Vec<String>,
    /// A file with models, requesters and prompts to leave alone; read again when it changes.
    #[arg(
        help_heading = "Limits",
        long,
        value_name = "FILE",
        env = "ARBIUS_DENY",
        hide_env_values = true
    )]
    pub(crate) deny: Option<PathBuf>,
    /// Leave tasks alone whose input is longer, in bytes.
    #[arg(help_heading = "Limits", long, value_name = "SIZE", value_parser = bytes)]
    pub(crate) max_input: Option<u64>,
    /// Take no more tasks on while so many wait.
    #[arg(help_heading = "Limits", long, value_name = "COUNT", value_parser = count, allow_negative_numbers = true)]
    pub(crate) max_queue: Option<NonZeroUsize>,
    /// Take no more tasks on while the outputs take this much of the disk.
    #[arg(help_heading = "Limits", long, value_name = "SIZE", value_parser = bytes)]
    pub(crate) max_disk: Option<u64>,
    /// Take no more tasks on while the machine has less memory to spare.
    #[arg(help_heading = "Limits", long, value_name = "SIZE", value_parser = bytes)]
    pub(crate) min_free_memory: Option<u64>,
    /// Jobs in progress at a time, those that wait for a contest period not counted.
    #[arg(help_heading = "Limits", long, value_name = "COUNT", default_value = "16", value_parser = count, allow_negative_numbers = true)]
    pub(crate) parallel_jobs: NonZeroUsize,
    /// What 1 AIUS is worth in ether: with it, tasks that pay less than their gas are left
    /// alone.
    #[arg(help_heading = "Limits", long, value_name = "ETHER", value_parser = amount::parse_as_ether, allow_negative_numbers = true)]
    pub(crate) aius_price: Option<U256>,
    /// By how many percent a task has to pay more than its gas.
    #[arg(
        help_heading = "Limits",
        long,
        value_name = "PERCENT",
        default_value_t = 0,
        requires = "aius_price"
    )]
    pub(crate) margin: u64,
    /// Send nothing while gas costs more than this, wei.
    #[arg(
        help_heading = "Fees and stake",
        long,
        value_name = "WEI",
        env = "ARBIUS_MAX_GAS_PRICE",
        hide_env_values = true
    )]
    pub(crate) max_gas_price: Option<u128>,
    /// Let what can wait wait while gas costs more than this, wei.
    #[arg(help_heading = "Fees and stake", long, value_name = "WEI")]
    pub(crate) routine_gas_price: Option<u128>,
    /// Most tasks that are committed to, revealed or claimed in one transaction [default: 50]
    #[arg(long, value_name = "COUNT", value_parser = count, allow_negative_numbers = true)]
    pub(crate) bulk: Option<NonZeroUsize>,
    /// Never deposit stake.
    #[arg(help_heading = "Fees and stake", long)]
    pub(crate) no_stake: bool,
    /// Leave earnings with the engine instead of taking them out after claims.
    #[arg(help_heading = "Fees and stake", long)]
    pub(crate) no_withdraw: bool,
    /// Forget finished jobs after this time, and their outputs; their totals stay.
    #[arg(help_heading = "Limits", long, value_name = "TIME", default_value = "90d", value_parser = age)]
    pub(crate) keep_jobs: Duration,
    #[command(flatten)]
    pub(crate) pin_stores: PinStores,
    #[command(flatten)]
    pub(crate) network: Network,
    #[command(flatten)]
    pub(crate) key: Key,
}
