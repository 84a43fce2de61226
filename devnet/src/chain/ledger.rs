//! The chain's data: blocks, states, transactions waiting. Everything is persistent, so
//! that a clone, which is what a snapshot is, takes constant time and shares all of it.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes};
use imbl::{HashMap, Vector};

use super::{
    Block, ControlError, Receipt, State, Transaction, UnknownBlock, clock::Clock, pool::Pool,
};
use crate::evm::BlockTerms;

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

/// What a snapshot brings back.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    pub(super) chain_id: u64,
    /// All blocks, by number.
    blocks: Vector<Arc<Block>>,
    /// State at the end of each of the newest blocks. Cheats change the last one.
    states: Vector<State>,
    /// Most of those that are kept.
    history: usize,
    hashes: Vector<B256>,
    by_hash: HashMap<B256, u64>,
    places: HashMap<B256, Place>,
    pub(super) pool: Pool,
    pub(super) clock: Clock,
    /// Of the blocks to come.
    pub(super) terms: BlockTerms,
    /// What the chain's user keeps with it.
    pub(super) attachment: Bytes,
}

impl Ledger {
    /// A chain of one block. `history` is how many states are kept, at least one.
    pub(super) fn new(
        chain_id: u64,
        genesis: Block,
        state: State,
        clock: Clock,
        history: usize,
    ) -> Self {
        let mut ledger = Self {
            chain_id,
            blocks: Vector::new(),
            states: Vector::new(),
            history: history.max(1),
            hashes: Vector::new(),
            by_hash: HashMap::new(),
            places: HashMap::new(),
            pool: Pool::default(),
            clock,
            terms: BlockTerms::default(),
            attachment: Bytes::new(),
        };
        ledger.append(genesis, state);
        ledger
    }

    /// A chain of blocks that were made before, with the state after the last. None without
    /// any block.
    pub(super) fn restore(
        chain_id: u64,
        blocks: Vec<Block>,
        state: State,
        clock: Clock,
        history: usize,
    ) -> Option<Self> {
        let mut blocks = blocks.into_iter();
        let mut ledger = Self::new(chain_id, blocks.next()?, state.clone(), clock, 1);
        for block in blocks {
            // All but the last of these states go at once.
            ledger.append(block, state.clone());
        }
        ledger.history = history.max(1);
        Some(ledger)
    }

    /// Most states that are kept.
    pub(super) fn history(&self) -> usize {
        self.history
    }

    /// All blocks, the oldest first.
    pub(super) fn blocks(&self) -> impl ExactSizeIterator<Item = &Arc<Block>> {
        self.blocks.iter()
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
        while self.states.len() > self.history {
            self.states.pop_front();
        }
        self.blocks.push_back(block.clone());
        block
    }

    /// Takes back the newest `depth` blocks. Their transactions are gone.
    pub(super) fn truncate(&mut self, depth: u64) -> Result<(), ControlError> {
        let latest = self.latest().header.number;
        let number = latest
            .checked_sub(depth)
            .ok_or(ControlError::TooDeep { depth, latest })?;
        self.state_at(number)?;
        for _ in 0..depth {
            self.states.pop_back();
            self.hashes.pop_back();
            if let Some(block) = self.blocks.pop_back() {
                self.by_hash.remove(&block.hash);
                for transaction in &block.transactions {
                    self.places.remove(&transaction.hash());
                }
            }
        }
        Ok(())
    }

    pub(super) fn latest(&self) -> &Arc<Block> {
        // SAFETY: the ledger is made with a genesis block, which is never removed.
        self.blocks.last().expect("a ledger has a genesis block")
    }

    pub(super) fn state(&self) -> &State {
        // SAFETY: as in `latest`: the newest block's state is always kept.
        self.states.last().expect("a ledger has a state")
    }

    pub(super) fn state_mut(&mut self) -> &mut State {
        // SAFETY: as in `state`.
        self.states.back_mut().expect("a ledger has a state")
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

    /// The state at the end of a block.
    pub(super) fn state_at(&self, number: u64) -> Result<&State, UnknownBlock> {
        self.block(number)?;
        let oldest = (self.blocks.len() - self.states.len()) as u64;
        number
            .checked_sub(oldest)
            .and_then(|index| self.states.get(usize::try_from(index).ok()?))
            .ok_or(UnknownBlock::StateForgotten { number, oldest })
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

    /// The nonce after all transactions of `address` that could be mined now.
    pub(super) fn pending_nonce(&self, address: Address) -> u64 {
        self.pool.nonce_after(address, self.state().nonce(address))
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;

    use super::*;
    use crate::chain::{Chain, Genesis};

    #[test]
    fn a_clone_shares_all_that_grows_with_its_origin() {
        let chain = Chain::new(Genesis::default());
        chain.mine_many(1_000, 1).unwrap();
        for number in 0..10_000u64 {
            let address = Address::from_word(B256::from(U256::from(number)));
            chain.set_balance(address, U256::from(number));
        }
        let mut ledger = chain.node().ledger.clone();
        let snapshot = ledger.clone();
        let Ledger {
            chain_id: _,
            blocks,
            states,
            history: _,
            hashes,
            by_hash,
            places,
            pool,
            clock: _,
            terms: _,
            attachment: _,
        } = &ledger;
        assert!(blocks.ptr_eq(&snapshot.blocks));
        assert!(states.ptr_eq(&snapshot.states));
        assert!(hashes.ptr_eq(&snapshot.hashes));
        assert!(by_hash.ptr_eq(&snapshot.by_hash));
        assert!(places.ptr_eq(&snapshot.places));
        assert!(pool.shares_all_with(&snapshot.pool));
        assert!(ledger.state().shares_all_with(snapshot.state()));
        // A change of the one leaves the other as it was.
        ledger.state_mut().set_balance(Address::ZERO, U256::MAX);
        assert_eq!(snapshot.state().balance(Address::ZERO), U256::ZERO);
        assert!(!ledger.state().shares_all_with(snapshot.state()));
    }
}
