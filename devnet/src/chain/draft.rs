//! A block in the making.

use std::sync::Arc;

use alloy_consensus::Transaction as _;
use alloy_primitives::B256;

use super::{
    Block, Receipt, State, Transaction, TransactionError, block::BlockParts, execution, node::Node,
    pool::Pool, simulate::View,
};
use crate::{
    evm::{self, BlockContext, Mode, Outcome, Setting, l1_price},
    stylus::{ProgramCache, RecentPrograms},
};

/// A block that transactions are added to, with the state after them.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    chain_id: u64,
    parent: B256,
    pub(super) context: BlockContext,
    pub(super) state: State,
    programs: ProgramCache,
    recent: RecentPrograms,
    transactions: Vec<Arc<Transaction>>,
    receipts: Vec<Receipt>,
}

/// A transaction that could not be mined after all.
#[derive(Clone, Debug)]
pub(super) struct Dropped {
    pub(super) hash: B256,
    pub(super) error: TransactionError,
}

/// What became of a transaction that was to be added.
enum Added {
    Yes,
    /// It has to wait for another block.
    Later,
    /// It can never be mined.
    Never(TransactionError),
}

impl Draft {
    /// An empty block after the latest.
    pub(super) fn new(node: &Node) -> Self {
        Self {
            chain_id: node.ledger.chain_id,
            parent: node.ledger.latest().hash,
            context: node.next_block(),
            state: node.ledger.state().clone(),
            programs: node.programs().clone(),
            recent: RecentPrograms::default(),
            transactions: Vec::new(),
            receipts: Vec::new(),
        }
    }

    /// An empty block that no node makes.
    pub(super) fn of_view(view: &View, parent: B256) -> Self {
        Self {
            chain_id: view.chain_id,
            parent,
            context: view.block.clone(),
            state: view.state.clone(),
            programs: view.programs.clone(),
            recent: RecentPrograms::default(),
            transactions: Vec::new(),
            receipts: Vec::new(),
        }
    }

    /// Moves transactions from the pool into the block, at most `limit`, and gives those
    /// that can never be mined.
    pub(super) fn fill(&mut self, pool: &mut Pool, limit: usize) -> Vec<Dropped> {
        let mut dropped = Vec::new();
        let mut turns = pool.turns(&self.state);
        while self.transactions.len() < limit
            && let Some(transaction) = turns.next()
        {
            let hash = transaction.hash();
            match self.add(&transaction) {
                Added::Later => continue,
                Added::Yes => {}
                Added::Never(error) => {
                    tracing::debug!(%hash, %error, "transaction dropped");
                    dropped.push(Dropped { hash, error });
                }
            }
            pool.remove(hash);
            turns.add_first_of(pool, transaction.from(), &self.state);
        }
        dropped
    }

    pub(super) fn is_empty(&self) -> bool {
        self.transactions.is_empty()
    }

    fn gas_used(&self) -> u64 {
        self.receipts
            .last()
            .map_or(0, |receipt| receipt.cumulative_gas_used)
    }

    fn add(&mut self, transaction: &Arc<Transaction>) -> Added {
        let terms = self.context.terms;
        // Both may have changed since the transaction was taken.
        let room = terms.gas_limit.saturating_sub(self.gas_used());
        let l1_price = l1_price::price_per_unit(&self.state);
        let message = transaction.message(terms.base_fee, l1_price);
        if transaction.envelope().max_fee_per_gas() < u128::from(terms.base_fee)
            || message.most_gas() > room
        {
            return Added::Later;
        }
        match self.execute(transaction, message) {
            Ok(()) => Added::Yes,
            Err(error) => Added::Never(error),
        }
    }

    fn execute(
        &mut self,
        transaction: &Arc<Transaction>,
        message: evm::Message,
    ) -> Result<(), TransactionError> {
        let address = message.from;
        let (have, want) = (self.state.balance(address), transaction.max_cost());
        if have < want {
            return Err(TransactionError::InsufficientFunds {
                address,
                have,
                want,
            });
        }
        self.run(transaction, message, Mode::Transaction)?;
        Ok(())
    }

    /// Adds a transaction that need not be signed, have funds or the right nonce. Gives the
    /// gas that it used.
    pub(super) fn simulate(
        &mut self,
        transaction: Transaction,
        message: evm::Message,
    ) -> Result<u64, TransactionError> {
        self.run(&Arc::new(transaction), message, Mode::Simulation)
    }

    fn run(
        &mut self,
        transaction: &Arc<Transaction>,
        message: evm::Message,
        mode: Mode,
    ) -> Result<u64, TransactionError> {
        let price = message.gas_price;
        let gas_used_for_l1 = message.data_fee.gas;
        let setting = Setting {
            state: self.state.clone(),
            block: &self.context,
            chain_id: self.chain_id,
            mode,
            programs: self.programs.clone(),
            recent: self.recent.clone(),
        };
        let executed = execution::execute(setting, message)?;
        self.state = executed.state;
        self.recent = executed.recent;

        let logs_before = self
            .receipts
            .last()
            .map_or(0, |last| last.first_log_index + last.logs.len() as u64);
        let cumulative_gas_used = self.gas_used() + executed.gas_used;
        self.transactions.push(transaction.clone());
        self.receipts.push(Receipt {
            success: executed.outcome == Outcome::Success,
            reverted: matches!(executed.outcome, Outcome::Revert { .. }),
            gas_used: executed.gas_used,
            gas_used_for_l1,
            cumulative_gas_used,
            logs: executed.logs,
            first_log_index: logs_before,
            contract_address: executed.created,
            effective_gas_price: price,
            output: executed.output,
            failure: match executed.outcome {
                Outcome::Success => None,
                Outcome::Revert { reason } => {
                    Some(reason.unwrap_or_else(|| "execution reverted".into()))
                }
                Outcome::Halt { reason, .. } => Some(reason),
            },
        });
        Ok(executed.gas_used)
    }

    /// The block, with the state after it.
    pub(super) fn finish(mut self) -> (Block, State) {
        let block = Block::seal(BlockParts {
            parent: self.parent,
            number: self.context.l2_number,
            timestamp: self.context.timestamp,
            l1_number: self.context.l1_number,
            terms: self.context.terms,
            state_root: self.state.root(),
            transactions: self.transactions,
            receipts: self.receipts,
        });
        (block, self.state)
    }
}
