//! The command line.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::{B256, U256};
use arbius_sdk::deploy::Deployment;
use clap::{Args, Parser, Subcommand};

use crate::amount;

/// Where a miner's gateway listens, and where a requester looks for outputs, unless told
/// otherwise: so that the two find each other on one machine.
pub(crate) const GATEWAY: &str = "127.0.0.1:8090";

/// The deployment file that one command writes and the others read.
pub(crate) const DEPLOYMENT: &str = "arbius.json";

/// Machine learning tasks on Arbius: request them, solve them, be paid.
///
/// A task goes on-chain, a miner computes it bit for bit as anyone else would, commits,
/// reveals and is paid.
#[derive(Debug, Parser)]
#[command(
    name = "arbius",
    version,
    propagate_version = true,
    after_help = "\
Examples:
  arbius demo                          the whole protocol in seconds, on this machine
  arbius devnet                        a local chain with the protocol on it, then, elsewhere:
  arbius mine                          solve its tasks
  arbius submit \"a handwritten seven\" --wait --out seven.png"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print JSON on standard output instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the whole protocol on this machine and show what happens.
    ///
    /// Starts a local chain, deploys the contracts by ordinary transactions, registers a
    /// model that draws digits, submits tasks (one of them through a contract) and lets two
    /// miners compete for them. Ends with a table and with the pictures as files, fetched
    /// from the miners and checked against the CIDs on the chain.
    #[cfg(feature = "devnet")]
    Demo(Demo),
    /// Run a local chain with the whole protocol deployed, until Ctrl-C.
    ///
    /// Prints the RPC address and funded accounts, and writes the deployment file that the
    /// other commands read. It listens on this machine alone. With `--state` it goes on where
    /// it was stopped; the file's chain id, accounts and fees then count.
    #[cfg(feature = "devnet")]
    Devnet(Devnet),
    /// Submit a task.
    #[command(after_help = "\
Examples:
  arbius submit \"a handwritten seven\"
  arbius submit \"a handwritten seven\" --wait --out seven.png
  arbius submit --input '{\"prompt\":\"three\"}' --fee 0.25 --account 3 --json")]
    Submit(Submit),
    /// Look at tasks.
    #[command(subcommand)]
    Task(Task),
    /// Look at models.
    #[command(subcommand)]
    Model(Model),
    /// Solve tasks, reveal the answers and claim the pay, until Ctrl-C.
    ///
    /// Models run in processes of their own. Outputs are kept in a folder and served over
    /// HTTP, so that requesters can fetch them. A miner that is stopped goes on where it was
    /// when it is started again with the same folder.
    #[command(after_help = "\
Examples:
  arbius mine
  arbius mine --account 5 --folder second-miner --gateway 127.0.0.1:8091
  ARBIUS_KEY=0x… arbius mine --deployment arbitrum.json --min-fee 0.1")]
    Mine(Mine),
    /// Run models for the program that started this one. Speaks frames on standard input
    /// and output.
    #[command(hide = true)]
    InferWorker,
}

#[cfg(feature = "devnet")]
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  arbius demo
  arbius demo --out pictures --prompt seven --prompt \"a small two\"
  arbius demo --dispute
  arbius demo --json > demo.json")]
pub(crate) struct Demo {
    /// Show a dispute instead: a solver that cheats, a contester, a vote, the slashing and the
    /// refund; then an honest solution that is contested in bad faith.
    #[arg(long, conflicts_with_all = ["out", "prompts"])]
    pub(crate) dispute: bool,
    /// Folder for the pictures; it is made if missing.
    #[arg(long, value_name = "DIR", default_value = "demo-out")]
    pub(crate) out: PathBuf,
    /// What to ask for, once a task; the last one goes through a contract.
    #[arg(long = "prompt", value_name = "TEXT")]
    pub(crate) prompts: Vec<String>,
}

#[cfg(feature = "devnet")]
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  arbius devnet
  arbius devnet --port 0 --deployment net.json
  arbius devnet --state chain.state              goes on where it was stopped
  arbius devnet --no-contracts --block-time 2    a bare chain for any Stylus program
  cast block-number --rpc-url http://127.0.0.1:8547")]
