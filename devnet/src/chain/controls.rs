//! What only a development chain lets its user do.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use alloy_primitives::{Address, B256, Bytes, U256};
use tokio::sync::watch;

use super::{Block, Chain, ControlError, Mining, ReorgError, Transaction};
use crate::evm::l1_price;

/// A snapshot that can be gone back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// What [`Chain::revert`] takes.
    pub id: u64,
    /// Number of the latest block at the time.
    pub block_number: u64,
    /// Its hash.
    pub block_hash: B256,
}

/// Accounts. A change shows at once, and in the state root of the next block.
impl Chain {
    /// Sets a balance in wei.
    pub fn set_balance(&self, address: Address, balance: U256) {
        self.change()
            .ledger
            .state_mut()
            .set_balance(address, balance);
    }

    /// Adds to a balance, in wei, and gives the new one; it stops at 2^256 − 1.
    pub fn add_balance(&self, address: Address, amount: U256) -> U256 {
        let mut node = self.change();
        let state = node.ledger.state_mut();
        let balance = state.balance(address).saturating_add(amount);
        state.set_balance(address, balance);
        balance
    }

    /// Sets a nonce.
    pub fn set_nonce(&self, address: Address, nonce: u64) {
        self.change().ledger.state_mut().set_nonce(address, nonce);
    }

    /// Replaces code. A Stylus program put there still has to be activated.
    pub fn set_code(&self, address: Address, code: Bytes) {
        self.change().ledger.state_mut().set_code(address, code);
    }

    /// Sets a storage slot.
    pub fn set_storage(&self, address: Address, slot: U256, value: U256) {
        self.change()
            .ledger
            .state_mut()
            .set_storage(address, slot, value);
    }

    /// Lets `send` send for an account without its key.
    pub fn impersonate(&self, address: Address) {
        self.change().impersonate(address, true);
    }

    /// Ends that.
    pub fn stop_impersonating(&self, address: Address) {
        self.change().impersonate(address, false);
    }

    /// Lets `send` send for any account, or ends that.
    pub fn set_auto_impersonate(&self, on: bool) {
        self.change().impersonate_all = on;
    }
}

/// Blocks.
impl Chain {
    /// Makes a block of all transactions that wait.
    pub fn mine(&self) -> Arc<Block> {
        self.change().mine()
    }

    /// Makes `count` blocks, each `interval` seconds after the one before.
    ///
    /// # Errors
    ///
    /// [`ControlError::TimeOverflow`] when the clock cannot hold the time.
    pub fn mine_many(&self, count: u64, interval: u64) -> Result<(), ControlError> {
        for index in 0..count {
            // Others may have their turn between two blocks.
            let mut node = self.change();
            if index > 0 && interval > 0 {
                node.ledger.clock.advance(interval)?;
            }
            node.mine();
        }
        Ok(())
    }

    /// When blocks are made.
    #[must_use]
    pub fn mining(&self) -> Mining {
        self.node().mining()
    }

    /// Chooses when blocks are made. What waits is mined when that is at once.
    pub fn set_mining(&self, mode: Mining) {
        self.change().set_mining(mode);
    }

    /// Whether every transaction gets a block of its own at once.
    #[must_use]
    pub fn automine(&self) -> bool {
        self.mining().is_automatic()
    }

    /// Switches automine. Switching it on mines what waits and ends an interval, unless the
    /// mode is mixed; switching it off leaves an interval as it is.
    pub fn set_automine(&self, on: bool) {
        self.change().set_automine(on);
    }

    /// Makes a block at this interval, or no longer if it is zero. That ends automine,
    /// unless the mode is mixed.
    pub fn set_interval_mining(&self, interval: Duration) {
        self.change().set_interval(interval);
    }

    pub(crate) fn mining_changes(&self) -> watch::Receiver<Mining> {
        self.node().mining_changes()
    }

    /// Sets the wei per gas that blocks charge from now on.
    pub fn set_base_fee(&self, wei: u64) {
        self.change().ledger.terms.base_fee = wei;
    }

    /// Wei per gas that the next block charges.
    #[must_use]
    pub fn base_fee(&self) -> u64 {
        self.node().ledger.terms.base_fee
    }

    /// Sets the wei per unit that transactions pay for their data on L1 from now on. A unit is
    /// a sixteenth of a compressed byte.
    pub fn set_l1_price_per_unit(&self, wei: u64) {
        l1_price::set_price_per_unit(self.change().ledger.state_mut(), wei);
    }

    /// Wei per unit that transactions pay for their data on L1: 0 unless it was set.
    #[must_use]
    pub fn l1_price_per_unit(&self) -> u64 {
        l1_price::price_per_unit(self.node().ledger.state())
    }

    /// Sets the gas limit of blocks from now on.
    pub fn set_block_gas_limit(&self, gas: u64) {
        self.change().ledger.terms.gas_limit = gas;
    }

    /// Gas limit of the next block.
    #[must_use]
    pub fn block_gas_limit(&self) -> u64 {
        self.node().ledger.terms.gas_limit
    }

    /// Sets what COINBASE answers from now on.
    pub fn set_coinbase(&self, address: Address) {
        self.change().ledger.terms.beneficiary = address;
    }

