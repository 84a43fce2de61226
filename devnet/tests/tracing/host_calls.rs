//! `stylusTracer`.

use alloy_primitives::{Address, U256, hex, keccak256};
use arbius_devnet::{chain::Chain, evm::trace::TraceKind};
use serde_json::{Value, json};

use crate::{
    common::{
        READER, act, act_on, act_word, actor, chain, deploy, deploy_program, forwarder, init_code,
        program,
    },
    traced,
};

/// Steps without their ink, innermost included.
fn without_ink(mut steps: Value) -> Value {
    for step in steps.as_array_mut().unwrap() {
        let step = step.as_object_mut().unwrap();
        assert!(step.remove("startInk").unwrap().is_u64());
        assert!(step.remove("endInk").unwrap().is_u64());
        if let Some(inner) = step.remove("steps") {
            step.insert("steps".into(), without_ink(inner));
        }
    }
    steps
}

fn steps(chain: &Chain, to: Address, input: &[u8]) -> Value {
    without_ink(traced(chain, to, input.to_vec(), TraceKind::HostCalls))
}

fn hex_of(bytes: impl AsRef<[u8]>) -> String {
    hex::encode_prefixed(bytes)
}

fn entry(input: &[u8]) -> Value {
    let length = u32::try_from(input.len()).unwrap();
    json!({ "name": "user_entrypoint", "args": hex_of(length.to_be_bytes()), "outs": "0x" })
}

fn read_args(input: &[u8]) -> Value {
    json!({ "name": "read_args", "args": "0x", "outs": hex_of(input) })
}

fn returned(status: u32) -> Value {
    json!({ "name": "user_returned", "args": "0x", "outs": hex_of(status.to_be_bytes()) })
}

/// The cases of Nitro's `system_tests/stylus_tracer_test.go`: a store and a load, a call
/// of a program, a call of an EVM contract, an EVM contract that calls a program.
#[test]
fn storage_shows_keys_and_values() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let store = act_word(act::STORE, 42);
    let key = hex_of([0; 32]);
    let value = hex_of(U256::from(42).to_be_bytes::<32>());
    assert_eq!(
        steps(&chain, program, &store),
        json!([
            entry(&store),
            read_args(&store),
            { "name": "storage_cache_bytes32", "args": format!("{key}{}", &value[2..]), "outs": "0x" },
            { "name": "storage_flush_cache", "args": "0x00", "outs": "0x" },
            returned(0),
        ])
    );
    assert_eq!(
        steps(&chain, program, &[act::LOAD]),
        json!([
            entry(&[act::LOAD]),
            read_args(&[act::LOAD]),
            { "name": "storage_load_bytes32", "args": key, "outs": value },
            { "name": "write_result", "args": value, "outs": "0x" },
            returned(0),
        ])
    );
}

#[test]
fn a_call_of_a_program_holds_that_program_s_steps() {
    let chain = chain();
    let caller = deploy_program(&chain, &actor());
    let callee = deploy(&chain, &actor());
    let input = act_on(act::CALL, callee, &[act::LOAD]);
    let zero = hex_of([0; 32]);
    let args = [callee.as_slice(), &[0xff; 8], &[0; 32], &[act::LOAD]].concat();
    assert_eq!(
        steps(&chain, caller, &input),
        json!([
            entry(&input),
            read_args(&input),
            { "name": "msg_value", "args": "0x", "outs": zero },
            {
                "name": "call_contract",
                "args": hex_of(args),
                // The length of what was returned, and the status.
                "outs": "0x0000002000",
                "address": callee,
                "steps": [
                    entry(&[act::LOAD]),
                    read_args(&[act::LOAD]),
                    { "name": "storage_load_bytes32", "args": zero, "outs": zero },
                    { "name": "write_result", "args": zero, "outs": "0x" },
                    returned(0),
                ],
            },
            { "name": "read_return_data", "args": "0x0000000000000020", "outs": zero },
            { "name": "write_result", "args": zero, "outs": "0x" },
            returned(0),
        ])
    );
}