pub(crate) struct Devnet {
    /// Port on 127.0.0.1 for JSON-RPC; 0 takes any that is free.
    #[arg(long, value_name = "PORT", default_value_t = 8547)]
    pub(crate) port: u16,
    /// The deployment file to write.
    #[arg(
        long,
        value_name = "FILE",
        env = "ARBIUS_DEPLOYMENT", hide_env_values = true,
        default_value = DEPLOYMENT
    )]
    pub(crate) deployment: PathBuf,
    /// Deploy nothing, and write no deployment file: a chain for contracts of one's own.
    #[arg(long)]
    pub(crate) no_contracts: bool,
    /// Funded accounts whose keys everybody knows.
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u16).range(4..=1_000), allow_negative_numbers = true)]
    pub(crate) accounts: u16,
    /// Ether of each of them.
    #[arg(long, value_name = "ETHER", default_value = "10000", value_parser = ether, allow_negative_numbers = true)]
    pub(crate) balance: U256,
    /// Chain id [default: 412346]
    #[arg(long, value_name = "ID")]
    pub(crate) chain_id: Option<u64>,
    /// Time of the first block, in seconds since 1970 [default: now]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timestamp: Option<u64>,
    /// Wei per gas [default: Nova's, 10000000]
    #[arg(long, value_name = "WEI")]
    pub(crate) base_fee: Option<u64>,
    /// Wei that each unit of data on L1 costs, sixteen for each byte of a compressed
    /// transaction [default: 0, so that gas is about execution alone]
    #[arg(long, value_name = "WEI")]
    pub(crate) l1_price: Option<u64>,
    /// Gas limit of blocks [default: Nova's, 2^50]
    #[arg(long, value_name = "GAS")]
    pub(crate) gas_limit: Option<u64>,
    /// Number of newest blocks whose states are kept for calls and proofs.
    #[arg(long, value_name = "BLOCKS", default_value = "1024", value_parser = count, allow_negative_numbers = true)]
    pub(crate) history: NonZeroUsize,
    /// Make a block at this interval, in seconds, instead of one for every transaction.
    #[arg(long, value_name = "SECONDS", value_parser = interval, allow_negative_numbers = true)]
    pub(crate) block_time: Option<Duration>,
    /// Make one for every transaction besides.
    #[arg(long, requires = "block_time")]
    pub(crate) mixed_mining: bool,
    /// Make blocks only when asked to, by `anvil_mine`.
    #[arg(long, conflicts_with = "block_time")]
    pub(crate) no_mining: bool,
    /// Go on from this file if it exists, and save to it at the end and now and then.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["load_state", "dump_state"])]
    pub(crate) state: Option<PathBuf>,
    /// Go on from this file, which must exist.
    #[arg(long, value_name = "FILE")]
    pub(crate) load_state: Option<PathBuf>,
    /// Save to this file at the end and now and then.
    #[arg(long, value_name = "FILE")]
    pub(crate) dump_state: Option<PathBuf>,
    /// How often to save, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = interval, allow_negative_numbers = true)]
    pub(crate) state_interval: Duration,
    /// Print nothing but errors.
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Submit {
    /// What to ask for: becomes the model's `prompt`.
    #[arg(required_unless_present = "input", conflicts_with = "input")]
    pub(crate) prompt: Option<String>,
    /// The whole input instead of a prompt, as the model's template describes it.
    #[arg(long, value_name = "JSON")]
    pub(crate) input: Option<String>,
    /// The model, by id or by name; not needed where there is only one.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// What to pay, in AIUS [default: the model's own fee and 0.1 more, for the solver]
    #[arg(long, value_name = "AIUS", value_parser = amount::parse, allow_negative_numbers = true)]
    pub(crate) fee: Option<U256>,
    /// Wait for a solution, fetch it and check it against the CID on the chain.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Where to write the output; a folder if the model makes several files.
    #[arg(long, value_name = "FILE", requires = "wait")]
    pub(crate) out: Option<PathBuf>,
    /// How long to wait, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds, requires = "wait")]
    pub(crate) timeout: Duration,
    /// A gateway to fetch the output from; may be given several times.
    #[arg(
        long = "gateway",
        value_name = "URL",
        env = "ARBIUS_GATEWAYS",
        hide_env_values = true,
        value_delimiter = ',',
        default_value = "http://127.0.0.1:8090"
    )]
    pub(crate) gateways: Vec<String>,
    #[command(flatten)]
    pub(crate) network: Network,
    #[command(flatten)]
    pub(crate) key: Key,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Show a task and how it stands.
    #[command(after_help = "\
Example:
  arbius task show 0x5c1a…  (the id that `arbius submit` printed, in full)")]
    Show {
        /// The task's id: 0x and 64 hexadecimal digits.
        #[arg(value_parser = id)]
        id: B256,
        #[command(flatten)]
        network: Network,
    },
}

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
}

