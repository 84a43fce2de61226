//! `prestateTracer`.

use alloy_primitives::{B256, U256, hex};
use alloy_rpc_types_eth::TransactionRequest;
use arbius_devnet::evm::trace::{PrestateOptions, TraceKind};
use serde_json::{Value, json};

use crate::{
    common::{
        act, act_word, actor, alice, bob, chain, deploy, deploy_program, deploy_transaction,
        request, send, writer,
    },
    trace, traced,
};

const WHOLE: TraceKind = TraceKind::Prestate(PrestateOptions {
    diff_mode: false,
    disable_code: false,
    disable_storage: false,
    include_empty: false,
});
const CHANGES: TraceKind = TraceKind::Prestate(PrestateOptions {
    diff_mode: true,
    disable_code: false,
    disable_storage: false,
    include_empty: false,
});

fn key(address: alloy_primitives::Address) -> String {
    address.to_string().to_lowercase()
}

fn word(number: u64) -> String {
    B256::from(U256::from(number)).to_string()
}

#[test]
fn what_a_transaction_touches_shows_as_it_was_before() {
    let chain = chain();
    let writer = deploy(&chain, &writer());
    chain.set_storage(writer, U256::ZERO, U256::from(3));
    let before = chain.balance(alice(&chain));
    let nonce = chain.nonce(alice(&chain));
    let accounts = traced(&chain, writer, [9; 32], WHOLE);
    assert_eq!(
        accounts[key(writer)],
        json!({
            "balance": "0x0",
            "nonce": 1,
            "code": hex::encode_prefixed(chain.code(writer)),
            "storage": storage(0, 3),
        })
    );
    assert_eq!(
        accounts[key(alice(&chain))],
        json!({ "balance": before, "nonce": nonce })
    );
    assert!(accounts.get(key(bob(&chain))).is_none());

    let bare = TraceKind::Prestate(PrestateOptions {
        disable_code: true,
        disable_storage: true,
        ..PrestateOptions::default()
    });
    let accounts = traced(&chain, writer, [9; 32], bare);
    assert_eq!(
        accounts[key(writer)],
        json!({ "balance": "0x0", "nonce": 1 })
    );
}

fn storage(slot: u64, value: u64) -> Value {
    let mut slots = serde_json::Map::new();
    slots.insert(word(slot), json!(word(value)));
    Value::Object(slots)
}

#[test]
fn what_a_program_changed_shows_before_and_after() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let set = traced(&chain, program, act_word(act::STORE, 4), CHANGES);
    // A slot that was zero is not shown as it was, one that is zero not as it is.
    assert!(set["pre"][key(program)].get("storage").is_none());
    assert_eq!(
        set["post"][key(program)],
        json!({ "storage": storage(0, 4) })
    );
    let cleared = traced(&chain, program, act_word(act::STORE, 0), CHANGES);
    assert_eq!(cleared["pre"][key(program)]["storage"], storage(0, 4));
    assert_eq!(cleared["post"][key(program)], json!({}));
    // What was only read is left out.
    let read = traced(&chain, program, [act::LOAD], CHANGES);
    assert!(read["pre"].get(key(program)).is_none());
    assert!(read["post"].get(key(program)).is_none());
}

#[test]
fn balances_and_nonces_show_what_was_paid() {
    let chain = chain();
    let (from, to) = (alice(&chain), bob(&chain));
    let (from_before, to_before) = (chain.balance(from), chain.balance(to));
    let transfer = TransactionRequest {
        value: Some(U256::from(7)),
        ..request(from, to, vec![])
    };
    let mined = send(&chain, transfer);
    let changes = trace(&chain, &mined, CHANGES);
    let fee = U256::from(21_000) * U256::from(10_000_000);
    assert_eq!(changes["pre"][key(from)], json!({ "balance": from_before }));
    assert_eq!(
        changes["post"][key(from)],
        json!({ "balance": from_before - U256::from(7) - fee, "nonce": 1 })
    );
    assert_eq!(
        changes["post"][key(to)],
        json!({ "balance": to_before + U256::from(7) })
    );
}

#[test]
fn a_created_account_shows_only_afterwards() {
    let chain = chain();
    let mined = deploy_transaction(&chain, &writer());
    let made = mined.receipt().contract_address.unwrap();
    assert!(trace(&chain, &mined, WHOLE).get(key(made)).is_none());
    let changes = trace(&chain, &mined, CHANGES);
    assert!(changes["pre"].get(key(made)).is_none());
    assert_eq!(
        changes["post"][key(made)],
        json!({ "nonce": 1, "code": hex::encode_prefixed(writer()) })
    );
}