#[test]
fn calls_of_evm_contracts_have_no_steps_of_their_own() {
    let chain = chain();
    let caller = deploy_program(&chain, &actor());
    let reader = deploy(&chain, &READER);
    for (how, name) in [
        (act::DELEGATE, "delegate_call_contract"),
        (act::STATIC, "static_call_contract"),
    ] {
        let input = act_on(how, reader, &[1]);
        let all = steps(&chain, caller, &input);
        assert_eq!(
            all[3],
            json!({
                "name": name,
                "args": hex_of([reader.as_slice(), &[0xff; 8], &[1]].concat()),
                "outs": "0x0000002000",
                "address": reader,
                "steps": [],
            })
        );
    }
}

#[test]
fn an_evm_contract_that_calls_a_program_shows_as_an_evm_call() {
    let chain = chain();
    let callee = deploy_program(&chain, &actor());
    let relay = deploy(&chain, &forwarder(0xfa, callee));
    assert_eq!(
        steps(&chain, relay, &[act::TRAP]),
        json!([{
            "name": "evm_static_call_contract",
            "args": "0x",
            "outs": "0x",
            "address": callee,
            // A program that traps does not return.
            "steps": [entry(&[act::TRAP]), read_args(&[act::TRAP])],
        }])
    );
}

#[test]
fn a_creation_follows_the_frame_that_it_made() {
    let chain = chain();
    let maker = deploy_program(&chain, &actor());
    let input = [&[act::CREATE][..], &init_code(&READER)].concat();
    let all = steps(&chain, maker, &input);
    let made = maker.create(1);
    assert_eq!(
        all[3],
        json!({ "name": "evm_create1", "args": "0x", "outs": "0x", "address": made, "steps": [] })
    );
    assert_eq!(
        all[4],
        json!({
            "name": "create1",
            "args": hex_of([&[0; 32][..], &init_code(&READER)].concat()),
            "outs": hex_of([made.as_slice(), &[0; 4]].concat()),
        })
    );
}

