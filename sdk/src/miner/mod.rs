//! A solver: from an event to a claim.
//!
//! - [`Miner`]: what a miner is made of, and [`MinerHandle`] to watch and stop it;
//! - [`Job`], [`State`]: one task on its way, written down before every step;
//! - [`StoreFile`], [`Backup`]: what a miner that does not run has written down, and copies
//!   of it;
//! - [`Status`], [`Health`]: what a running miner tells of itself, over HTTP;
//! - [`Catalogue`]: the models that the operator has opted into;
//! - [`Solver`](crate::inference::Solver): what computes outputs, in this process or in
//!   another;
//! - [`verify`]: computing somebody else's solution again, and what that shows.
//!
//! After a restart the chain's word wins: intents without an outcome are looked up or sent
//! again, and every open job is taken up where the chain says it stands.

mod builder;
mod catalogue;
mod claim;
mod error;
mod filter;
mod job;
mod journal;
mod machine;
mod monitor;
mod reader;
mod recovery;
mod run;
mod stake;
mod store;
mod verify;
mod watch;

pub use builder::{Miner, MinerHandle, Retention, Settings, Tally};
pub use catalogue::{Catalogue, CatalogueError};
pub use error::MinerError;
pub use filter::JobFilter;
pub use job::{Earned, Gas, Job, State, UnknownState};
pub use monitor::{
    ChainStatus, Disk, Funds, Health, ModelStatus, MonitorAddress, MonitorError, Process, Reason,
    Status, Transactions,
};
pub use store::{Backup, BackupError, StoreCheck, StoreError, StoreFile};
pub use verify::{Verdict, verify};
