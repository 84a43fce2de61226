//! What whoever takes part in the DAO may say.

use std::path::PathBuf;

use alloy_primitives::Address;
use arbius_sdk::gov::{ProposalState, Support};
use clap::{Args, Subcommand};

use super::values::{delegate, proposal_state, support};
use super::{Network, PinStores, Signing};

#[derive(Debug, Subcommand)]
pub(crate) enum Gov {
    /// Propose what a file says, after showing what it comes to.
    ///
    /// The file, in TOML or in JSON, has a description and a list of actions: functions of
    /// contracts with their arguments. They are encoded, read back out of that, and shown before
    /// anything is sent. The description's CID goes on-chain; the text is kept in the block
    /// folder of --folder, if there is one, and with the stores that are named.
    #[command(after_help = "\
A file such as lower-fee.toml:
  description = \"\"\"
  # Lower the solution fee
  A tenth is more than it takes to run the network.
  \"\"\"

  [[actions]]
  target = \"engine\"                       # a contract's name, or an address
  function = \"setSolutionFeePercentage\"   # with its types where there are several
  arguments = [\"0.05 ether\"]              # by its types; `2.5 AIUS` and `0.1 ether` are 18 decimals

Examples:
  arbius gov propose lower-fee.toml --dry-run   shows what it says, and sends nothing
  arbius gov propose lower-fee.toml
  arbius gov propose lower-fee.toml --yes --json --pin-kubo http://127.0.0.1:5001")]
    Propose(Box<Propose>),
    /// List proposals, the newest first.
    #[command(after_help = "\
Examples:
  arbius gov list
  arbius gov list --state active,queued
  arbius gov list --json")]
    List(List),
    /// Show a proposal: what it does, how the vote stands, who voted how and why.
    #[command(after_help = "\
Examples:
  arbius gov show 3                         by its number in the list
  arbius gov show 0x5c1a… --json            by its identifier")]
    Show(Show),
    /// Vote on a proposal: for, against, or abstain.
    #[command(after_help = "\
Examples:
  arbius gov vote 3 for
  arbius gov vote 3 against --reason \"a tenth is what keeps spam away\"")]
    Vote(CastVote),
    /// Let an account vote with what this one holds, or show who does. Tokens count in no vote
    /// before that.
    #[command(after_help = "\
Examples:
  arbius gov delegate                       shows who votes
  arbius gov delegate self
  arbius gov delegate 0x90F79bf6EB2c4f870365E785982E1f101E93b906")]
    Delegate(Delegate),
    /// Hand a proposal that passed to the timelock. Anyone may.
    #[command(after_help = "\
Example:
  arbius gov queue 3")]
    Queue(Act),
    /// Execute a proposal whose time in the timelock is over. Anyone may.
    #[command(after_help = "\
Example:
  arbius gov execute 3")]
    Execute(Act),
    /// Take one's own proposal back before its vote begins.
    #[command(after_help = "\
Example:
  arbius gov cancel 3")]
    Cancel(Act),
}

#[derive(Debug, Args)]
pub(crate) struct Propose {
    /// The proposal: TOML, or JSON if its name ends in .json.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Show what it says and what it takes, and send nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Send it without asking.
    #[arg(long, short, conflicts_with = "dry_run")]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) stores: PinStores,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only proposals in these states, such as active or succeeded,queued.
    #[arg(long = "state", value_name = "STATES", value_delimiter = ',', value_parser = proposal_state)]
    pub(crate) states: Vec<ProposalState>,
    /// So many of the newest.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) network: Network,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The proposal: its number in the list, or its identifier.
    #[arg(value_name = "PROPOSAL")]
    pub(crate) proposal: String,
    #[command(flatten)]
    pub(crate) network: Network,
}

#[derive(Debug, Args)]
pub(crate) struct CastVote {
    /// The proposal: its number in the list, or its identifier.
    #[arg(value_name = "PROPOSAL")]
    pub(crate) proposal: String,
    /// for, against or abstain.
    #[arg(value_name = "VOTE", value_parser = support)]
    pub(crate) support: Support,
    /// Why; it goes on-chain for all to read.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

/// Whom somebody delegates to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delegatee {
    /// Themselves.
    Own,
    /// Somebody else.
    Other(Address),
}

#[derive(Debug, Args)]
pub(crate) struct Delegate {
    /// Who votes from now on: an address, or self.
    #[arg(value_name = "ACCOUNT", value_parser = delegate)]
    pub(crate) to: Option<Delegatee>,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

#[derive(Debug, Args)]
pub(crate) struct Act {
    /// The proposal: its number in the list, or its identifier.
    #[arg(value_name = "PROPOSAL")]
    pub(crate) proposal: String,
    #[command(flatten)]
    pub(crate) signing: Signing,
}
