//! The chain's data: blocks, states, transactions waiting. Everything is persistent, so
//! that a clone, which is what a snapshot is, takes constant time.

use std::sync::Arc;

use alloy_primitives::{Address, B256};
use imbl::{HashMap, Vector};

use super::{Block, Receipt, State, Transaction, UnknownBlock};

/// Where a transaction was mined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) block: u64,
    pub(super) index: usize,
}

/// A transaction as found by its hash.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MinedTransaction {
    /// Its block.
    pub block: Arc<Block>,
    /// Its place in the block.
    pub index: usize,
}

impl MinedTransaction {
    /// The transaction.
    #[must_use]
    pub fn transaction(&self) -> &Transaction {
        // SAFETY: only this crate makes these, with an index that the block has.
        &self.block.transactions[self.index]
    }

    /// What it did.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        // SAFETY: as in `transaction`; there is a receipt for each.
        &self.block.receipts[self.index]
    }
}

#[derive(Clone, Debug)]
pub(super) struct Ledger {
    blocks: Vector<Arc<Block>>,
    /// State at the end of each block. Cheats change the last one.
    states: Vector<State>,
    hashes: Vector<B256>,
    by_hash: HashMap<B256, u64>,
    places: HashMap<B256, Place>,
    /// Transactions that wait, in the order of their arrival.
    pub(super) pool: Vector<Arc<Transaction>>,
    /// Seconds by which this chain's clock differs from the wall clock.
    pub(super) clock_offset: i64,
    /// Timestamp that the next block must have.
    pub(super) next_timestamp: Option<u64>,
}

impl Ledger {
    pub(super) fn new(genesis: Block, state: State, clock_offset: i64) -> Self {
        let mut ledger = Self {
            blocks: Vector::new(),
            states: Vector::new(),
            hashes: Vector::new(),
            by_hash: HashMap::new(),
            places: HashMap::new(),
            pool: Vector::new(),
            clock_offset,
            next_timestamp: None,
        };
        ledger.append(genesis, state);
        ledger
    }

    pub(super) fn append(&mut self, block: Block, state: State) -> Arc<Block> {
        let block = Arc::new(block);
        let number = block.header.number;
        for (index, transaction) in block.transactions.iter().enumerate() {
            self.places.insert(
                transaction.hash(),
                Place {
                    block: number,
                    index,
                },
            );
        }
        self.by_hash.insert(block.hash, number);
        self.hashes.push_back(block.hash);
        self.states.push_back(state);
        self.blocks.push_back(block.clone());
        block
    }

    pub(super) fn latest(&self) -> &Arc<Block> {
        // SAFETY: the ledger is made with a genesis block and blocks are never removed.
        self.blocks.last().expect("a ledger has a genesis block")
    }

    pub(super) fn state(&self) -> &State {
        // SAFETY: as in `latest`: one state per block.
        self.states.last().expect("a ledger has a genesis state")
    }

    pub(super) fn state_mut(&mut self) -> &mut State {
        // SAFETY: as in `latest`: one state per block.
        self.states
            .back_mut()
            .expect("a ledger has a genesis state")
    }

    pub(super) fn hashes(&self) -> &Vector<B256> {
        &self.hashes
    }

    /// The blocks from a number on.
    pub(super) fn blocks_from(&self, index: usize) -> impl Iterator<Item = &Arc<Block>> {
        self.blocks.iter().skip(index)
    }

    pub(super) fn block(&self, number: u64) -> Result<&Arc<Block>, UnknownBlock> {
        usize::try_from(number)
            .ok()
            .and_then(|index| self.blocks.get(index))
            .ok_or(UnknownBlock::Number {
                number,
                latest: self.latest().header.number,
            })
    }

    pub(super) fn state_at(&self, number: u64) -> Result<&State, UnknownBlock> {
        usize::try_from(number)
            .ok()
            .and_then(|index| self.states.get(index))
            .ok_or(UnknownBlock::Number {
                number,
                latest: self.latest().header.number,
            })
    }

    pub(super) fn number_of(&self, hash: B256) -> Result<u64, UnknownBlock> {
        self.by_hash
            .get(&hash)
            .copied()
            .ok_or(UnknownBlock::Hash(hash))
    }

    pub(super) fn mined(&self, hash: B256) -> Option<MinedTransaction> {
        let place = self.places.get(&hash)?;
        let block = self.block(place.block).ok()?.clone();
        Some(MinedTransaction {
            block,
            index: place.index,
        })
    }

    pub(super) fn waiting(&self, hash: B256) -> Option<&Arc<Transaction>> {
        self.pool
            .iter()
            .find(|transaction| transaction.hash() == hash)
    }

    pub(super) fn waiting_at(&self, from: Address, nonce: u64) -> Option<usize> {
        self.pool
            .iter()
            .position(|waiting| waiting.from() == from && waiting.nonce() == nonce)
    }

    /// The nonce after all transactions of `address` that could be mined now.
    pub(super) fn pending_nonce(&self, address: Address) -> u64 {
        let mut nonce = self.state().nonce(address);
        while self.waiting_at(address, nonce).is_some() {
            nonce += 1;
        }
        nonce
    }
}