#[derive(Debug, Args)]
pub(crate) struct Mine {
    /// Where jobs and outputs are kept; it is made if missing.
    #[arg(
        long,
        value_name = "DIR",
        env = "ARBIUS_FOLDER",
        hide_env_values = true,
        default_value = "arbius-miner"
    )]
    pub(crate) folder: PathBuf,
    /// Where to serve outputs over HTTP; port 0 takes any that is free.
    #[arg(long, value_name = "ADDRESS", default_value = GATEWAY, value_parser = socket)]
    pub(crate) gateway: SocketAddr,
    /// A folder with the bundle of a model to mine, beside those in this program; may be
    /// given several times.
    #[arg(long = "bundle", value_name = "DIR")]
    pub(crate) bundles: Vec<PathBuf>,
    /// Leave tasks to others that pay less, in AIUS.
    #[arg(long, value_name = "AIUS", default_value = "0", value_parser = amount::parse, allow_negative_numbers = true)]
    pub(crate) min_fee: U256,
    /// Models to run at a time, each in a process of its own.
    #[arg(long, value_name = "COUNT", default_value = "1", value_parser = count, allow_negative_numbers = true)]
    pub(crate) workers: NonZeroUsize,
    /// Begin reading the chain at this block, where the endpoints keep no older history; tasks
    /// submitted before it are not seen [default: where the deployment begins].
    #[arg(long, value_name = "BLOCK")]
    pub(crate) from_block: Option<u64>,
    /// Send each endpoint no more requests per second than this.
    #[arg(long, value_name = "COUNT", value_parser = rate)]
    pub(crate) rpc_rate: Option<f64>,
    #[command(flatten)]
    pub(crate) network: Network,
    #[command(flatten)]
    pub(crate) key: Key,
}

/// Which network.
#[derive(Debug, Args)]
pub(crate) struct Network {
    /// Where the contracts are: the file that `arbius devnet` writes.
    #[arg(
        long,
        value_name = "FILE",
        env = "ARBIUS_DEPLOYMENT", hide_env_values = true,
        default_value = DEPLOYMENT
    )]
    pub(crate) deployment: PathBuf,
    /// The chain's JSON-RPC address, http(s) or ws(s). Several, by commas or by giving this
    /// again, take over from one another in this order [default: those in the deployment file]
    #[arg(
        long,
        value_name = "URL",
        value_delimiter = ',',
        env = "ARBIUS_RPC",
        hide_env_values = true
    )]
    pub(crate) rpc: Vec<String>,
}

impl Network {
    /// The deployment, with the RPC addresses that were asked for.
    pub(crate) fn load(&self) -> eyre::Result<Deployment> {
        let mut deployment = Deployment::load(&self.deployment)?;
        if let [rpc, fallbacks @ ..] = &self.rpc[..] {
            deployment.rpc.clone_from(rpc);
            fallbacks.clone_into(&mut deployment.fallbacks);
        }
        Ok(deployment)
    }
}

/// Which key. `crate::key` chooses.
#[derive(Debug, Args)]
pub(crate) struct Key {
    /// Use an account of the deployment file by its number. Without any key, on a local chain,
    /// requesters are account 3 and miners account 4.
    #[arg(long, value_name = "N", conflicts_with_all = ["key_file", "keystore"])]
    pub(crate) account: Option<usize>,
    /// Read the private key from a file with one line of hexadecimal. Without this and
    /// `--account` it is the environment variable ARBIUS_KEY.
    #[arg(long, value_name = "FILE", conflicts_with = "keystore")]
    pub(crate) key_file: Option<PathBuf>,
    /// Read the key from a keystore file (Web3 Secret Storage, as geth and cast write it). The
    /// password is in `--password-file` or in the environment variable ARBIUS_PASSWORD.
    #[arg(long, value_name = "FILE")]
    pub(crate) keystore: Option<PathBuf>,
    /// Read the keystore's password from the first line of a file.
    #[arg(long, value_name = "FILE", requires = "keystore")]
    pub(crate) password_file: Option<PathBuf>,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.01..=1e6).contains(&rate) => Ok(rate),
        _ => Err("a rate is a number from 0.01 to 1000000".to_owned()),
    }
}

fn id(text: &str) -> Result<B256, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    match digits.parse() {
        Ok(id) if digits.len() == 64 => Ok(id),
        _ => Err("an id is 0x and 64 hexadecimal digits".to_owned()),
    }
}

fn socket(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("give an address such as {GATEWAY}"))
}

fn count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "a count is a whole number, 1 or more".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "a time is a number of seconds, such as 60 or 0.5".to_owned())
}

#[cfg(feature = "devnet")]
fn ether(text: &str) -> Result<U256, String> {
    // Both have 18 decimals.
    amount::parse(text).map_err(|reason| reason.replace("AIUS", "ether"))
}

#[cfg(feature = "devnet")]
fn interval(text: &str) -> Result<Duration, String> {
    seconds(text).and_then(|time| match time.is_zero() {
        true => Err("an interval is longer than 0 seconds".to_owned()),
        false => Ok(time),
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn ids_are_64_digits() {
        assert_eq!(
            id(&format!("0x{}", "0a".repeat(32))),
            Ok(B256::repeat_byte(10))
        );
        for text in ["", "0x", "0x12", &"0".repeat(63), &"g".repeat(64)] {
            assert!(id(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_not_negative_and_end() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["-1", "NaN", "inf", "soon"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