    /// What COINBASE answers in the next block.
    #[must_use]
    pub fn coinbase(&self) -> Address {
        self.node().ledger.terms.beneficiary
    }

    /// Sets the chain id that transactions must be signed for from now on.
    pub fn set_chain_id(&self, chain_id: u64) {
        self.change().ledger.chain_id = chain_id;
    }

    /// Takes back the newest `depth` blocks, with their transactions.
    ///
    /// # Errors
    ///
    /// [`ControlError::TooDeep`], or [`ControlError::Block`] when the state to go back to is
    /// no longer kept.
    pub fn rollback(&self, depth: u64) -> Result<(), ControlError> {
        self.change().rollback(depth)
    }

    /// Takes back the newest `depth` blocks and makes as many new ones. `blocks` has the
    /// transactions of each, counted from zero; those not named are empty.
    ///
    /// # Errors
    ///
    /// As [`Self::rollback`], or [`ReorgError::Transaction`] for a transaction that its
    /// block cannot hold. Nothing has changed then.
    pub fn reorganise(
        &self,
        depth: u64,
        blocks: BTreeMap<u64, Vec<Transaction>>,
    ) -> Result<(), ReorgError> {
        self.change().reorganise(depth, blocks)
    }
}

/// Time.
impl Chain {
    /// Timestamp that a block made now would have.
    #[must_use]
    pub fn next_timestamp(&self) -> u64 {
        self.node().next_timestamp()
    }

    /// Puts the clock forward. Returns by how many seconds it now differs from the wall
    /// clock in all.
    ///
    /// # Errors
    ///
    /// [`ControlError::TimeOverflow`] when the clock cannot hold the time.
    pub fn increase_time(&self, seconds: u64) -> Result<i64, ControlError> {
        self.change().ledger.clock.advance(seconds)
    }

    /// Sets the clock. Returns by how many seconds that put it forward.
    ///
    /// # Errors
    ///
    /// [`ControlError::TimeBackwards`] for a time before the latest block's.
    pub fn set_time(&self, timestamp: u64) -> Result<u64, ControlError> {
        let mut node = self.change();
        let before = node.next_timestamp();
        let latest = node.ledger.latest().header.timestamp;
        node.ledger.clock.set(timestamp, latest)?;
        Ok(timestamp.saturating_sub(before))
    }

    /// Fixes the next block's timestamp; the clock runs on from there.
    ///
    /// # Errors
    ///
    /// [`ControlError::TimeBackwards`] for a time before the latest block's.
    pub fn set_next_block_timestamp(&self, timestamp: u64) -> Result<(), ControlError> {
        let mut node = self.change();
        let latest = node.ledger.latest().header.timestamp;
        node.ledger.clock.fix_next(timestamp, latest)
    }

    /// Gives every block a timestamp so many seconds after the one before, whatever the
    /// clock says; none ends that. Returns what was set before.
    pub fn set_block_timestamp_interval(&self, seconds: Option<u64>) -> Option<u64> {
        let mut node = self.change();
        std::mem::replace(&mut node.ledger.clock.interval, seconds)
    }
}

/// Going back, and beginning anew.
impl Chain {
    /// Remembers the whole chain, in constant time. At most 1,024 snapshots are kept; the
    /// next takes the place of the oldest.
    #[must_use]
    pub fn snapshot(&self) -> u64 {
        self.node().snapshot()
    }

    /// Goes back to a snapshot. False if there is none with this id; a snapshot and all
    /// later ones are used up by going back to it. Accounts that are impersonated and the
    /// mining mode stay.
    #[must_use]
    pub fn revert(&self, id: u64) -> bool {
        self.change().revert(id)
    }

    /// Snapshots that can be gone back to, the oldest first.
    #[must_use]
    pub fn snapshots(&self) -> Vec<Snapshot> {
        self.node().snapshots()
    }

    /// Begins anew with the genesis block: no snapshot, no waiting transaction and no
    /// impersonated account is left. The mining mode stays.
    pub fn reset(&self) {
        self.change().reset();
    }

    /// Tells this chain, or its life since it was last reset, from others.
    #[must_use]
    pub fn instance(&self) -> B256 {
        self.node().instance
    }

    /// Whether requests are logged, at the level `trace`.
    pub(crate) fn logs_requests(&self) -> bool {
        self.node().logging
    }

    /// Switches the logging of requests.
    pub fn set_logging(&self, on: bool) {
        self.node().logging = on;
    }
}

/// Transactions that wait.
impl Chain {
    /// Drops a waiting transaction. False if none with this hash waits.
    pub fn drop_transaction(&self, hash: B256) -> bool {
        self.change().ledger.pool.remove(hash).is_some()
    }

    /// Drops all transactions that wait, and says how many there were.
    pub fn drop_all_transactions(&self) -> usize {
        std::mem::take(&mut self.change().ledger.pool).len()
    }

    /// Drops all waiting transactions of a sender, and says how many there were.
    pub fn drop_transactions_of(&self, from: Address) -> usize {
        self.change().ledger.pool.remove_sender(from)
    }
}
