//! The command line: what all commands share, and requesters' commands. `mine` has those of a
//! miner, `operator` those of whoever looks after one, `model` those about models, `deploy` those of
//! whoever deploys, `gov` those of the DAO, `ipfs` those about content, `pin_stores` those of stores beyond
//! this machine, `values` reads what they are given.

mod deploy;
mod gov;
mod ipfs;
mod mine;
mod model;
mod operator;
mod pin_stores;
mod values;

#[cfg(feature = "devnet")]
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::U256;
use arbius_sdk::deploy::Deployment;
use clap::{Args, Parser, Subcommand};

pub(crate) use deploy::{Contract, Deploy, Health, Keepalive};
pub(crate) use gov::{Act, CastVote, Delegate, Delegatee, Gov, List, Propose, Show};
pub(crate) use ipfs::{
    Add, Cat, Check, Fetching, Gc, Get, Ipfs, Ls, Pin, PinAdd, PinLs, PinRm, Serve,
};
pub(crate) use mine::Mine;
pub(crate) use model::{Certify, CogChildren, CogServer, Doctor, Model, Pack, Register, Solving};
pub(crate) use operator::{
    Claim, Contest, Folder, Jobs, JobsCommand, Settle, Signing, Stake, StakeCommand, Status, Store,
    Tasks, TasksCommand, Vote,
};
pub(crate) use pin_stores::PinStores;

use crate::amount;
use values::seconds;
#[cfg(feature = "devnet")]
use values::{age, count, interval};

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
  arbius submit \"a red car\" --wait --out car.png
  arbius status                        how the miner is
  arbius jobs                          what it has done"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print JSON on standard output instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How log lines look on standard error; ARBIUS_LOG or RUST_LOG say what is logged, such
    /// as `info` or `arbius_sdk=debug`.
    #[arg(
        long,
        value_name = "FORMAT",
        global = true,
        value_enum,
        default_value = "text",
        env = "ARBIUS_LOG_FORMAT",
        hide_env_values = true
    )]
    pub(crate) log_format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the whole protocol on this machine and show what happens.
    ///
    /// Starts a local chain, deploys the contracts by ordinary transactions, registers a
    /// model that draws stickers, submits tasks (one of them through a contract) and lets two
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
  arbius submit \"a red car in the city\"
  arbius submit \"a red car\" --wait --out car.png
  arbius submit --input '{\"prompt\":\"three owls\"}' --fee 0.25 --account 3 --json")]
    Submit(Submit),
    /// Look at the tasks on the chain, the open ones unless told otherwise.
    #[command(
        alias = "task",
        args_conflicts_with_subcommands = true,
        after_help = "\
Examples:
  arbius tasks                              open tasks, newest first
  arbius tasks --model stickers --min-fee 0.1 --since 2h
  arbius tasks --status solved,contested --json
  arbius tasks show 0x5c1a…                 one task with its solution and contestation"
    )]
    Tasks(Tasks),
    /// Look at models; make, certify and register one.
    #[command(subcommand)]
    Model(Model),
    /// Show what this machine has for running models, and which it may mine.
    ///
    /// Every model is run on its golden inputs here, as a miner does before it starts. Fails
    /// if none may be mined.
    #[command(after_help = "\
Examples:
  arbius doctor
  arbius doctor --bundle my-model --onnxruntime target/onnxruntime/1.31.1/libonnxruntime.so
  arbius doctor --json")]
    Doctor(Doctor),
    /// Solve tasks, reveal the answers and claim the pay, until Ctrl-C.
    ///
    /// Models run in processes of their own. Outputs are kept in a folder and served over
    /// HTTP, so that requesters can fetch them. A miner that is stopped goes on where it was
    /// when it is started again with the same folder.
    #[command(after_help = "\
Examples:
  arbius mine
  arbius mine --account 5 --folder second-miner --gateway 127.0.0.1:8091
  arbius mine --shadow --roles solve,verify     says what it would do, and sends nothing
  arbius mine --monitor 127.0.0.1:9464 --log-format json
  ARBIUS_KEY=0x… arbius mine --deployment nova.json --model stickers --min-fee 0.1 \\
    --rpc https://one.example/KEY,https://two.example")]
    Mine(Box<Mine>),
    /// Say how a miner is: its stake, jobs, endpoints, models, disk.
    ///
    /// Asks the miner that runs with the folder, or reads the folder of one that does not.
    /// Ends with 1 if the miner cannot mine, and says why.
    #[command(after_help = "\
Examples:
  arbius status
  arbius status --folder second-miner --json
  arbius status --json | jq .jobs")]
    Status(Status),
    /// List a miner's jobs, or show one with its history.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "\
Examples:
  arbius jobs
  arbius jobs --state claimed,lost --since 24h
  arbius jobs 0x5c1a…                       one job, by its task's id
  arbius jobs --limit 1000 --json > jobs.json"
    )]
    Jobs(Jobs),
    /// Show or change the stake of an account.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "\
Examples:
  arbius stake                              what is staked, free, and on its way out
  arbius stake deposit 2.5
  arbius stake withdraw 1                   announces it; it can be taken after a day
  arbius stake take                         takes whatever can be taken"
    )]
    Stake(Stake),
    /// Claim solutions whose contest period is over: all of one's own, or those named.
    #[command(after_help = "\
Examples:
  arbius claim --dry-run
  arbius claim --withdraw                   and take the earnings out
  arbius claim 0x5c1a… 0x77f0…")]
    Claim(Claim),
    /// Contest the solution of a task, after computing it again.
    ///
    /// Refuses if the same outputs come out here, or if this machine cannot say. Whoever is
    /// outvoted loses the slash amount.
    #[command(after_help = "\
