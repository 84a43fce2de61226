//! The words that the books are in, read where they lie: every balance after every call,
//! without a call.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256, keccak256};
use arbius_devnet::chain::State;

/// Slots of the engine's ledger, stakes and earnings, and of the token's balances
/// (`stylus-engine/README.md`, "Storage"). Views are compared beside them, so that a slot
/// that is wrong here shows.
const LEDGER: u64 = 1;
const STAKES: u64 = 160;
const EARNINGS: u64 = 192;
const TOKENS: u64 = 0;

/// Where somebody's words lie.
#[derive(Clone, Copy, Debug)]
struct Slots {
    stake: U256,
    earnings: U256,
    tokens: U256,
}

impl Slots {
    fn of(address: Address) -> Self {
        Self {
            stake: entry(address, STAKES),
            earnings: entry(address, EARNINGS),
            tokens: entry(address, TOKENS),
        }
    }
}

/// Where the books lie.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    engine: Address,
    token: Address,
    people: BTreeMap<Address, Slots>,
}

/// What the engine holds, emitted and has accrued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Books {
    pub(crate) held: u128,
    pub(crate) emitted: u128,
    pub(crate) accrued: u128,
}

/// What a validator has in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stake {
    pub(crate) staked: u128,
    pub(crate) pending: u128,
    pub(crate) since: u64,
    pub(crate) last_submission: u64,
}

impl Layout {
    /// The words of these people.
    pub(crate) fn read(engine: Address, token: Address, people: &[Address]) -> Self {
        let people = people
            .iter()
            .chain([&engine])
            .map(|a| (*a, Slots::of(*a)))
            .collect();
        Self {
            engine,
            token,
            people,
        }
    }

    fn slots(&self, address: Address) -> Slots {
        self.people
            .get(&address)
            .copied()
            .unwrap_or_else(|| Slots::of(address))
    }

    pub(crate) fn tokens(&self, state: &State, address: Address) -> u128 {
        let word = state.storage(self.token, self.slots(address).tokens);
        // No balance exceeds the supply.
        word.saturating_to()
    }

    pub(crate) fn earnings(&self, state: &State, address: Address) -> u128 {
        let word = state.storage(self.engine, self.slots(address).earnings);
        number(&word.to_be_bytes(), 0, 16)
    }

    pub(crate) fn books(&self, state: &State) -> Books {
        let word = state.storage(self.engine, U256::from(LEDGER)).to_be_bytes();
        Books {
            held: number(&word, 0, 10),
            emitted: number(&word, 10, 10),
            accrued: number(&word, 20, 10),
        }
    }

    pub(crate) fn stake(&self, state: &State, address: Address) -> Stake {
        let word = state
            .storage(self.engine, self.slots(address).stake)
            .to_be_bytes();
        Stake {
            staked: number(&word, 0, 10),
            pending: number(&word, 10, 10),
            since: number(&word, 20, 5) as u64,
            last_submission: number(&word, 25, 5) as u64,
        }
    }
}

/// The place of an account in the mapping at a slot.
fn entry(address: Address, slot: u64) -> U256 {
    let slot = B256::from(U256::from(slot));
    keccak256([address.into_word().0, slot.0].concat()).into()
}

/// A little-endian number within a word.
fn number(word: &[u8; 32], at: usize, len: usize) -> u128 {
    let mut bytes = [0; 16];
    bytes[..len].copy_from_slice(&word[at..at + len]);
    u128::from_le_bytes(bytes)
}
