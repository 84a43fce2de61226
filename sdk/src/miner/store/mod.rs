//! What a miner remembers: jobs, transaction intents, and how far it has read the chain.
//!
//! One redb file. Every write is a transaction that is on disk when the call returns, so a
//! miner that is killed at any instruction finds itself as it was before or after the step
//! that it was in. Writes are a few kilobytes and take as long as the disk's sync; they are
//! made from async code without a detour.
//!
//! - [`Store`]: the file, opened for one [`Owner`];
//! - `schema`: the tables of every version and how one becomes the next;
//! - `record`: how a value is written;
//! - a file for each kind of record, which adds its methods to [`Store`]: `jobs`,
//!   `intents`, `cursor`.

mod cursor;
mod database;
mod error;
mod intents;
mod jobs;
mod owner;
mod record;
mod schema;

pub(super) use database::Store;
pub use error::StoreError;
pub(super) use owner::Owner;
