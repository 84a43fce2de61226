//! Rules of Arbitrum that only a whole chain shows, with what they cost to the last gas.

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::{SolCall, SolError, sol};
use arbius_devnet::{
    chain::{CallError, Chain},
    evm::params::{ARB_WASM, ARB_WASM_CACHE, ARBOS_STATE},
    stylus::{StylusParams, activate},
};

use crate::common::*;

sol! {
    error ProgramNeedsUpgrade(uint16 version, uint16 stylusVersion);
}

/// Sends its balance to address 0xbe and destroys the account it acts for.
const DESTROYER: [u8; 3] = hex!("60beff");

fn actor_wasm() -> Vec<u8> {
    wat::parse_str(include_str!("../common/actor.wat")).unwrap()
}

/// What a transaction costs before it runs: 21,000, and 4 for each byte of input that is
/// zero, 16 for each other.
fn intrinsic_gas(input: &[u8]) -> u64 {
    let price = |byte: &u8| if *byte == 0 { 4 } else { 16 };
    21_000 + input.iter().map(price).sum::<u64>()
}

fn keep_alive(chain: &Chain, codehash: B256) -> TransactionRequest {
    let input = IArbWasm::codehashKeepaliveCall { codehash }.abi_encode();
    TransactionRequest {
        value: Some(activation_value()),
        ..request(alice(chain), ARB_WASM, input)
    }
}

/// Gas of an activation but for reading the code: a word of arguments 3; ArbOS opened 800; the
/// owner's surcharge read 800; the base; the parameters 100; the program's record 800; what
/// the program's size costs; its module hash written 20,000; the data pricer, five slots read
/// and two written, 44,000; the record written 20,000; the account for fees read 800; the
/// event, two topics and four words, 3 · 375 + 8 · 128; two words of result 6.
fn activation_gas(wasm: &[u8]) -> u64 {
    let by_size = activate(wasm, &StylusParams::default(), 128, false).unwrap();
    3 + 800
        + 800
        + 1_659_168
        + 100
        + 800
        + by_size.gas
        + 20_000
        + 44_000
        + 20_000
        + 800
        + (3 * 375 + 8 * 128)
        + 6
}

#[test]
fn an_activation_pays_for_every_slot_of_arbos_it_touches() {
    let chain = chain();
    let program = deploy(&chain, &actor());
    let asked = activation(&chain, program);
    let intrinsic = intrinsic_gas(asked.input.input().unwrap());
    let mined = send(&chain, asked);
    assert_eq!(
        mined.receipt().gas_used,
        intrinsic + activation_gas(&actor_wasm())
    );
}

#[test]
fn fragments_are_paid_like_code_that_is_copied() {
    let chain = chain();
    let wasm = actor_wasm();
    let pieces = compressed(&wasm);
    let (first, second) = pieces.split_at(pieces.len() / 3);
    let mut root = hex!("eff00200").to_vec();
    root.extend_from_slice(&u32::try_from(wasm.len()).unwrap().to_be_bytes());
    let mut reading = 0;
    for piece in [first, second] {
        let code = [&hex!("eff001")[..], piece].concat();
        // A cold account, and 3 for each word.
        reading += 2_600 + 3 * code.len().div_ceil(32) as u64;
        root.extend_from_slice(deploy(&chain, &code).as_slice());
    }
    let program = deploy(&chain, &root);
    let asked = activation(&chain, program);
    let intrinsic = intrinsic_gas(asked.input.input().unwrap());
    let mined = send(&chain, asked.clone());
    let expected = intrinsic + activation_gas(&wasm) + reading;
    assert_eq!(mined.receipt().gas_used, expected);

    // Before the first fragment is read, one of 24,576 bytes must be affordable: what has
    // been used by then is the input, 3 + 800 + 800, the base, 100 + 800.
    let chain = self::chain();
    for piece in [first, second] {
        deploy(&chain, &[&hex!("eff001")[..], piece].concat());
    }
    assert_eq!(deploy(&chain, &root), program);
    let before = intrinsic + 3 + 800 + 800 + 1_659_168 + 100 + 800;
    let short = before + 2_600 + 3 * 768 - 1;
    let mined = send_with_gas(&chain, asked, short);
    assert!(!mined.receipt().success);
    assert_eq!(mined.receipt().gas_used, short);
}