Examples:
  arbius contest 0x5c1a… --dry-run          computes, and shows what is at stake
  arbius contest 0x5c1a…
  arbius contest 0x5c1a… --bundle models/stickers")]
    Contest(Contest),
    /// Vote on a contested solution. `yes`: the contestation is right and the solution wrong.
    #[command(after_help = "\
Examples:
  arbius vote 0x5c1a… --recompute           computes the task and votes as that shows
  arbius vote 0x5c1a… yes                   the solution is wrong
  arbius vote 0x5c1a… no                    the solution is right")]
    Vote(Vote),
    /// Settle a contestation whose vote is over. Anyone may.
    #[command(after_help = "\
Example:
  arbius settle 0x5c1a…")]
    Settle(Settle),
    /// Take part in the DAO: propose, vote, delegate, queue, execute.
    #[command(subcommand)]
    Gov(Box<Gov>),
    /// Put the whole protocol onto a Stylus chain: contracts, DAO, supply, first models.
    ///
    /// Everything is in one TOML file; docs/deploy has examples. What is done is written down
    /// before it is sent, so that the same command goes on after any interruption. Ends by
    /// reading everything back from the chain, and fails if anything differs.
    #[command(after_help = "\
Examples:
  arbius deploy nova.toml --dry-run         every transaction, and what all of it costs
  ARBIUS_KEY=0x… arbius deploy nova.toml --deployment nova.json
  arbius deploy nova.toml --check           only reads everything back
  arbius deploy local.toml --rpc http://127.0.0.1:8547 --json")]
    Deploy(Box<Deploy>),
    /// Look after the programs of the contracts: their health, and their yearly renewal.
    #[command(subcommand)]
    Contract(Contract),
    /// Back a miner's store up, restore it, check it.
    #[command(subcommand)]
    Store(Store),
    /// Add, fetch, keep and serve content by its CID.
    ///
    /// Works on the block folder of the miner in --folder, also while that miner runs; the
    /// folder is made when something is added.
    #[command(subcommand)]
    Ipfs(Box<Ipfs>),
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
  arbius demo --out pictures --prompt fox --prompt \"two green apples\"
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
  arbius devnet --voting-period 2m               a DAO that votes for two minutes
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
    /// Let account 0 own the contracts instead of a DAO that votes.
    #[arg(long, conflicts_with = "no_contracts")]
    pub(crate) no_dao: bool,
    /// From a proposal to the vote on it, such as 30s or 1h; the protocol has a day.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = age, conflicts_with = "no_dao")]
    pub(crate) voting_delay: Duration,
    /// How long a vote lasts; the protocol has a week.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = age, conflicts_with = "no_dao")]
    pub(crate) voting_period: Duration,
    /// From a passed vote to its execution; the protocol has a day.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = age, conflicts_with = "no_dao")]
    pub(crate) timelock_delay: Duration,
    /// Funded accounts whose keys everybody knows.
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u16).range(4..=1_000), allow_negative_numbers = true)]
    pub(crate) accounts: u16,
    /// Ether of each of them.
    #[arg(long, value_name = "ETHER", default_value = "10000", value_parser = amount::parse_as_ether, allow_negative_numbers = true)]
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

/// Which network.
#[derive(Debug, Args)]
pub(crate) struct Network {
    /// Where the contracts are: the file that `arbius devnet` or `arbius deploy` writes.
    #[arg(help_heading = "Network", 
        long,
        value_name = "FILE",
        env = "ARBIUS_DEPLOYMENT", hide_env_values = true,
        default_value = DEPLOYMENT
    )]
    pub(crate) deployment: PathBuf,
    #[command(flatten)]
    pub(crate) endpoints: Endpoints,
}

/// By which endpoints the chain is reached.
#[derive(Debug, Args)]
pub(crate) struct Endpoints {
    /// The chain's JSON-RPC address, http(s) or ws(s). Several, by commas or by giving this
    /// again, take over from one another in this order [default: those in the deployment file; of
    /// `deploy` those in the settings]
    #[arg(
        help_heading = "Network",
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
        if let [rpc, fallbacks @ ..] = &self.endpoints.rpc[..] {
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
    #[arg(help_heading = "Key", long, value_name = "N", conflicts_with_all = ["key_file", "keystore"])]
    pub(crate) account: Option<usize>,
    /// Read the private key from a file with one line of hexadecimal. Without any of these
    /// options it is the environment variable ARBIUS_KEY.
    #[arg(
        help_heading = "Key",
        long,
        value_name = "FILE",
        env = "ARBIUS_KEY_FILE",
        hide_env_values = true
    )]
    pub(crate) key_file: Option<PathBuf>,
    /// Read it from a keystore file (Web3 Secret Storage, as geth and cast write it).
    #[arg(help_heading = "Key", 
        long,
        value_name = "FILE",
        env = "ARBIUS_KEYSTORE",
        hide_env_values = true,
        conflicts_with_all = ["account", "key_file"]
    )]
    pub(crate) keystore: Option<PathBuf>,
    /// Read the keystore's password from the first line of a file. Without it is the
    /// environment variable ARBIUS_PASSWORD.
    #[arg(
        help_heading = "Key",
        long,
        value_name = "FILE",
        env = "ARBIUS_PASSWORD_FILE",
        hide_env_values = true,
        requires = "keystore"
    )]
    pub(crate) password_file: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
