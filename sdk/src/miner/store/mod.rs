//! What a miner remembers: jobs, transaction intents, and how far it has read the chain.
//!
//! One redb file. Every write is a transaction that is on disk when the call returns, so a
//! miner that is killed at any instruction finds itself as it was before or after the step
//! that it was in. Writes are a few kilobytes and take as long as the disk's sync; they are
//! made from async code without a detour.
//!
//! - [`Store`]: the file, opened for one [`Owner`];
//! - `schema`: the tables of every layout and how one becomes the next;
//! - `record`: how a value is written; `damaged`: those that cannot be read;
//! - a file for each kind of record, which adds its methods to [`Store`]: `jobs`, `totals`,
//!   `cases`, `intents`, `groups`, `pins`, `cursor`;
//! - [`StoreFile`]: the store of a miner that does not run: looked at, checked;
//! - [`Backup`]: a copy in one file, from a running miner or not, and back.

mod backup;
mod cases;
mod cursor;
mod damaged;
mod database;
mod error;
mod file;
mod groups;
mod intents;
mod jobs;
mod owner;
mod pins;
mod record;
mod schema;
#[cfg(test)]
mod tests;
mod totals;

pub(super) use backup::STORE_FILE;
pub use backup::{Backup, BackupError};
pub(super) use cases::News;
pub(super) use damaged::Lost;
pub(super) use database::Store;
pub use error::StoreError;
pub use file::{StoreCheck, StoreFile};
pub(super) use owner::Owner;
