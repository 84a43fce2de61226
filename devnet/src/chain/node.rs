//! The chain itself: takes transactions, makes blocks, answers for its state.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, keccak256};
use tokio::sync::watch;

use super::{
    Block, ControlError, Genesis, Mining, ReorgError, Snapshot, State, Transaction,
    TransactionError, UnknownBlock,
    block::l1_block_number,
    draft::{Draft, Dropped},
    events::{Event, Events},
    ledger::Ledger,
    pool::Pool,
    simulate::View,
};
use crate::{
    accounts::DevAccount,
    evm::{BlockContext, BlockTerms, l1_price},
    stylus::ProgramCache,
};

/// Nonces by which a transaction may be ahead of its account.
const MAX_NONCE_GAP: u64 = 1_024;
/// Snapshots that are kept; beyond that the oldest is forgotten.
const MAX_SNAPSHOTS: usize = 1_024;

/// The block that would be made now of all that waits.
#[derive(Clone, Debug)]
struct Pending {
    draft: Draft,
    /// What is left in the pool.
    pool: Pool,
    block: Option<Arc<Block>>,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) ledger: Ledger,
    genesis: Genesis,
    accounts: Vec<DevAccount>,
    impersonated: HashSet<Address>,
    /// Whether everybody is impersonated.
    pub(super) impersonate_all: bool,
    mining: watch::Sender<Mining>,
    snapshots: BTreeMap<u64, Ledger>,
    next_snapshot: u64,
    programs: ProgramCache,
    events: Events,
    /// What `pending` queries see, while it is true.
    pending: Option<Pending>,
    /// Tells this chain, or its life since the last reset, from others.
    pub(super) instance: B256,
    /// Whether requests are logged.
    pub(super) logging: bool,
}

impl Node {
    pub(super) fn new(genesis: Genesis) -> Self {
        let ledger = genesis.ledger();
        Self::with_ledger(genesis, ledger)
    }

    /// A chain that goes on from `ledger`.
    pub(super) fn with_ledger(genesis: Genesis, ledger: Ledger) -> Self {
        Self {
            ledger,
            accounts: genesis.accounts.clone(),
            genesis,
            impersonated: HashSet::new(),
            impersonate_all: false,
            mining: watch::Sender::new(Mining::Automatic),
            snapshots: BTreeMap::new(),
            next_snapshot: 1,
            programs: ProgramCache::default(),
            events: Events::default(),
            pending: None,
            instance: new_instance(),
            logging: true,
        }
    }

    /// Goes on from a ledger and accounts of another chain. Accounts of this one stay known.
    pub(super) fn load(&mut self, ledger: Ledger, mut accounts: Vec<DevAccount>) {
        self.switch_to(ledger);
        for account in &self.genesis.accounts {
            if !accounts.contains(account) {
                accounts.push(*account);
            }
        }
        self.accounts = accounts;
    }

    /// Begins anew. The mining mode stays.
    pub(super) fn reset(&mut self) {
        self.switch_to(self.genesis.ledger());
        self.accounts.clone_from(&self.genesis.accounts);
        self.impersonated.clear();
        self.impersonate_all = false;
        self.snapshots.clear();
        self.pending = None;
        self.instance = new_instance();
    }

    pub(super) fn accounts(&self) -> &[DevAccount] {
        &self.accounts
    }

    pub(super) fn programs(&self) -> &ProgramCache {
        &self.programs
    }

    /// Somebody may have changed what the pending block is made of.
    pub(super) fn forget_pending(&mut self) {
        self.pending = None;
    }

    // --- mining mode ---

    pub(super) fn mining(&self) -> Mining {
        *self.mining.borrow()
    }

    pub(super) fn mining_changes(&self) -> watch::Receiver<Mining> {
        self.mining.subscribe()
    }

    pub(super) fn set_mining(&mut self, mode: Mining) {
        self.mining.send_if_modified(|present| {
            let changed = *present != mode;
            *present = mode;
            changed
        });
        if mode.is_automatic() {
            self.mine_one_by_one();
        }
    }

    pub(super) fn set_automine(&mut self, on: bool) {
        self.set_mining(self.mining().with_automine(on));
    }

    pub(super) fn set_interval(&mut self, interval: Duration) {
        self.set_mining(self.mining().with_interval(interval));
    }

    // --- impersonation ---

