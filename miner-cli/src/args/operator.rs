//! What whoever looks after a miner may say.

use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::{B256, U256};
use arbius_sdk::client::Vote as Side;
use arbius_sdk::contracts::TaskStatus;
use arbius_sdk::miner::State;
use clap::{Args, Subcommand};

use super::values::{age, id, side, status};
use super::{Key, Network, Solving};
use crate::amount;

/// Which miner.
#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// The miner's folder, where its jobs and outputs are kept.
    #[arg(
        long = "folder",
        value_name = "DIR",
        env = "ARBIUS_FOLDER",
        hide_env_values = true,
        default_value = "arbius-miner"
    )]
    pub(crate) path: PathBuf,
}

/// Which account signs, and where.
#[derive(Debug, Args)]
pub(crate) struct Signing {
    #[command(flatten)]
    pub(crate) network: Network,
    #[command(flatten)]
    pub(crate) key: Key,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) folder: Folder,
    #[command(flatten)]
    pub(crate) network: Network,
}

#[derive(Debug, Args)]
pub(crate) struct Jobs {
    #[command(subcommand)]
    pub(crate) command: Option<JobsCommand>,
    /// The job of this task alone, with its history.
    #[arg(value_name = "TASK", value_parser = id)]
    pub(crate) task: Option<B256>,
    /// Only jobs in these states, such as committed or claimed,lost.
    #[arg(
        long = "state",
        value_name = "STATES",
        value_delimiter = ',',
        conflicts_with = "task"
    )]
    pub(crate) states: Vec<State>,
    /// Only jobs of this model, by its id.
    #[arg(long, value_name = "ID", value_parser = id, conflicts_with = "task")]
    pub(crate) model: Option<B256>,
    /// Only jobs that were first seen so long ago at most, such as 2h or 7d.
    #[arg(long, value_name = "TIME", value_parser = age, conflicts_with = "task")]
    pub(crate) since: Option<Duration>,
    /// So many of the newest, 10000 at most.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 50,
        value_parser = clap::value_parser!(u16).range(1..=10_000),
        conflicts_with = "task"
    )]
    pub(crate) limit: u16,
    #[command(flatten)]
    pub(crate) folder: Folder,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// Show the job of a task with its history: the same as `arbius jobs TASK`.
    #[command(after_help = "\
Example:
  arbius jobs show 0x5c1a…")]
    Show {
        /// The task's id: 0x and 64 hexadecimal digits.
        #[arg(value_parser = id)]
        task: B256,
        #[command(flatten)]
        folder: Folder,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Tasks {
    #[command(subcommand)]
    pub(crate) command: Option<TasksCommand>,
    /// Tasks that stand like this, such as open or solved,contested.
    #[arg(
        long = "status",
        value_name = "STATUS",
        value_delimiter = ',',
        value_parser = status,
        default_value = "open"
    )]
    pub(crate) statuses: Vec<TaskStatus>,
    /// Only tasks of this model, by id or by name.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Only tasks that pay at least this, in AIUS.
    #[arg(long, value_name = "AIUS", default_value = "0", value_parser = amount::parse, allow_negative_numbers = true)]
    pub(crate) min_fee: U256,
    /// Only tasks that were submitted so long ago at most, such as 2h or 7d.
    #[arg(long, value_name = "TIME", value_parser = age)]
    pub(crate) since: Option<Duration>,
    /// Begin looking at this block, where the endpoint keeps no older history.
    #[arg(long, value_name = "BLOCK")]
    pub(crate) from_block: Option<u64>,
    /// So many of the newest.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) network: Network,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TasksCommand {
    /// Show a task, its solution, and its contestation.
    #[command(after_help = "\
