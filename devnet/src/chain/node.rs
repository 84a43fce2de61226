//! The chain itself: takes transactions, makes blocks, answers for its state.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use alloy_consensus::Transaction as _;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, Bytes, U256};

use super::{
    Block, ControlError, MinedTransaction, Receipt, State, Transaction, TransactionError,
    UnknownBlock,
    block::{BlockParts, l1_block_number},
    events::{Event, Events},
    ledger::Ledger,
    simulate::View,
};
use crate::{
    accounts::DevAccount,
    evm::{self, BlockContext, Mode, Outcome, params},
    stylus::{ProgramCache, RecentPrograms},
};

/// Nonces by which a transaction may be ahead of its account.
const MAX_NONCE_GAP: u64 = 1_024;

/// How a chain begins.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// Chain id.
    pub chain_id: u64,
    /// Timestamp of the genesis block in Unix seconds; the clock runs on from there.
    pub timestamp: u64,
    /// Accounts with known keys.
    pub accounts: Vec<DevAccount>,
    /// Balance of each of them in wei.
    pub balance: U256,
}

/// A transaction that could not be mined after all.
#[derive(Clone, Debug)]
struct Dropped {
    hash: B256,
    error: TransactionError,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) ledger: Ledger,
    chain_id: u64,
    accounts: Vec<DevAccount>,
    impersonated: HashSet<Address>,
    automine: bool,
    snapshots: BTreeMap<u64, Ledger>,
    next_snapshot: u64,
    programs: ProgramCache,
    events: Events,
}

impl Node {
    pub(super) fn new(genesis: Genesis) -> Self {
        let mut state = State::default();
        for account in &genesis.accounts {
            state.set_balance(account.address, genesis.balance);
        }
        // Built-ins have code for whoever asks (EXTCODESIZE); it is never run.
        for address in evm::ARBITRUM_PRECOMPILES
            .into_iter()
            .chain([params::STYLUS_DEPLOYER])
        {
            state.set_code(address, Bytes::from_static(&[0xfe]));
            state.set_nonce(address, 1);
        }
        state.set_code(
            params::CREATE2_FACTORY,
            Bytes::from_static(&params::CREATE2_FACTORY_CODE),
        );
        state.set_nonce(params::CREATE2_FACTORY, 1);
        // An account that only has storage would be cleared as empty.
        state.set_nonce(params::ARBOS_STATE, 1);

        let block = Block::seal(BlockParts {
            parent: B256::ZERO,
            number: 0,
            timestamp: genesis.timestamp,
            l1_number: l1_block_number(genesis.timestamp),
            state_root: state.root(),
            transactions: Vec::new(),
            receipts: Vec::new(),
        });
        let offset = i128::from(genesis.timestamp) - i128::from(wall_clock());
        Self {
            ledger: Ledger::new(block, state, i64::try_from(offset).unwrap_or_default()),
            chain_id: genesis.chain_id,
            accounts: genesis.accounts,
            impersonated: HashSet::new(),
            automine: true,
            snapshots: BTreeMap::new(),
            next_snapshot: 1,
            programs: ProgramCache::default(),
            events: Events::default(),
        }
    }

    pub(super) fn chain_id(&self) -> u64 {
        self.chain_id
    }

    pub(super) fn accounts(&self) -> &[DevAccount] {
        &self.accounts
    }

    pub(super) fn set_automine(&mut self, on: bool) {
        self.automine = on;
        if on {
            self.mine_waiting_one_by_one();
        }
    }

    pub(super) fn automine(&self) -> bool {
        self.automine
    }

    pub(super) fn impersonate(&mut self, address: Address, on: bool) {
        if on {
            self.impersonated.insert(address);
        } else {
            self.impersonated.remove(&address);
        }
    }

    // --- time ---

    /// Timestamp that a block made now would have.
    pub(super) fn next_timestamp(&self) -> u64 {
        if let Some(fixed) = self.ledger.next_timestamp {
            return fixed;
        }
        let now = i128::from(wall_clock()) + i128::from(self.ledger.clock_offset);
        u64::try_from(now)
            .unwrap_or_default()
            .max(self.ledger.latest().header.timestamp)
    }

    pub(super) fn increase_time(&mut self, seconds: u64) -> Result<i64, ControlError> {
        let offset = i64::try_from(seconds)
            .ok()
            .and_then(|seconds| self.ledger.clock_offset.checked_add(seconds))
            .ok_or(ControlError::TimeOverflow(seconds))?;
        self.ledger.clock_offset = offset;
        Ok(offset)
    }

    pub(super) fn set_next_timestamp(&mut self, timestamp: u64) -> Result<(), ControlError> {
        let latest = self.ledger.latest().header.timestamp;
        if timestamp < latest {
            return Err(ControlError::TimeBackwards {
                given: timestamp,
                latest,
            });
        }
        if i64::try_from(timestamp).is_err() {
            return Err(ControlError::TimeOverflow(timestamp));
        }
        self.ledger.next_timestamp = Some(timestamp);
        Ok(())
    }

    // --- snapshots ---

