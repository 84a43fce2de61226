//! The words that the books are in, read where `stylus-engine/layout.json` says that they
//! lie: every balance after every call, without a call. The views are compared beside
//! them, so that a layout that is written down wrongly shows.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256, keccak256};
use arbius_devnet::chain::State;
use arbius_protocol::emission::MINING;
use serde_json::Value;

/// The layout as the engine's own tests write it down.
const WRITTEN: &str = include_str!("../../../stylus-engine/layout.json");

/// Slot of the token's balances, which is where Solidity would put them.
const TOKENS: u64 = 0;

/// Where a number lies in its word.
#[derive(Clone, Copy, Debug)]
struct Place {
    slot: u64,
    byte: usize,
    bytes: usize,
}

/// The fields that are read.
#[derive(Clone, Copy, Debug)]
struct Fields {
    assets: Place,
    emitted: Place,
    accrued: Place,
    staked: Place,
    pending: Place,
    since: Place,
    last_submission: Place,
    number: Place,
    owed: Place,
    earned: Place,
}

/// Where somebody's words lie.
#[derive(Clone, Copy, Debug)]
struct Slots {
    stake: U256,
    earnings: U256,
    tokens: U256,
}

/// Where the books lie.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    engine: Address,
    token: Address,
    fields: Fields,
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

impl Fields {
    fn written() -> Self {
        let rows: Vec<Value> = serde_json::from_str(WRITTEN).expect("the layout is JSON");
        let place = |field: &str| {
            let row = rows.iter().find(|row| row["field"] == field);
            let row = row.unwrap_or_else(|| panic!("{field} is written down"));
            let number = |key: &str| row[key].as_u64().expect("a number");
            assert_eq!(number("word"), 0, "{field}");
            Place {
                slot: number("slot"),
                byte: number("byte") as usize,
                bytes: number("bytes") as usize,
            }
        };
        Self {
            assets: place("state.config.assets"),
            emitted: place("state.ledger.emitted"),
            accrued: place("state.ledger.accrued"),
            staked: place("validators.entries.staked"),
            pending: place("validators.entries.pending"),
            since: place("validators.entries.since"),
            last_submission: place("validators.entries.last_submission"),
            number: place("validators.entries.number"),
            owed: place("earnings.owed"),
            earned: place("solvers.entries.earned"),
        }
    }

    fn slots(&self, address: Address) -> Slots {
        Slots {
            stake: entry(address.into_word(), self.staked.slot),
            earnings: entry(address.into_word(), self.owed.slot),
            tokens: entry(address.into_word(), TOKENS),
        }
    }
}

impl Place {
    fn read(self, word: U256) -> u128 {
        let mut bytes = [0; 16];
        let word = word.to_be_bytes::<32>();
        bytes[..self.bytes].copy_from_slice(&word[self.byte..self.byte + self.bytes]);
        u128::from_le_bytes(bytes)
    }
}

impl Layout {
    /// The words of these people.
    pub(crate) fn read(engine: Address, token: Address, people: &[Address]) -> Self {
        let fields = Fields::written();
        let people = people.iter().chain([&engine]);
        Self {
            engine,
            token,
            people: people.map(|a| (*a, fields.slots(*a))).collect(),
            fields,
        }
    }

    fn slots(&self, address: Address) -> Slots {
        let known = self.people.get(&address).copied();
        known.unwrap_or_else(|| self.fields.slots(address))
    }

    pub(crate) fn tokens(&self, state: &State, address: Address) -> u128 {
        let word = state.storage(self.token, self.slots(address).tokens);
        // No balance exceeds the supply.
        word.saturating_to()
    }

    /// What somebody is owed: in a word of its own, and in that of its number as a solver.
    pub(crate) fn earnings(&self, state: &State, address: Address) -> u128 {
        let (fields, slots) = (&self.fields, self.slots(address));
        let read = |place: Place, slot: U256| place.read(state.storage(self.engine, slot));
        let number = read(fields.number, slots.stake);
        let earned = match number {
            0 => 0,
            _ => read(
                fields.earned,
                entry(U256::from(number).into(), fields.earned.slot),
            ),
        };
        read(fields.owed, slots.earnings) + earned
    }

    pub(crate) fn books(&self, state: &State) -> Books {
        let fields = &self.fields;
        let read = |place: Place| place.read(state.storage(self.engine, U256::from(place.slot)));
        let (assets, emitted) = (read(fields.assets), read(fields.emitted));
        Books {
            // What the reserve does not need of what the engine must have.
            held: assets + emitted - MINING,
            emitted,
            accrued: read(fields.accrued),
        }
    }

    pub(crate) fn stake(&self, state: &State, address: Address) -> Stake {
        let fields = &self.fields;
        let word = state.storage(self.engine, self.slots(address).stake);
        Stake {
            staked: fields.staked.read(word),
            pending: fields.pending.read(word),
            since: fields.since.read(word) as u64,
            last_submission: fields.last_submission.read(word) as u64,
        }
    }
}

/// The place of a key in the mapping at a slot.
fn entry(key: B256, slot: u64) -> U256 {
    let slot = B256::from(U256::from(slot));
    keccak256([key.0, slot.0].concat()).into()
}