Example:
  arbius tasks show 0x5c1a…  (the id that `arbius submit` printed, in full)")]
    Show {
        /// The task's id: 0x and 64 hexadecimal digits.
        #[arg(value_parser = id)]
        id: B256,
        #[command(flatten)]
        network: Network,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Stake {
    #[command(subcommand)]
    pub(crate) command: Option<StakeCommand>,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StakeCommand {
    /// Show the stake (the default).
    Show {
        #[command(flatten)]
        signing: Signing,
    },
    /// Add to the stake.
    #[command(after_help = "Example:\n  arbius stake deposit 2.5")]
    Deposit {
        /// How much, in AIUS.
        #[arg(value_parser = amount::parse, allow_negative_numbers = true)]
        amount: U256,
        #[command(flatten)]
        signing: Signing,
    },
    /// Announce that stake will be withdrawn. It stops counting towards the minimum at once,
    /// and can be taken after the waiting time.
    #[command(after_help = "Example:\n  arbius stake withdraw 1")]
    Withdraw {
        /// How much, in AIUS.
        #[arg(value_parser = amount::parse, allow_negative_numbers = true)]
        amount: U256,
        #[command(flatten)]
        signing: Signing,
    },
    /// Take an announcement back.
    #[command(after_help = "Example:\n  arbius stake cancel 3")]
    Cancel {
        /// Its number, as `arbius stake` shows it.
        number: u64,
        #[command(flatten)]
        signing: Signing,
    },
    /// Take what was announced and can be taken now.
    #[command(after_help = "Examples:\n  arbius stake take\n  arbius stake take 3")]
    Take {
        /// Its number; all that can be taken, without.
        number: Option<u64>,
        #[command(flatten)]
        signing: Signing,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Claim {
    /// The tasks; all that the account has solved and can claim, without.
    #[arg(value_name = "TASK", value_parser = id)]
    pub(crate) tasks: Vec<B256>,
    /// Take the earnings out afterwards.
    #[arg(long)]
    pub(crate) withdraw: bool,
    /// Show what would be claimed, and send nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

#[derive(Debug, Args)]
pub(crate) struct Contest {
    /// The task whose solution to contest.
    #[arg(value_parser = id)]
    pub(crate) task: B256,
    /// Contest whatever computing it again would show.
    #[arg(long)]
    pub(crate) without_recomputing: bool,
    /// Show what is at stake and what computing shows, and send nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// A folder with the bundle of the model, beside those in this program.
    #[arg(long = "bundle", value_name = "DIR")]
    pub(crate) bundles: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) solving: Solving,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

#[derive(Debug, Args)]
pub(crate) struct Vote {
    /// The task whose solution is contested.
    #[arg(value_parser = id)]
    pub(crate) task: B256,
    /// yes: the solution is wrong; no: it is right.
    #[arg(value_parser = side, required_unless_present = "recompute", conflicts_with = "recompute")]
    pub(crate) side: Option<Side>,
    /// Compute the task and vote as that shows.
    #[arg(long)]
    pub(crate) recompute: bool,
    /// A folder with the bundle of the model, beside those in this program.
    #[arg(long = "bundle", value_name = "DIR", requires = "recompute")]
    pub(crate) bundles: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) solving: Solving,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

#[derive(Debug, Args)]
pub(crate) struct Settle {
    /// The task whose contestation to settle.
    #[arg(value_parser = id)]
    pub(crate) task: B256,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Write a copy of the store into one file, from a running miner or not.
    #[command(after_help = "\
Examples:
  arbius store backup miner.backup
  arbius store backup --folder second-miner /mnt/backups/second.backup")]
    Backup {
        /// The file to write; one that is there is replaced once the new one is whole.
        file: PathBuf,
        #[command(flatten)]
        folder: Folder,
    },
    /// Put a backup into a miner's folder. The miner must not run.
    #[command(after_help = "\
Examples:
  arbius store restore miner.backup
  arbius store restore miner.backup --folder second-miner --force")]
    Restore {
        /// The backup.
        file: PathBuf,
        /// Replace a store that has read the chain further than the backup.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        folder: Folder,
    },
    /// Read the whole store, or a backup, and say whether all of it can be read.
    #[command(after_help = "\
Examples:
  arbius store check
  arbius store check miner.backup")]
    Check {
        /// A backup to check instead of the folder's store.
        file: Option<PathBuf>,
        #[command(flatten)]
        folder: Folder,
    },
}