#[test]
fn a_renewal_pays_for_every_slot_of_arbos_it_touches() {
    let chain = chain();
    deploy_program(&chain, &actor());
    chain.increase_time(40 * 86_400).unwrap();
    chain.mine();
    let asked = keep_alive(&chain, keccak256(actor()));
    let intrinsic = intrinsic_gas(asked.input.input().unwrap());
    let mined = send(&chain, asked);
    // The word of arguments, ArbOS, parameters, record; the pricer; the record; the account
    // for fees; an event of two topics and a word. No result.
    let expected = 3 + 800 + 100 + 800 + 44_000 + 20_000 + 800 + (3 * 375 + 8 * 32);
    assert_eq!(mined.receipt().gas_used, intrinsic + expected);
}

#[test]
fn caching_pays_the_start_once_more() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let input = IArbWasmCache::cacheProgramCall { addr: program }.abi_encode();
    let intrinsic = intrinsic_gas(&input);
    let mined = send(&chain, request(alice(&chain), ARB_WASM_CACHE, input));
    let costs = activate(&actor_wasm(), &StylusParams::default(), 128, false).unwrap();
    let start = u64::from(costs.program.costs().init_cost);
    // Arguments, ArbOS, whether the caller is a manager, the code's hash, parameters, record;
    // an event of three topics and a word; the start; the module hash; the record written.
    let expected = 3 + 800 + 800 + 2_600 + 100 + 800 + (4 * 375 + 8 * 32) + start + 800 + 20_000;
    assert_eq!(mined.receipt().gas_used, intrinsic + expected);
}

#[test]
fn programs_of_an_older_version_are_activated_again() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let codehash = keccak256(actor());
    // The first two bytes of a program's record are its version.
    let slot = U256::from_be_bytes(keccak256([&b"program"[..], codehash.as_slice()].concat()).0);
    let record = chain.storage(ARBOS_STATE, slot);
    assert_eq!(record >> 240, U256::from(3));
    let older = record - (U256::from(1) << 240);
    chain.set_storage(ARBOS_STATE, slot, older);

    let called = call(&chain, program, [act::LOAD]);
    assert!(
        matches!(&called, Err(CallError::Failed(reason)) if reason.contains("needs upgrade")),
        "{called:?}"
    );
    let mined = send_with_gas(
        &chain,
        request(alice(&chain), program, [act::LOAD]),
        100_000,
    );
    assert_eq!(mined.receipt().gas_used, 100_000, "nothing comes back");
    let needs = ProgramNeedsUpgrade {
        version: 2,
        stylusVersion: 3,
    }
    .abi_encode();
    let version = ask(&chain, ARB_WASM, IArbWasm::codehashVersionCall { codehash });
    assert_eq!(reverts(version), needs);
    let cache = IArbWasmCache::cacheProgramCall { addr: program }.abi_encode();
    assert_eq!(reverts(call(&chain, ARB_WASM_CACHE, cache)), needs);
    assert_eq!(reverts(chain.send(keep_alive(&chain, codehash))), needs);

    assert!(send(&chain, activation(&chain, program)).receipt().success);
    assert!(call(&chain, program, [act::LOAD]).is_ok());
}

#[test]
fn what_was_never_activated_needs_an_upgrade_before_it_is_cached() {
    let chain = chain();
    let program = deploy(&chain, &actor());
    let cache = IArbWasmCache::cacheProgramCall { addr: program }.abi_encode();
    let error = ProgramNeedsUpgrade {
        version: 0,
        stylusVersion: 3,
    };
    assert_eq!(
        reverts(call(&chain, ARB_WASM_CACHE, cache)),
        error.abi_encode()
    );
    // Evicting it changes nothing and is no error.
    let evict = IArbWasmCache::evictCodehashCall {
        codehash: keccak256(actor()),
    };
    let mined = send(
        &chain,
        request(alice(&chain), ARB_WASM_CACHE, evict.abi_encode()),
    );
    assert!(mined.receipt().success && mined.receipt().logs.is_empty());
}