    pub(super) fn impersonate(&mut self, address: Address, on: bool) {
        if on {
            self.impersonated.insert(address);
        } else {
            self.impersonated.remove(&address);
        }
    }

    pub(super) fn is_impersonated(&self, address: Address) -> bool {
        self.impersonate_all || self.impersonated.contains(&address)
    }

    /// The account that signs for `address` here.
    pub(super) fn signer(&self, address: Address) -> Option<&DevAccount> {
        self.accounts
            .iter()
            .find(|account| account.address == address)
    }

    // --- time ---

    /// Timestamp that a block made now would have.
    pub(super) fn next_timestamp(&self) -> u64 {
        let latest = self.ledger.latest().header.timestamp;
        self.ledger.clock.next_timestamp(latest)
    }

    // --- snapshots ---

    pub(super) fn snapshot(&mut self) -> u64 {
        let id = self.next_snapshot;
        self.next_snapshot += 1;
        self.snapshots.insert(id, self.ledger.clone());
        if self.snapshots.len() > MAX_SNAPSHOTS {
            self.snapshots.pop_first();
        }
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

    pub(super) fn snapshots(&self) -> Vec<Snapshot> {
        self.snapshots
            .iter()
            .map(|(id, ledger)| Snapshot {
                id: *id,
                block_number: ledger.latest().header.number,
                block_hash: ledger.latest().hash,
            })
            .collect()
    }

    // --- transactions ---

    /// Checks what does not depend on the sender's account.
    fn check(&self, transaction: &Transaction) -> Result<(), TransactionError> {
        let ledger = &self.ledger;
        let l1_price = l1_price::price_per_unit(ledger.state());
        transaction.check(ledger.chain_id, &ledger.terms, l1_price)
    }

    /// Takes a transaction; with automine its block is there when this returns.
    pub(super) fn submit(&mut self, transaction: Transaction) -> Result<B256, TransactionError> {
        let hash = transaction.hash();
        if self.ledger.mined(hash).is_some() || self.ledger.pool.get(hash).is_some() {
            return Err(TransactionError::AlreadyKnown);
        }
        self.check(&transaction)?;
        self.check_account(&transaction)?;
        let transaction = Arc::new(transaction);
        let waiting = self.ledger.pool.len();
        self.ledger.pool.insert(transaction.clone())?;
        self.events.push(Event::Pending(transaction.clone()));
        if self.mining().is_automatic() {
            return match self
                .mine_one_by_one()
                .into_iter()
                .find(|dropped| dropped.hash == hash)
            {
                Some(dropped) => Err(dropped.error),
                None => Ok(hash),
            };
        }
        // A pending block that was asked for is added to, not made again for each arrival.
        match &mut self.pending {
            Some(pending) if self.ledger.pool.len() > waiting => {
                pending.block = None;
                pending.pool.insert(transaction)?;
            }
            _ => self.pending = None,
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

    // --- blocks ---

    fn mine_one_by_one(&mut self) -> Vec<Dropped> {
        let mut dropped = Vec::new();
        while !self.ledger.pool.is_empty() {
            let mut draft = Draft::new(self);
            dropped.append(&mut draft.fill(&mut self.ledger.pool, 1));
            if draft.is_empty() {
                break;
            }
            self.append(draft);
        }
        dropped
    }

    /// Makes one block of all transactions whose turn it is.
    pub(super) fn mine(&mut self) -> Arc<Block> {
        let mut draft = Draft::new(self);
        draft.fill(&mut self.ledger.pool, usize::MAX);
        self.append(draft)
    }

    /// Makes one block of these transactions alone, which must hold them all.
    fn mine_these(&mut self, transactions: Vec<Transaction>) -> Result<(), TransactionError> {
        let mut pool = Pool::default();
        for transaction in transactions {
            self.check(&transaction)?;
            pool.insert(Arc::new(transaction))?;
        }
        let mut draft = Draft::new(self);
        if let Some(dropped) = draft.fill(&mut pool, usize::MAX).pop() {
            return Err(dropped.error);
        }
        if let Some(left) = pool.iter().next() {
            return Err(TransactionError::Invalid(format!(
                "the block cannot hold transaction {}: its nonce has not come, or its gas is \
                 more than what the block has left",
                left.hash()
            )));
        }
        self.append(draft);
        Ok(())
    }

    fn append(&mut self, draft: Draft) -> Arc<Block> {
        self.pending = None;
        let (block, state) = draft.finish();
        self.ledger.clock.block_made(block.header.timestamp);
        let block = self.ledger.append(block, state);
        self.events.push(Event::Block(block.clone()));
        block
    }

    /// The block that would be made now, and the state after it.
    fn pending(&mut self) -> &mut Pending {
        let timestamp = self.next_timestamp();
        let mut pending = match self.pending.take() {
            Some(pending) if pending.draft.context.timestamp == timestamp => pending,
            _ => Pending {
                draft: Draft::new(self),
                pool: self.ledger.pool.clone(),
                block: None,
            },
        };
        if pending.block.is_none() {
            pending.draft.fill(&mut pending.pool, usize::MAX);
        }
        self.pending.insert(pending)
    }

    /// The block that would be made now.
    pub(super) fn pending_block(&mut self) -> Arc<Block> {
        let pending = self.pending();
        match &pending.block {
            Some(block) => block.clone(),
            None => {
                let block = Arc::new(pending.draft.clone().finish().0);
                pending.block = Some(block.clone());
                block
            }
        }
    }

    // --- answers ---

    /// The number of a block that exists; none for the pending one.
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

    /// What a call at a block sees. `pending` is the block that would be made now, with all
    /// that waits in it.
    pub(super) fn view(&mut self, id: BlockId) -> Result<View, UnknownBlock> {
        let (block, state) = match self.resolve(id)? {
            None if self.ledger.pool.is_empty() => (self.next_block(), self.ledger.state().clone()),
            None => {
                let draft = &self.pending().draft;
                (draft.context.clone(), draft.state.clone())
            }
            Some(number) => {
                let header = &self.ledger.block(number)?.header;
                let index = usize::try_from(number).unwrap_or(usize::MAX);
                let context = BlockContext {
                    l2_number: number,
                    l1_number: l1_block_number(header.timestamp),
                    timestamp: header.timestamp,
                    hashes: self.ledger.hashes().take(index),
                    terms: BlockTerms {
                        base_fee: header.base_fee_per_gas.unwrap_or_default(),
                        gas_limit: header.gas_limit,
                        beneficiary: header.beneficiary,
                    },
                };
                (context, self.ledger.state_at(number)?.clone())
            }
        };
        Ok(View {
            state,
            block,
            chain_id: self.ledger.chain_id,
            programs: self.programs.clone(),
        })
    }

    pub(super) fn state_at(&mut self, id: BlockId) -> Result<&State, UnknownBlock> {
        match self.resolve(id)? {
            None if self.ledger.pool.is_empty() => Ok(self.ledger.state()),
            None => Ok(&self.pending().draft.state),
            Some(number) => self.ledger.state_at(number),
        }
    }

    pub(super) fn next_block(&self) -> BlockContext {
        let timestamp = self.next_timestamp();
        BlockContext {
            l2_number: self.ledger.latest().header.number + 1,
            l1_number: l1_block_number(timestamp),
            timestamp,
            hashes: self.ledger.hashes().clone(),
            terms: self.ledger.terms,
        }
    }

    /// Takes back the newest `depth` blocks, with their transactions.
    pub(super) fn rollback(&mut self, depth: u64) -> Result<(), ControlError> {
        let mut shorter = self.ledger.clone();
        shorter.truncate(depth)?;
        self.switch_to(shorter);
        Ok(())
    }

    /// Takes back `depth` blocks and makes as many new ones of the transactions given for
    /// each. All or nothing.
    pub(super) fn reorganise(
        &mut self,
        depth: u64,
        mut blocks: BTreeMap<u64, Vec<Transaction>>,
    ) -> Result<(), ReorgError> {
        let before = self.ledger.clone();
        self.rollback(depth)?;
        for index in 0..depth {
            let transactions = blocks.remove(&index).unwrap_or_default();
            if let Err(error) = self.mine_these(transactions) {
                self.switch_to(before);
                return Err(error.into());
            }
        }
        Ok(())
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
}

/// Differs from call to call.
fn new_instance() -> B256 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanoseconds = since.map(|time| time.as_nanos()).unwrap_or_default();
    let process = std::process::id();
    keccak256(format!("{process} {nanoseconds} {count}"))
}
