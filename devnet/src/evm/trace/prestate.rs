//! The accounts that a transaction touched, as go-ethereum's `prestateTracer` shows them.

use alloy_primitives::{Address, B256, U256};
use serde_json::{Map, Value, json};

use super::{PrestateOptions, Room, TraceTooLarge};
use crate::{
    chain::State,
    evm::{Executed, Touched},
};

/// What an account weighs besides its code and slots, and what a slot does.
const ACCOUNT_BYTES: usize = 256;
const SLOT_BYTES: usize = 256;

pub(super) fn show(
    options: PrestateOptions,
    room: usize,
    before: &State,
    executed: &Executed,
) -> Result<Value, TraceTooLarge> {
    let mut room = Room::new(room);
    for touched in &executed.touched {
        let code = match options.disable_code {
            true => 0,
            false => {
                before.code(touched.address).len() + executed.state.code(touched.address).len()
            }
        };
        room.take(ACCOUNT_BYTES + code + SLOT_BYTES * touched.slots.len());
    }
    room.suffices()?;
    Ok(match options.diff_mode {
        false => whole(options, before, executed),
        true => changes(options, before, &executed.state, &executed.touched),
    })
}

fn whole(options: PrestateOptions, before: &State, executed: &Executed) -> Value {
    let mut accounts = Map::new();
    for touched in &executed.touched {
        let address = touched.address;
        if touched.created && before.account(address).is_none() && !options.include_empty {
            continue;
        }
        let mut account = Map::new();
        account.insert("balance".into(), json!(before.balance(address)));
        insert_nonce_and_code(&mut account, options, before, address);
        if !options.disable_storage && !touched.slots.is_empty() {
            let slots = touched.slots.iter();
            let slots = slots.map(|slot| (*slot, before.storage(address, *slot)));
            account.insert("storage".into(), storage(slots));
        }
        accounts.insert(address.to_string(), Value::Object(account));
    }
    Value::Object(lower_case(accounts))
}

fn insert_nonce_and_code(
    account: &mut Map<String, Value>,
    options: PrestateOptions,
    state: &State,
    address: Address,
) {
    let (nonce, code) = (state.nonce(address), state.code(address));
    if nonce > 0 {
        account.insert("nonce".into(), json!(nonce));
    }
    if !options.disable_code && !code.is_empty() {
        account.insert("code".into(), json!(code));
    }
}

/// Accounts that changed: as they were, and in which fields they differ now.
fn changes(options: PrestateOptions, before: &State, after: &State, touched: &[Touched]) -> Value {
    let (mut pre, mut post) = (Map::new(), Map::new());
    for Touched { address, slots, .. } in touched {
        let address = *address;
        let changed_slots: Vec<_> = slots
            .iter()
            .map(|slot| {
                let was = before.storage(address, *slot);
                (*slot, was, after.storage(address, *slot))
            })
            .filter(|(_, was, is)| was != is && !options.disable_storage)
            .collect();
        let mut now = Map::new();
        if before.balance(address) != after.balance(address) {
            now.insert("balance".into(), json!(after.balance(address)));
        }
        if before.nonce(address) != after.nonce(address) {
            now.insert("nonce".into(), json!(after.nonce(address)));
        }
        let code = after.code(address);
        if !options.disable_code && before.code(address) != code {
            now.insert("code".into(), json!(code));
        }
        let set = changed_slots.iter().filter(|(_, _, is)| !is.is_zero());
        let set = storage(set.map(|(slot, _, is)| (*slot, *is)));
        if set.as_object().is_some_and(|slots| !slots.is_empty()) {
            now.insert("storage".into(), set);
        }
        if now.is_empty() && changed_slots.is_empty() {
            continue;
        }
        if before.account(address).is_some() || options.include_empty {
            let mut was = Map::new();
            was.insert("balance".into(), json!(before.balance(address)));
            insert_nonce_and_code(&mut was, options, before, address);
            let slots = changed_slots.iter().filter(|(_, was, _)| !was.is_zero());
            let slots = storage(slots.map(|(slot, was, _)| (*slot, *was)));
            if slots.as_object().is_some_and(|slots| !slots.is_empty()) {
                was.insert("storage".into(), slots);
            }
            pre.insert(address.to_string(), Value::Object(was));
        }
        // An account that is gone has no state afterwards.
        if after.account(address).is_some() {
            post.insert(address.to_string(), Value::Object(now));
        }
    }
    json!({ "pre": lower_case(pre), "post": lower_case(post) })
}

fn storage(slots: impl Iterator<Item = (U256, U256)>) -> Value {
    slots
        .map(|(slot, value)| (B256::from(slot).to_string(), json!(B256::from(value))))
        .collect::<Map<_, _>>()
        .into()
}

/// Keys as JSON shows addresses elsewhere, without a checksum.
fn lower_case(accounts: Map<String, Value>) -> Map<String, Value> {
    accounts
        .into_iter()
        .map(|(address, account)| (address.to_lowercase(), account))
        .collect()
}