#[test]
fn a_cached_program_that_is_activated_again_stays_cached() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let codehash = keccak256(actor());
    let cache = IArbWasmCache::cacheProgramCall { addr: program }.abi_encode();
    send(&chain, request(alice(&chain), ARB_WASM_CACHE, cache));
    chain.increase_time(366 * 86_400).unwrap();
    chain.mine();
    let asked = activation(&chain, program);
    let intrinsic = intrinsic_gas(asked.input.input().unwrap());
    let mined = send(&chain, asked);
    // The module that leaves the cache is looked up: 800.
    let expected = intrinsic + activation_gas(&actor_wasm()) + 800;
    assert_eq!(mined.receipt().gas_used, expected);
    let cached = IArbWasmCache::codehashIsCachedCall { codehash };
    assert_eq!(ask(&chain, ARB_WASM_CACHE, cached), Ok(true));
}

#[test]
fn a_program_cannot_be_destroyed_by_code_that_acts_for_it() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let destroyer = deploy(&chain, &DESTROYER);
    chain.set_balance(program, U256::from(500));
    let delegate = act_on(act::DELEGATE, destroyer, &[]);
    assert_eq!(
        reverts(call(&chain, program, delegate.clone())),
        Bytes::new()
    );
    let mined = send_with_gas(&chain, request(alice(&chain), program, delegate), 1_000_000);
    assert!(!mined.receipt().success);
    assert!(mined.receipt().gas_used < 100_000, "the rest comes back");
    assert_eq!(chain.balance(program), U256::from(500));
    assert_eq!(chain.code(program), actor());

    // As itself it may: only the balance goes, the account was not made in this transaction.
    chain.set_balance(destroyer, U256::from(70));
    let called = act_on(act::CALL, destroyer, &[]);
    let mined = send(&chain, request(alice(&chain), program, called));
    assert!(mined.receipt().success);
    assert_eq!(chain.balance(destroyer), U256::ZERO);
    assert_eq!(chain.balance(Address::with_last_byte(0xbe)), U256::from(70));
    assert_eq!(chain.code(destroyer), Bytes::from_static(&DESTROYER));
}

#[test]
fn what_destroyed_itself_cannot_be_activated_in_the_same_transaction() {
    // Creates a contract with its input as init code, activates it with the value that came,
    // and returns whether that succeeded.
    let selector = IArbWasm::activateProgramCall::SELECTOR;
    let mut factory = hex!("365f5f37365f5ff0").to_vec(); // create(0, 0, calldatasize())
    factory.push(0x63); // push4 selector
    factory.extend_from_slice(&selector);
    factory.extend_from_slice(&hex!("60e01b5f52600452")); // mstore(0, · << 224) mstore(4, ·)
    factory.extend_from_slice(&hex!("5f5f60245f3460715af1")); // call(gas, 0x71, value, 0, 36, 0, 0)
    factory.extend_from_slice(&hex!("5f5260205ff3")); // return the success

    let succeeds = |doomed: bool| {
        let chain = chain();
        let destroyer = deploy(&chain, &DESTROYER);
        let factory = deploy(&chain, &factory);
        // Before the usual init code, a delegate call, which here may destroy the account:
        // it holds no program yet.
        let mut prelude = hex!("5f5f5f5f73").to_vec();
        prelude.extend_from_slice(if doomed { &destroyer } else { &Address::ZERO }.as_slice());
        prelude.extend_from_slice(&hex!("5af450"));
        let runtime = actor();
        let length = u16::try_from(runtime.len()).unwrap().to_be_bytes();
        let offset = u8::try_from(prelude.len() + 10).unwrap();
        let mut init = prelude;
        init.extend_from_slice(&[
            0x61, length[0], length[1], 0x80, 0x60, offset, 0x5f, 0x39, 0x5f, 0xf3,
        ]);
        init.extend_from_slice(&runtime);
        let asked = TransactionRequest {
            value: Some(activation_value()),
            ..request(alice(&chain), factory, init)
        };
        let mined = send_with_gas(&chain, asked, 20_000_000);
        assert!(mined.receipt().success, "{:?}", mined.receipt());
        // Such a failure keeps the gas that is left: nothing was compiled.
        assert!(mined.receipt().gas_used < 5_000_000);
        word(&mined.receipt().output) == U256::ONE
    };
    assert!(succeeds(false));
    assert!(!succeeds(true));
}

