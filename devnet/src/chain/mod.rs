//! Blocks, transactions and state, and [`Chain`], the handle by which a test holds them.

mod block;
mod error;
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
pub use handle::Chain;
pub use ledger::MinedTransaction;
pub use logs::LogQueryError;
pub(crate) use logs::News;
pub use node::Genesis;
pub(crate) use node::wall_clock;
pub use state::{AccountState, State};
pub use transaction::Transaction;
