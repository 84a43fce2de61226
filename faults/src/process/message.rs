//! What the two ends say to each other, a line of JSON each.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use arbius_sdk::miner::{Case, Job};
use serde::{Deserialize, Serialize};

/// What the parent asks for, after a line with the configuration.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Every job.
    Jobs,
    /// Every case.
    Cases,
    /// An end in good order.
    Stop,
}

/// What the child says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Response {
    /// It mines.
    Ready(Address),
    /// Every job that it knows.
    Jobs(Vec<Job>),
    /// Every case that it knows.
    Cases(Vec<Case>),
    /// It has stopped, as asked.
    Stopped(BTreeMap<String, StepTime>),
    /// It stopped by itself or could not start, for this reason.
    Failed(String),
}

/// How often a step was taken, and for how long in all.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct StepTime {
    /// How often.
    pub count: u64,
    /// From its beginning to its end, waiting included, microseconds.
    pub micros: u64,
}

/// How a miner's process ended.
#[derive(Clone, Debug)]
pub enum Ended {
    /// In good order: what its steps took, by name.
    Stopped(BTreeMap<String, StepTime>),
    /// By itself, for this reason.
    Failed(String),
    /// By a signal.
    Killed(i32),
}
