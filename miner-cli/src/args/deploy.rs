//! What whoever deploys the protocol, or looks after its programs, may say.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DEPLOYMENT, Endpoints, Key, Network};

#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// The settings, as TOML: parameters, allocations, addresses, first models.
    #[arg(value_name = "SETTINGS")]
    pub(crate) settings: PathBuf,
    /// Show every transaction and what all of it costs, by deploying to a private chain in
    /// this program; send nothing.
    #[arg(long, conflicts_with = "check")]
    pub(crate) dry_run: bool,
    /// Read a finished deployment back and compare it with the settings; send nothing.
    #[arg(long)]
    pub(crate) check: bool,
    /// Do not ask before sending to a public chain.
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Where to write down what is done, to go on from after an interruption [default: the
    /// settings' name with .progress.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) progress: Option<PathBuf>,
    /// The deployment file to write at the end, which the other commands read.
    #[arg(
        long,
        value_name = "FILE",
        env = "ARBIUS_DEPLOYMENT",
        hide_env_values = true,
        default_value = DEPLOYMENT
    )]
    pub(crate) deployment: PathBuf,
    #[command(flatten)]
    pub(crate) endpoints: Endpoints,
    #[command(flatten)]
    pub(crate) key: Key,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Contract {
    /// Show size, activation, expiry and cache of every program of the deployment.
    ///
    /// Ends with 1 if one does not run, or expires soon.
    #[command(after_help = "\
Examples:
  arbius contract health
  arbius contract health --deployment nova.json --days 60
  arbius contract health --json | jq '.programs[] | select(.needsCare)'")]
    Health(Health),
    /// Renew every program that can be, and activate again what has expired.
    ///
    /// Any account may, for a data fee to the chain. A program can be renewed 31 days after
    /// it was activated or renewed last, and expires after a year.
    #[command(after_help = "\
Examples:
  arbius contract keepalive --dry-run
  ARBIUS_KEY=0x… arbius contract keepalive --deployment nova.json
  arbius contract keepalive engine engine-implementation engine-rest")]
    Keepalive(Keepalive),
}

#[derive(Debug, Args)]
pub(crate) struct Health {
    /// How many days before its expiry a program needs care.
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub(crate) days: u16,
    #[command(flatten)]
    pub(crate) network: Network,
}

#[derive(Debug, Args)]
pub(crate) struct Keepalive {
    /// Only these contracts, by their names in `arbius contract health`.
    #[arg(value_name = "CONTRACT")]
    pub(crate) contracts: Vec<String>,
    /// Show what would be done and its data fees, and send nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) network: Network,
    #[command(flatten)]
    pub(crate) key: Key,
}
