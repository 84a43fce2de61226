//! What the service asks for, pays and puts up with.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use alloy_primitives::{B256, U256};
use arbius_sdk::{chain::Signer, content::FetchLimits, deploy::Deployment};

/// What the service asks for, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The network.
    pub deployment: Deployment,
    /// The account that pays. Use its key in no other program.
    pub signer: Signer,
    /// The model to ask.
    pub model: B256,
    /// What each task pays, wei of AIUS, the model's own fee included.
    pub fee: U256,
    /// Gateways to fetch results from.
    pub gateways: Vec<String>,
    /// Where requests (`requests.redb`) and results (`blocks/`) are kept.
    pub folder: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// What whoever asks for something to be paid has to show (`Authorization: Bearer …`);
    /// anybody may without.
    pub token: Option<String>,
    /// What is too much.
    pub limits: Limits,
}

/// What is too much, and too long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests that are not over; further ones are answered 503.
    pub open: usize,
    /// Of one visitor; further ones are answered 429.
    pub open_each: usize,
    /// Submissions that are being sent at a time; more wait for their turn.
    pub sending: usize,
    /// Results that are being fetched at a time.
    pub fetching: usize,
    /// Connections at a time, in all; more wait to be accepted.
    pub connections: usize,
    /// Connections of one visitor at a time; more are answered 429.
    pub connections_each: usize,
    /// The largest input, bytes.
    pub input_bytes: usize,
    /// How long the body of a request may take to arrive.
    pub body_time: Duration,
    /// The largest result and the time that fetching it may take at a time.
    pub fetch: FetchLimits,
    /// What all results together may take of the disk, bytes; further ones wait for room.
    pub results_bytes: u64,
    /// After how long a result is given up that no gateway has.
    pub give_up: Duration,
    /// After how long a task that nobody solves is taken back, if the protocol allows it by
    /// then.
    pub retract_after: Duration,
    /// How long requests that are over are kept, and with them their results.
    pub keep: Duration,
    /// How many of them.
    pub keep_count: usize,
    /// How often what is due is looked at.
    pub pace: Duration,
}

impl Default for Limits {
    /// 1,000 open requests, 16 of one visitor; 8 sent and 4 fetched at a time; 512
    /// connections, 32 of one visitor; inputs of 8 KiB in 10 seconds, results of 64 MiB and
    /// 16 GiB in all, an hour to find one; a task is taken back after a day; a week, or 10,000
    /// requests, are kept; a look every two seconds.
    fn default() -> Self {
        Self {
            open: 1_000,
            open_each: 16,
            sending: 8,
            fetching: 4,
            connections: 512,
            connections_each: 32,
            input_bytes: 8 << 10,
            body_time: Duration::from_secs(10),
            fetch: FetchLimits {
                bytes: 64 << 20,
                time: Duration::from_secs(60),
                ..FetchLimits::DEFAULT
            },
            results_bytes: 16 << 30,
            give_up: Duration::from_secs(3_600),
            retract_after: Duration::from_secs(86_400),
            keep: Duration::from_secs(7 * 86_400),
            keep_count: 10_000,
            pace: Duration::from_secs(2),
        }
    }
}