    pub(super) fn snapshot(&mut self) -> u64 {
        let id = self.next_snapshot;
        self.next_snapshot += 1;
        self.snapshots.insert(id, self.ledger.clone());
        id
    }

    /// Goes back to a snapshot, which is used up by that, as are all later ones.
    pub(super) fn revert(&mut self, id: u64) -> bool {
        let mut later = self.snapshots.split_off(&id);
        match later.remove(&id) {
            Some(ledger) => {
                self.switch_to(ledger);
                true
            }
            None => {
                self.snapshots.append(&mut later);
                false
            }
        }
    }

    /// Goes over to another ledger and tells of the blocks that this takes away and adds.
    pub(super) fn switch_to(&mut self, ledger: Ledger) {
        let old = std::mem::replace(&mut self.ledger, ledger);
        let new = &self.ledger;
        // Two chains are the same up to a block and differ from there on.
        let (mut fork, mut differs) = (0, old.hashes().len().min(new.hashes().len()));
        while fork < differs {
            let middle = fork.midpoint(differs);
            if old.hashes().get(middle) == new.hashes().get(middle) {
                fork = middle + 1;
            } else {
                differs = middle;
            }
        }
        for block in old.blocks_from(fork) {
            self.events.push(Event::Removed(block.clone()));
        }
        for block in new.blocks_from(fork) {
            self.events.push(Event::Block(block.clone()));
        }
    }

    /// What happened last.
    pub(super) fn events(&self) -> &Events {
        &self.events
    }

    // --- transactions ---

    /// Takes a transaction; with automine its block is there when this returns.
    pub(super) fn submit(&mut self, transaction: Transaction) -> Result<B256, TransactionError> {
        let hash = transaction.hash();
        if self.ledger.mined(hash).is_some() || self.ledger.waiting(hash).is_some() {
            return Err(TransactionError::AlreadyKnown);
        }
        transaction.check(self.chain_id)?;
        self.check_account(&transaction)?;
        let (from, nonce) = (transaction.from(), transaction.nonce());
        let transaction = Arc::new(transaction);
        match self.ledger.waiting_at(from, nonce) {
            Some(index) => {
                let offered = self.ledger.pool[index].envelope().max_fee_per_gas();
                let needed = offered.saturating_add(offered / 10);
                if transaction.envelope().max_fee_per_gas() < needed {
                    return Err(TransactionError::Underpriced { offered });
                }
                self.ledger.pool.set(index, transaction.clone());
            }
            None => self.ledger.pool.push_back(transaction.clone()),
        }
        self.events.push(Event::Pending(transaction));
        if self.automine
            && let Some(dropped) = self
                .mine_waiting_one_by_one()
                .into_iter()
                .find(|dropped| dropped.hash == hash)
        {
            return Err(dropped.error);
        }
        Ok(hash)
    }

    fn check_account(&self, transaction: &Transaction) -> Result<(), TransactionError> {
        let address = transaction.from();
        let state = self.ledger.state();
        let (given, expected) = (transaction.nonce(), state.nonce(address));
        if given < expected {
            return Err(TransactionError::NonceTooLow {
                address,
                given,
                expected,
            });
        }
        if given - expected > MAX_NONCE_GAP {
            return Err(TransactionError::NonceTooHigh {
                address,
                given,
                expected,
            });
        }
        let (have, want) = (state.balance(address), transaction.max_cost());
        if have < want {
            return Err(TransactionError::InsufficientFunds {
                address,
                have,
                want,
            });
        }
        Ok(())
    }

    /// The account that signs for `address` here.
    pub(super) fn signer(&self, address: Address) -> Option<&DevAccount> {
        self.accounts
            .iter()
            .find(|account| account.address == address)
    }

    pub(super) fn is_impersonated(&self, address: Address) -> bool {
        self.impersonated.contains(&address)
    }

    // --- blocks ---

    /// Takes out of the pool the first transaction whose turn it is.
    fn take_ready(&mut self, state: &State) -> Option<Arc<Transaction>> {
        let index = self
            .ledger
            .pool
            .iter()
            .position(|waiting| waiting.nonce() <= state.nonce(waiting.from()))?;
        Some(self.ledger.pool.remove(index))
    }

    fn mine_waiting_one_by_one(&mut self) -> Vec<Dropped> {
        let mut dropped = Vec::new();
        loop {
            let state = self.ledger.state().clone();
            let Some(transaction) = self.take_ready(&state) else {
                return dropped;
            };
            let mut draft = Draft::new(self);
            match draft.execute(self, &transaction) {
                Ok(()) => {
                    draft.seal(self);
                }
                Err(error) => dropped.push(Dropped {
                    hash: transaction.hash(),
                    error,
                }),
            }
        }
    }

    /// Makes one block of all transactions whose turn it is.
    pub(super) fn mine(&mut self) -> Arc<Block> {
        let mut draft = Draft::new(self);
        while let Some(transaction) = self.take_ready(&draft.state) {
            if let Err(error) = draft.execute(self, &transaction) {
                tracing::debug!(hash = %transaction.hash(), %error, "transaction dropped");
            }
        }
        draft.seal(self)
    }

