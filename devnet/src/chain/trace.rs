//! Traces: a transaction is executed once more, on the state that it was executed on, while
//! a tracer watches.

use std::sync::Arc;

use alloy_eips::BlockId;
use alloy_primitives::B256;
use alloy_rpc_types_eth::{TransactionRequest, state::EvmOverrides};
use serde_json::Value;

use super::{
    Block, CallError, Chain, Transaction, TransactionError, UnknownBlock, execution, node::Node,
    simulate::View,
};
use crate::{
    evm::{
        Message, Mode, Setting,
        trace::{MAX_TRACE_BYTES, TraceKind, TraceTooLarge, Tracer},
    },
    stylus::RecentPrograms,
};

/// Why there is no trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// No transaction has this hash.
    #[error("transaction not found: {0}")]
    UnknownTransaction(B256),
    /// The transaction waits for its block.
    #[error("transaction {0} is not mined yet: mine a block first")]
    NotMined(B256),
    /// A block holds no transaction at this place.
    #[error("block {block} has no transaction {index}: it has {transactions}")]
    NoSuchIndex {
        /// Number of the block.
        block: u64,
        /// Place asked for.
        index: u64,
        /// How many transactions the block has.
        transactions: usize,
    },
    /// The block asked for does not exist.
    #[error(transparent)]
    Block(#[from] UnknownBlock),
    /// The genesis block was not executed.
    #[error("genesis is not traceable")]
    Genesis,
    /// The transaction cannot be executed again.
    #[error("cannot execute the transaction again: {0}")]
    Transaction(#[from] TransactionError),
    /// The call cannot be executed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The trace is too large.
    #[error(transparent)]
    TooLarge(#[from] TraceTooLarge),
}

/// What a call is traced upon.
#[derive(Clone, Debug, Default)]
pub struct TraceCallOptions {
    /// Changes to the state and the block before the call.
    pub overrides: EvmOverrides,
    /// The call is made after so many transactions of the block instead of after all.
    pub after_transactions: Option<u64>,
}

impl Chain {
    /// Traces a mined transaction. The trace is JSON, in the format of go-ethereum or Nitro.
    ///
    /// # Errors
    ///
    /// [`TraceError`] for a transaction that is not there, or a trace that is too large.
    pub fn trace_transaction(&self, hash: B256, kind: TraceKind) -> Result<Value, TraceError> {
        let (mut replay, block, index) = {
            let Some(mined) = self.mined(hash) else {
                return Err(match self.waiting(hash) {
                    Some(_) => TraceError::NotMined(hash),
                    None => TraceError::UnknownTransaction(hash),
                });
            };
            let replay = Replay::of(&mut self.node(), &mined.block)?;
            (replay, mined.block, mined.index)
        };
        for transaction in &block.transactions[..index] {
            replay.execute(transaction)?;
        }
        replay.trace(&block.transactions[index], kind, MAX_TRACE_BYTES)
    }

    /// Traces all transactions of a block, in order, with their hashes. All of them share
    /// the room that one trace has.
    ///
    /// # Errors
    ///
    /// [`TraceError`] for a block that is not there, or traces that are too large.
    pub fn trace_block(
        &self,
        id: BlockId,
        kind: TraceKind,
    ) -> Result<Vec<(B256, Value)>, TraceError> {
        let block = self.block(id)?;
        let mut replay = Replay::of(&mut self.node(), &block)?;
        let mut room = MAX_TRACE_BYTES;
        let mut traces = Vec::with_capacity(block.transactions.len());
        for transaction in &block.transactions {
            let trace = replay.trace(transaction, kind, room)?;
            room = room.saturating_sub(weight(&trace));
            traces.push((transaction.hash(), trace));
        }
        Ok(traces)
    }

    /// Traces a call, which changes nothing.
    ///
    /// # Errors
    ///
    /// [`TraceError`] for a call that cannot be executed, or a trace that is too large. A
    /// call that reverts has a trace.
    pub fn trace_call(
        &self,
        block: BlockId,
        request: &TransactionRequest,
        options: &TraceCallOptions,
        kind: TraceKind,
    ) -> Result<Value, TraceError> {
        let view = match options.after_transactions {
            None => self.node().view(block)?,
            Some(count) => self.view_within(block, count)?,
        };
        let view = view.with(&options.overrides)?;
        let message = view.message(request)?;
        let gas_limit = message.gas_limit;
        let tracer = Tracer::new(kind, MAX_TRACE_BYTES);
        let (executed, tracer) = view
            .setting()
            .trace(message, tracer)
            .map_err(|error| CallError::Failed(error.to_string()))?;
        Ok(tracer.finish(&view.state, gas_limit, &executed)?)
    }

    /// What a call sees after the first `count` transactions of a block.
    fn view_within(&self, id: BlockId, count: u64) -> Result<View, TraceError> {
        let block = self.block(id)?;
        let mut replay = Replay::of(&mut self.node(), &block)?;
        let before = usize::try_from(count)
            .ok()
            .and_then(|count| block.transactions.get(..count))
            .ok_or(TraceError::NoSuchIndex {
                block: block.header.number,
                index: count,
                transactions: block.transactions.len(),
            })?;
        for transaction in before {
            replay.execute(transaction)?;
        }
        Ok(replay.view)
    }
}

/// The transactions of a block that was made, one after the other.
struct Replay {
    /// The block, and the state that its next transaction finds.
    view: View,
    recent: RecentPrograms,
}

impl Replay {
    fn of(node: &mut Node, block: &Block) -> Result<Self, TraceError> {
        let number = block.header.number;
        let parent = number.checked_sub(1).ok_or(TraceError::Genesis)?;
        let mut view = node.view(number.into())?;
        view.state = node.ledger.state_at(parent)?.clone();
        Ok(Self {
            view,
            recent: RecentPrograms::default(),
        })
    }

    fn setting(&self) -> Setting<'_> {
        Setting {
            mode: Mode::Transaction,
            recent: self.recent.clone(),
            ..self.view.setting()
        }
    }

    fn message(&self, transaction: &Transaction) -> Message {
        transaction.message(self.view.block.terms.base_fee, self.view.l1_price())
    }

    fn execute(&mut self, transaction: &Transaction) -> Result<(), TraceError> {
        let executed = execution::execute(self.setting(), self.message(transaction))?;
        self.view.state = executed.state;
        self.recent = executed.recent;
        Ok(())
    }

    /// Executes a transaction and traces it with at most `room` bytes.
    fn trace(
        &mut self,
        transaction: &Arc<Transaction>,
        kind: TraceKind,
        room: usize,
    ) -> Result<Value, TraceError> {
        use alloy_consensus::Transaction as _;

        let tracer = Tracer::new(kind, room);
        let (executed, tracer) =
            execution::trace(self.setting(), self.message(transaction), tracer)?;
        let gas_limit = transaction.envelope().gas_limit();
        let trace = tracer.finish(&self.view.state, gas_limit, &executed)?;
        self.view.state = executed.state;
        self.recent = executed.recent;
        Ok(trace)
    }
}

/// Bytes of the text in JSON, roughly.
fn weight(value: &Value) -> usize {
    const PER_VALUE: usize = 8;
    PER_VALUE
        + match value {
            Value::String(text) => text.len(),
            Value::Array(values) => values.iter().map(weight).sum(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| name.len() + weight(value))
                .sum(),
            _ => 0,
        }
}
