//! Transactions that wait for their block.

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256};
use imbl::{HashMap, OrdMap};

use super::{State, Transaction, TransactionError};

/// Most transactions that wait at once.
const MAX_TRANSACTIONS: usize = 10_000;
/// Most bytes that wait at once.
const MAX_BYTES: usize = 64 << 20;

/// The transactions that wait, in the order of their arrival, which is the order in which
/// they are mined: Arbitrum's sequencer knows no tips. Only a transaction whose nonce has
/// not come yet lets later ones pass.
///
/// Like the rest of the ledger it is persistent: a clone takes constant time.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    arrivals: OrdMap<u64, Arc<Transaction>>,
    by_hash: HashMap<B256, u64>,
    /// Arrivals by sender and nonce.
    by_sender: HashMap<Address, OrdMap<u64, u64>>,
    next_arrival: u64,
    bytes: usize,
}

#[cfg(test)]
impl Pool {
    /// Whether a change of neither has yet parted them.
    pub(super) fn shares_all_with(&self, other: &Self) -> bool {
        self.arrivals.ptr_eq(&other.arrivals)
            && self.by_hash.ptr_eq(&other.by_hash)
            && self.by_sender.ptr_eq(&other.by_sender)
    }
}

impl Pool {
    /// All that wait, the earliest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Transaction>> {
        self.arrivals.values()
    }

    pub(super) fn len(&self) -> usize {
        self.arrivals.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    pub(super) fn get(&self, hash: B256) -> Option<&Arc<Transaction>> {
        self.arrivals.get(self.by_hash.get(&hash)?)
    }

    fn at(&self, from: Address, nonce: u64) -> Option<(u64, &Arc<Transaction>)> {
        let arrival = *self.by_sender.get(&from)?.get(&nonce)?;
        Some((arrival, self.arrivals.get(&arrival)?))
    }

    /// Adds a transaction. One with the same sender and nonce is replaced, and gives up its
    /// place, if the new one offers a tenth more.
    pub(super) fn insert(&mut self, transaction: Arc<Transaction>) -> Result<(), TransactionError> {
        let (from, nonce) = (transaction.from(), transaction.nonce());
        let arrival = match self.at(from, nonce) {
            Some((arrival, waiting)) => {
                let offered = waiting.envelope().max_fee_per_gas();
                let needed = offered.saturating_add((offered / 10).max(1));
                if transaction.envelope().max_fee_per_gas() < needed {
                    return Err(TransactionError::Underpriced { offered });
                }
                let hash = waiting.hash();
                self.remove(hash);
                arrival
            }
            None => {
                if self.len() >= MAX_TRANSACTIONS || self.bytes + transaction.size() > MAX_BYTES {
                    return Err(TransactionError::PoolFull {
                        waiting: self.len(),
                    });
                }
                self.next_arrival += 1;
                self.next_arrival
            }
        };
        self.bytes += transaction.size();
        self.by_hash.insert(transaction.hash(), arrival);
        self.by_sender
            .entry(from)
            .or_default()
            .insert(nonce, arrival);
        self.arrivals.insert(arrival, transaction);
        Ok(())
    }

    pub(super) fn remove(&mut self, hash: B256) -> Option<Arc<Transaction>> {
        let arrival = self.by_hash.remove(&hash)?;
        let transaction = self.arrivals.remove(&arrival)?;
        let from = transaction.from();
        self.bytes -= transaction.size();
        if let Some(nonces) = self.by_sender.get_mut(&from) {
            nonces.remove(&transaction.nonce());
            if nonces.is_empty() {
                self.by_sender.remove(&from);
            }
        }
        Some(transaction)
    }

    /// Removes all transactions of a sender and says how many there were.
    pub(super) fn remove_sender(&mut self, from: Address) -> usize {
        let hashes: Vec<_> = self
            .by_sender
            .get(&from)
            .into_iter()
            .flat_map(|nonces| nonces.values())
            .filter_map(|arrival| self.arrivals.get(arrival))
            .map(|transaction| transaction.hash())
            .collect();
        for hash in &hashes {
            self.remove(*hash);
        }
        hashes.len()
    }

    /// The nonce of `from` after all of its transactions that could be mined now, if
    /// `nonce` is the account's.
    pub(super) fn nonce_after(&self, from: Address, mut nonce: u64) -> u64 {
        if let Some(nonces) = self.by_sender.get(&from) {
            while nonces.contains_key(&nonce) {
                nonce += 1;
            }
        }
        nonce
    }

    /// Transactions whose turn it is.
    pub(super) fn turns(&self, state: &State) -> Turns {
        let mut turns = Turns::default();
        for from in self.by_sender.keys() {
            turns.add_first_of(self, *from, state);
        }
        turns
    }
}

/// Transactions whose nonce has come, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct Turns(BTreeMap<u64, Arc<Transaction>>);

impl Turns {
    /// Takes the next.
    pub(super) fn next(&mut self) -> Option<Arc<Transaction>> {
        self.0.pop_first().map(|(_, transaction)| transaction)
    }

    /// Adds the first transaction of a sender that waits in `pool`, if its turn has come.
    pub(super) fn add_first_of(&mut self, pool: &Pool, from: Address, state: &State) {
        let first = pool.by_sender.get(&from).and_then(OrdMap::get_min);
        if let Some((nonce, arrival)) = first
            && *nonce <= state.nonce(from)
            && let Some(transaction) = pool.arrivals.get(arrival)
        {
            self.0.insert(*arrival, transaction.clone());
        }
    }
}