#[test]
fn a_payment_that_a_static_call_may_not_make_shows_as_a_failed_call() {
    let chain = chain();
    let payer = deploy_program(
        &chain,
        &program(
            r#"(module
              (import "vm_hooks" "call_contract"
                (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
              (memory (export "memory") 1 1)
              (func (export "user_entrypoint") (param i32) (result i32)
                (i32.store8 (i32.const 63) (i32.const 1))
                (call $call (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 32)
                  (i64.const 0) (i32.const 64))))"#,
        ),
    );
    let relay = deploy(&chain, &forwarder(0xfa, payer));
    let all = steps(&chain, relay, &[]);
    let call = &all[0]["steps"][1];
    assert_eq!(call["name"], "call_contract");
    assert_eq!(call["outs"], "0x0000000002");
    assert_eq!(call["steps"], json!([]));
}

#[test]
fn every_other_host_function_shows_what_went_in_and_came_out() {
    let chain = chain();
    let asker = deploy_program(&chain, &program(include_str!("asker.wat")));
    let all = steps(&chain, asker, b"ab");
    let named = |name: &str| {
        let found = all
            .as_array()
            .unwrap()
            .iter()
            .find(|step| step["name"] == name);
        let found = found.unwrap_or_else(|| panic!("no {name} in {all}"));
        let bytes = |key: &str| hex::decode(found[key].as_str().unwrap()).unwrap();
        (bytes("args"), bytes("outs"))
    };
    let block = chain.latest_block();
    let word = |number: u64| U256::from(number).to_be_bytes::<32>().to_vec();
    let nothing = Vec::<u8>::new();
    let alice = crate::common::alice(&chain);

    for (name, outs) in [
        ("block_basefee", word(10_000_000)),
        ("block_coinbase", block.header.beneficiary.to_vec()),
        ("block_gas_limit", (1u64 << 50).to_be_bytes().to_vec()),
        ("block_number", block.l1_number.to_be_bytes().to_vec()),
        (
            "block_timestamp",
            block.header.timestamp.to_be_bytes().to_vec(),
        ),
        ("chainid", chain.chain_id().to_be_bytes().to_vec()),
        ("contract_address", asker.to_vec()),
        ("msg_reentrant", vec![0; 4]),
        ("msg_sender", alice.to_vec()),
        ("msg_value", word(0)),
        ("tx_gas_price", word(10_000_000)),
        ("tx_ink_price", 10_000u32.to_be_bytes().to_vec()),
        ("tx_origin", alice.to_vec()),
        ("return_data_size", vec![0; 4]),
    ] {
        assert_eq!(named(name), (nothing.clone(), outs), "{name}");
    }
    assert_eq!(named("evm_gas_left").1.len(), 8);
    assert_eq!(named("evm_ink_left").1.len(), 8);
    // 7 and 2 lie in memory, and 5 as the modulus.
    let two = |a: u64, b: u64| [word(a), word(b)].concat();
    let three = |a: u64, b: u64, c: u64| [word(a), word(b), word(c)].concat();
    assert_eq!(named("math_div"), (two(7, 2), word(3)));
    assert_eq!(named("math_mod"), (two(7, 2), word(1)));
    assert_eq!(named("math_pow"), (two(7, 2), word(49)));
    assert_eq!(named("math_add_mod"), (three(7, 2, 5), word(4)));
    assert_eq!(named("math_mul_mod"), (three(7, 2, 5), word(4)));
    assert_eq!(
        named("native_keccak256"),
        (b"ab".to_vec(), keccak256("ab").to_vec())
    );
    assert_eq!(
        named("transient_store_bytes32"),
        (two(7, 2), nothing.clone())
    );
    assert_eq!(named("transient_load_bytes32"), (word(7), word(2)));
    assert_eq!(named("pay_for_memory_grow"), (vec![0, 1], nothing.clone()));
    assert_eq!(
        named("emit_log"),
        (
            [&1u32.to_be_bytes()[..], &word(7), &[0]].concat(),
            nothing.clone()
        )
    );
    let code = chain.code(asker);
    assert_eq!(named("account_balance"), (asker.to_vec(), word(0)));
    assert_eq!(
        named("account_codehash"),
        (asker.to_vec(), keccak256(&code).to_vec())
    );
    let size = u32::try_from(code.len()).unwrap();
    assert_eq!(
        named("account_code_size"),
        (asker.to_vec(), size.to_be_bytes().to_vec())
    );
    let part = [asker.as_slice(), &1u32.to_be_bytes(), &4u32.to_be_bytes()].concat();
    assert_eq!(named("account_code"), (part, code[1..5].to_vec()));
    assert_eq!(named("exit_early"), (3u32.to_be_bytes().to_vec(), nothing));
    assert_eq!(all.as_array().unwrap().last(), Some(&returned(3)));
}

#[test]
fn ink_is_that_before_and_after_each_host_call() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let all = traced(&chain, program, [act::LOAD], TraceKind::HostCalls);
    let all = all.as_array().unwrap();
    let ink = |step: usize, key: &str| all[step][key].as_u64().unwrap();
    // The entry and the return are points in time, and Nitro shows the first for both.
    let start = ink(0, "startInk");
    assert_eq!(ink(0, "endInk"), start);
    assert_eq!(ink(4, "startInk"), start);
    assert_eq!(ink(4, "endInk"), start);
    // read_args: 8,400 for the call and 5,040 for up to 32 bytes.
    assert_eq!(ink(1, "startInk") - ink(1, "endInk"), 13_440);
    // storage_load_bytes32: its base of 18,480 ink (8,400 and two pointers of 5,040), then in
    // whole gas 2,100 for a cold slot and 59,673 / 10,000 = 5 for the chain's side. The
    // first read of a program adds nothing for the storage cache.
    assert_eq!(
        ink(2, "startInk") - ink(2, "endInk"),
        18_480 + (2_100 + 5) * 10_000
    );
    // Between them the program itself is paid.
    assert!(ink(2, "startInk") < ink(1, "endInk"));
    assert!(ink(1, "startInk") < start);
}