    // --- answers ---

    pub(super) fn resolve(&self, id: BlockId) -> Result<Option<u64>, UnknownBlock> {
        let latest = self.ledger.latest().header.number;
        Ok(match id {
            BlockId::Hash(hash) => Some(self.ledger.number_of(hash.block_hash)?),
            BlockId::Number(BlockNumberOrTag::Pending) => None,
            BlockId::Number(BlockNumberOrTag::Earliest) => Some(0),
            BlockId::Number(BlockNumberOrTag::Number(number)) => {
                self.ledger.block(number)?;
                Some(number)
            }
            BlockId::Number(_) => Some(latest),
        })
    }

    /// What a call at a block sees. `pending` is the block that would be made now.
    pub(super) fn view(&self, id: BlockId) -> Result<View, UnknownBlock> {
        let (block, state) = match self.resolve(id)? {
            None => (self.next_block(), self.ledger.state().clone()),
            Some(number) => {
                let header = &self.ledger.block(number)?.header;
                let index = usize::try_from(number).unwrap_or(usize::MAX);
                let context = BlockContext {
                    l2_number: number,
                    l1_number: l1_block_number(header.timestamp),
                    timestamp: header.timestamp,
                    hashes: self.ledger.hashes().take(index),
                };
                (context, self.ledger.state_at(number)?.clone())
            }
        };
        Ok(View {
            state,
            block,
            chain_id: self.chain_id,
            programs: self.programs.clone(),
        })
    }

    pub(super) fn state_at(&self, id: BlockId) -> Result<&State, UnknownBlock> {
        match self.resolve(id)? {
            None => Ok(self.ledger.state()),
            Some(number) => self.ledger.state_at(number),
        }
    }

    fn next_block(&self) -> BlockContext {
        let timestamp = self.next_timestamp();
        BlockContext {
            l2_number: self.ledger.latest().header.number + 1,
            l1_number: l1_block_number(timestamp),
            timestamp,
            hashes: self.ledger.hashes().clone(),
        }
    }

    pub(super) fn mined(&self, hash: B256) -> Option<MinedTransaction> {
        self.ledger.mined(hash)
    }
}

/// A block in the making.
struct Draft {
    context: BlockContext,
    state: State,
    recent: RecentPrograms,
    transactions: Vec<Arc<Transaction>>,
    receipts: Vec<Receipt>,
}

impl Draft {
    fn new(node: &Node) -> Self {
        Self {
            context: node.next_block(),
            state: node.ledger.state().clone(),
            recent: RecentPrograms::default(),
            transactions: Vec::new(),
            receipts: Vec::new(),
        }
    }

    fn execute(
        &mut self,
        node: &Node,
        transaction: &Arc<Transaction>,
    ) -> Result<(), TransactionError> {
        let message = transaction.message();
        let price = message.gas_price;
        let address = message.from;
        let (have, want) = (self.state.balance(address), transaction.max_cost());
        if have < want {
            return Err(TransactionError::InsufficientFunds {
                address,
                have,
                want,
            });
        }
        let executed = evm::execute(
            self.state.clone(),
            &self.context,
            node.chain_id,
            message,
            Mode::Transaction,
            node.programs.clone(),
            self.recent.clone(),
        )
        .map_err(|error| TransactionError::Invalid(error.to_string()))?;

        self.state = executed.state;
        self.recent = executed.recent;
        // The whole fee goes where Arbitrum's goes, so that no ether is lost.
        let fee = U256::from(price).saturating_mul(U256::from(executed.gas_used));
        let collected = self.state.balance(params::NETWORK_FEE_ACCOUNT);
        self.state
            .set_balance(params::NETWORK_FEE_ACCOUNT, collected.saturating_add(fee));

        let (gas_before, logs_before) = self.receipts.last().map_or((0, 0), |last| {
            (
                last.cumulative_gas_used,
                last.first_log_index + last.logs.len() as u64,
            )
        });
        self.transactions.push(transaction.clone());
        self.receipts.push(Receipt {
            success: executed.outcome == Outcome::Success,
            gas_used: executed.gas_used,
            cumulative_gas_used: gas_before + executed.gas_used,
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
        Ok(())
    }

    fn seal(mut self, node: &mut Node) -> Arc<Block> {
        let parent = node.ledger.latest();
        let block = Block::seal(BlockParts {
            parent: parent.hash,
            number: self.context.l2_number,
            timestamp: self.context.timestamp,
            l1_number: self.context.l1_number,
            state_root: self.state.root(),
            transactions: self.transactions,
            receipts: self.receipts,
        });
        // The clock runs on from a timestamp that was set.
        if node.ledger.next_timestamp.take().is_some() {
            let offset = i128::from(self.context.timestamp) - i128::from(wall_clock());
            node.ledger.clock_offset = i64::try_from(offset).unwrap_or_default();
        }
        let block = node.ledger.append(block, self.state);
        node.events.push(Event::Block(block.clone()));
        block
    }
}

/// The wall clock in Unix seconds.
pub(crate) fn wall_clock() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|time| time.as_secs())
        .unwrap_or_default()
}