#[test]
fn what_arbos_looks_up_does_not_get_warm() {
    // Asks ArbWasm for the version of the program in its input, and returns how much gas its
    // balance then costs: 2,600 for a cold account, and 2 + 2 + 3 for what is around it.
    let mut code = vec![0x63];
    code.extend_from_slice(&IArbWasm::programVersionCall::SELECTOR);
    code.extend_from_slice(&hex!("60e01b5f52")); // mstore(0, selector)
    code.extend_from_slice(&hex!("5f35600452")); // mstore(4, calldataload(0))
    code.extend_from_slice(&hex!("5f5f60245f5f60715af150")); // call(gas, 0x71, 0, 0, 36, 0, 0)
    code.extend_from_slice(&hex!("5a5f3531505a90035f5260205ff3")); // gas - balance - gas
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let asking = deploy(&chain, &code);
    let cost = word(&call(&chain, asking, program.into_word().0).unwrap());
    // push0 2, calldataload 3, balance, pop 2, gas 2.
    assert_eq!(cost, U256::from(2_600 + 2 + 3 + 2 + 2));
}

#[test]
fn returning_a_mebibyte_costs_what_it_costs_in_the_evm() {
    // `system_tests/program_test.go`, `testReturnDataCost`: within 100 gas of each other.
    // push32 3, push0 2 and the same expansion of memory, so exactly 5 in truth.
    let chain = chain();
    let program = deploy_program(
        &chain,
        &program(
            r#"(module
                 (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
                 (memory (export "memory") 16 16)
                 (func (export "user_entrypoint") (param i32) (result i32)
                   (call $write_result (i32.const 0) (i32.const 1048576))
                   (i32.const 0)))"#,
        ),
    );
    let mut code = vec![0x7f];
    code.extend_from_slice(&U256::from(1_048_576).to_be_bytes::<32>());
    code.extend_from_slice(&hex!("5ff3"));
    let evm = deploy(&chain, &code);
    let gas = |to: Address| {
        let mined = send(&chain, request(alice(&chain), to, Bytes::new()));
        assert_eq!(mined.receipt().output.len(), 1_048_576);
        mined.receipt().gas_used
    };
    assert_eq!(gas(evm) - gas(program), 5);
    // 32,768 words: 3 · 32,768 + 32,768² / 512.
    assert_eq!(gas(program), 21_000 + 98_304 + 2_097_152);
}

#[test]
fn a_flush_that_runs_out_of_gas_takes_all_of_it() {
    // `system_tests/program_test.go`, `TestOutOfGasInStorageCacheFlush`: with 2,210,000 gas, 50
    // new slots can be written, 200 cannot.
    let chain = chain();
    let program = deploy_program(
        &chain,
        &program(
            r#"(module
                 (import "vm_hooks" "read_args" (func $read_args (param i32)))
                 (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
                 (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
                 (memory (export "memory") 1 1)
                 (func (export "user_entrypoint") (param i32) (result i32)
                   (call $read_args (i32.const 0))
                   (loop $more
                     (call $cache (i32.const 0) (i32.const 0))
                     (i32.store8 (i32.const 0) (i32.sub (i32.load8_u (i32.const 0)) (i32.const 1)))
                     (br_if $more (i32.load8_u (i32.const 0))))
                   (call $flush (i32.const 0))
                   (i32.const 0)))"#,
        ),
    );
    let writing = |slots: u8| {
        send_with_gas(
            &chain,
            request(alice(&chain), program, vec![slots]),
            2_210_000,
        )
    };
    let mined = writing(50);
    assert!(mined.receipt().success);
    assert!(mined.receipt().gas_used > 21_000 + 50 * 22_100);
    let mined = writing(200);
    assert!(!mined.receipt().success);
    assert_eq!(mined.receipt().gas_used, 2_210_000);
    let last = U256::from(200) << 248;
    assert_eq!(chain.storage(program, last), U256::ZERO);
}
