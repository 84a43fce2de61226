//! Blocks, transactions and state, and [`Chain`], the handle by which a test holds them.

mod block;
mod clock;
mod controls;
mod draft;
mod error;
mod events;
mod filters;
mod genesis;
mod handle;
mod ledger;
mod logs;
mod mining;
mod node;
mod overrides;
mod pool;
mod simulate;
mod simulation;
mod state;
mod transaction;
mod trie;

pub use block::{Block, Receipt, l1_block_number};
pub use controls::Snapshot;
pub use error::{CallError, ControlError, ReorgError, TransactionError, UnknownBlock};
pub(crate) use events::{Event, KEPT_EVENTS};
pub(crate) use filters::News;
pub use genesis::Genesis;
pub use handle::Chain;
pub use ledger::MinedTransaction;
pub use logs::LogQueryError;
pub(crate) use logs::{check_terms, terms};
pub use mining::Mining;
pub(crate) use mining::mine_at_intervals;
pub use simulation::SimulationError;
pub use state::{AccountState, State};
pub use transaction::Transaction;
