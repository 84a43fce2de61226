//! Blocks, transactions and state, and [`Chain`], the handle by which a test holds them.

mod block;
mod error;
mod events;
mod filters;
mod handle;
mod ledger;
mod logs;
mod node;
mod simulate;
mod state;
mod transaction;
mod trie;

pub use block::{Block, Receipt, l1_block_number};
pub use error::{CallError, ControlError, TransactionError, UnknownBlock};
pub(crate) use events::{Event, KEPT_EVENTS};
pub(crate) use filters::News;
pub use handle::Chain;
pub use ledger::MinedTransaction;
pub use logs::LogQueryError;
pub(crate) use logs::{check_terms, terms};
pub use node::Genesis;
pub(crate) use node::wall_clock;
pub use state::{AccountState, State};
pub use transaction::Transaction;
