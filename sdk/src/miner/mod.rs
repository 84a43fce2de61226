//! A miner: from an event to a claim, and what it thinks of others.
//!
//! - [`Miner`]: what a miner is made of, and [`MinerHandle`] to watch and stop it;
//! - [`Earnings`]: what a running miner earns, as it comes;
//! - [`Job`], [`State`]: one task on its way, written down before every step;
//! - [`Bulk`]: how many tasks go together in one transaction;
//! - [`StoreFile`], [`Backup`]: what a miner that does not run has written down, and copies
//!   of it;
//! - [`Pin`], [`PinStage`]: one result or input on its way to a store beyond this machine;
//! - [`Status`], [`Health`]: what a running miner tells of itself, over HTTP;
//! - [`Catalogue`]: the models that the operator has opted into;
//! - [`Solver`](crate::inference::Solver): what computes outputs, in this process or in
//!   another;
//! - [`Roles`]: what the miner does of all that follows;
//! - [`DenyList`], [`Limits`], [`Margin`]: which tasks it takes;
//! - [`Case`], [`Stage`]: one solution of another that is watched, contested or voted on,
//!   written down before every step;
//! - [`verify`]: computing somebody else's solution again, and what that shows.
//!
//! After a restart the chain's word wins: intents without an outcome are looked up or sent
//! again, and every open job is taken up where the chain says it stands.

mod ask;
mod builder;
mod catalogue;
mod choice;
mod disk;
mod disputes;
mod earnings;
mod error;
mod filter;
mod job;
mod journal;
mod machine;
mod monitor;
mod notify;
mod outbox;
mod outputs;
mod passports;
mod pins;
mod reader;
mod rebuild;
mod recovery;
mod roles;
mod run;
mod settings;
mod slot;
mod stake;
mod store;
mod verify;
mod watch;

pub use builder::{BLOCKS_FOLDER, Miner, MinerHandle, Tally};
pub use catalogue::{Catalogue, CatalogueError};
pub use choice::{DenyList, DenyListError};
pub use disputes::{Case, Cause, Finding, Stage};
pub use earnings::Earnings;
pub use error::MinerError;
pub use filter::JobFilter;
pub use job::{Earned, Gas, Job, State, UnknownState};
pub use monitor::{
    AskError, ChainStatus, Disk, Disputes, Funds, Health, ModelStatus, MonitorAddress,
    MonitorClient, MonitorError, PinStoreStatus, Process, Reason, Status, Transactions,
};
pub use outbox::Bulk;
pub use pins::{Pin, PinContent, PinCounts, PinStage};
pub use roles::{Role, Roles, UnknownRole};
pub use settings::{Limits, Margin, Pinning, Retention, Settings, Verification};
pub use store::{Backup, BackupError, StoreCheck, StoreError, StoreFile};
pub use verify::{Verdict, recompute, verify};
