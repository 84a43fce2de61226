//! What a miner in a process of its own is told.

use std::{fmt, path::PathBuf};

use alloy_primitives::B256;
use arbius_sdk::deploy::Deployment;
use serde::{Deserialize, Serialize};

/// The spans of the sdk in which a miner that solves does one thing that can be cut off, each
/// with what one of its fields begins with: the steps of a job, what is written down, and what
/// becomes of a transaction.
pub const STEPS: [(&str, &str); 22] = [
    ("take_in", ""),
    ("plan", ""),
    ("save", "planned"),
    ("solve", ""),
    ("save", "solved"),
    ("pin", ""),
    ("save", "pinned"),
    ("save_groups", "forming"),
    ("commit", ""),
    ("save_groups", "committed"),
    ("reveal", ""),
    ("save_groups", "revealed"),
    ("save_groups", "closing"),
    ("claim", ""),
    ("save_groups", "claimable"),
    ("save_groups", "claimed"),
    ("withdraw", ""),
    ("estimate", ""),
    ("record_intent", ""),
    ("broadcast", ""),
    ("await_receipt", ""),
    ("forget_intent", ""),
];

/// As [`STEPS`], of a miner that looks at what others do: the steps of a case, where it is
/// written down, and the transactions for it.
pub const DISPUTE_STEPS: [(&str, &str); 24] = [
    ("judge", ""),
    ("prove", ""),
    ("contest", ""),
    ("vote", ""),
    ("settle", ""),
    ("claim_for", ""),
    ("notify", ""),
    ("close_notice", ""),
    ("save_case", "seen"),
    ("save_case", "judged"),
    ("save_case", "contested"),
    ("save_case", "voted"),
    ("save_case", "unclaimed"),
    ("save_case", "agreed"),
    ("save_case", "settled"),
    ("record_intent", "contesting"),
    ("record_intent", "voting"),
    ("record_intent", "settling"),
    ("record_intent", "notifying"),
    ("record_intent", "claiming"),
    ("forget_intent", "contesting"),
    ("forget_intent", "voting"),
    ("forget_intent", "settling"),
    ("forget_intent", "notifying"),
];

/// Which end of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edge {
    /// Before anything of it is done.
    Before,
    /// After all of it is done.
    After,
}

/// A moment in what a miner does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The name of the span.
    pub step: String,
    /// What one of the span's fields begins with, if anything.
    pub with: String,
    /// Before it or after it.
    pub edge: Edge,
    /// At which time that it comes there, counted from 1.
    pub nth: u32,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            step,
            with,
            edge,
            nth,
        } = self;
        write!(f, "{edge:?} {step}")?;
        if !with.is_empty() {
            write!(f, " ({with})")?;
        }
        write!(f, ", time {nth}")
    }
}

/// A miner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Config {
    /// The network, with the endpoint to use.
    pub deployment: Deployment,
    /// The key to mine with.
    pub key: B256,
    /// Where it keeps its store and its blocks.
    pub folder: PathBuf,
    /// The models to mine, all of them the demo's.
    pub models: Vec<B256>,
    /// How often it looks for blocks, milliseconds.
    pub poll_millis: u64,
    /// Processes for inference.
    pub workers: usize,
    /// How many of a hundred solutions of others it computes again.
    pub verify_percent: f64,
    /// How long one inference may take, milliseconds.
    pub solve_millis: u64,
    /// Whether it has every role, and claims for others too.
    pub all_roles: bool,
    /// When it kills itself with SIGKILL: nothing of it runs after that.
    pub kill: Option<Moment>,
    /// When its disk becomes full, one after the other: each counts from when there was room
    /// again after the one before.
    pub full: Vec<Moment>,
}
