//! Activation, caching and expiry: what ArbOS does for programs.

use crate::common::*;
use alloy_eips::BlockId;
use alloy_primitives::{Address, U256, hex, keccak256};
use alloy_rpc_types_eth::{
    TransactionRequest,
    state::{AccountOverride, EvmOverrides, StateOverride},
};
use alloy_sol_types::{SolCall, SolError, SolEvent};
use arbius_devnet::{
    chain::{CallError, Chain},
    evm::params::{ARB_OWNER_PUBLIC, ARB_WASM, ARB_WASM_CACHE, CACHE_MANAGER, NETWORK_FEE_ACCOUNT},
};

const DAY: u64 = 86_400;

fn pass_days(chain: &Chain, days: u64) {
    chain.increase_time(days * DAY).unwrap();
    chain.mine();
}

#[test]
fn activation_takes_its_fee_returns_the_rest_and_tells() {
    let chain = chain();
    let program = deploy(&chain, &actor());
    let code_hash = keccak256(actor());
    let before = chain.balance(alice(&chain));
    let fees_before = chain.balance(NETWORK_FEE_ACCOUNT);
    let mined = send(&chain, activation(&chain, program));
    let receipt = mined.receipt();
    assert!(receipt.success, "{receipt:?}");

    let event = IArbWasm::ProgramActivated::decode_log(&receipt.logs[0]).unwrap();
    assert_eq!(event.address, ARB_WASM);
    assert_eq!(
        (event.codehash, event.program, event.version),
        (code_hash, program, 3)
    );
    let answer = IArbWasm::activateProgramCall::abi_decode_returns(&receipt.output).unwrap();
    assert_eq!((answer.version, answer.dataFee), (3, event.dataFee));
    assert!(event.dataFee > U256::ZERO && event.dataFee < activation_value());

    let gas = U256::from(receipt.gas_used) * U256::from(receipt.effective_gas_price);
    assert_eq!(chain.balance(alice(&chain)), before - gas - event.dataFee);
    assert_eq!(
        chain.balance(NETWORK_FEE_ACCOUNT),
        fees_before + gas + event.dataFee
    );
    assert_eq!(chain.balance(ARB_WASM), U256::ZERO);
    assert!(receipt.gas_used > 1_659_168);

    let again = chain.send(activation(&chain, program));
    assert_eq!(reverts(again), IArbWasm::ProgramUpToDate {}.abi_encode());
}

#[test]
fn the_fee_of_an_activation_can_be_asked_beforehand() {
    // As cargo-stylus does: with code that is not there yet, from an account with all wei.
    let chain = chain();
    let (nobody, nowhere) = (Address::repeat_byte(0x51), Address::repeat_byte(0x52));
    let overrides = StateOverride::from_iter([
        (nobody, AccountOverride::default().with_balance(U256::MAX)),
        (nowhere, AccountOverride::default().with_code(actor())),
    ]);
    let asked = TransactionRequest {
        from: Some(nobody),
        ..activation(&chain, nowhere)
    };
    let output = chain
        .call(
            BlockId::latest(),
            &asked,
            Some(&EvmOverrides::state(Some(overrides))),
        )
        .unwrap();
    let told = IArbWasm::activateProgramCall::abi_decode_returns(&output).unwrap();
    let paid = send(&chain, activation(&chain, deploy(&chain, &actor())));
    let paid = IArbWasm::activateProgramCall::abi_decode_returns(&paid.receipt().output).unwrap();
    assert_eq!(told.dataFee, paid.dataFee);
}

#[test]
fn activation_needs_a_program_and_its_fee() {
    let chain = chain();
    let evm = deploy(&chain, &hex!("5f5ff3"));
    assert_eq!(
        reverts(chain.send(activation(&chain, evm))),
        IArbWasm::ProgramNotWasm {}.abi_encode()
    );
    let program = deploy(&chain, &actor());
    let unpaid = TransactionRequest {
        value: Some(U256::ONE),
        ..activation(&chain, program)
    };
    let data = reverts(chain.send(unpaid));
    let error = IArbWasm::ProgramInsufficientValue::abi_decode(&data).unwrap();
    assert_eq!(error.have, U256::ONE);
    assert!(error.want > U256::ONE);
    let record = ask(&chain, ARB_WASM, IArbWasm::programVersionCall { program });
    assert_eq!(
        reverts(record),
        IArbWasm::ProgramNotActivated {}.abi_encode()
    );
}

#[test]
fn a_failed_activation_burns_all_its_gas() {
    let chain = chain();
    // No entrypoint.
    let program = deploy(
        &chain,
        &program(r#"(module (memory (export "memory") 1 1))"#),
    );
    let mined = send_with_gas(&chain, activation(&chain, program), 5_000_000);
    assert!(!mined.receipt().success);
    assert_eq!(mined.receipt().gas_used, 5_000_000);
    let reason = mined.receipt().failure.as_ref().unwrap();
    assert!(reason.contains("user_entrypoint"), "{reason}");
}

#[test]
fn what_does_not_decode_fails_without_burning() {
    let chain = chain();
    let garbage = deploy(&chain, &hex!("eff00000ffffffff"));
    let mined = send_with_gas(&chain, activation(&chain, garbage), 5_000_000);
    assert!(!mined.receipt().success);
    assert!(mined.receipt().gas_used < 2_000_000);
    let fragment = deploy(&chain, &hex!("eff00100"));
    let mined = send_with_gas(&chain, activation(&chain, fragment), 5_000_000);
    assert!(
        mined
            .receipt()
            .failure
            .as_ref()
            .unwrap()
            .contains("fragment")
    );
}

#[test]
fn a_reverted_activation_leaves_no_trace() {
    let chain = chain();
    let program = deploy(&chain, &actor());
    // Calls ArbWasm with its own input and value, then reverts.
    let mut code = hex!("365f5f375f5f365f3473").to_vec();
    code.extend_from_slice(ARB_WASM.as_slice());
    code.extend_from_slice(&hex!("5af1505f5ffd"));
    let reverting = deploy(&chain, &code);
    let asked = TransactionRequest {
        to: Some(reverting.into()),
        ..activation(&chain, program)
    };
    let balance = chain.balance(NETWORK_FEE_ACCOUNT);
    let mined = send_with_gas(&chain, asked, 10_000_000);
    assert!(!mined.receipt().success);
    assert!(
        mined.receipt().gas_used > 1_659_168,
        "the activation did run"
    );
    let gas =
        U256::from(mined.receipt().gas_used) * U256::from(mined.receipt().effective_gas_price);
    assert_eq!(chain.balance(NETWORK_FEE_ACCOUNT), balance + gas);
    assert!(ask(&chain, ARB_WASM, IArbWasm::programVersionCall { program }).is_err());
    assert!(send(&chain, activation(&chain, program)).receipt().success);
}

#[test]
fn programs_expire_and_are_renewed() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let code_hash = keccak256(actor());
    let left = || ask(&chain, ARB_WASM, IArbWasm::programTimeLeftCall { program });
    let keep_alive = || TransactionRequest {
        value: Some(activation_value()),
        ..request(
            alice(&chain),
            ARB_WASM,
            IArbWasm::codehashKeepaliveCall {
                codehash: code_hash,
            }
            .abi_encode(),
        )
    };
    // Activation times are kept in whole hours.
    assert!((364 * DAY..=365 * DAY).contains(&left().unwrap()));
    let too_soon = reverts(chain.send(keep_alive()));
    assert!(IArbWasm::ProgramKeepaliveTooSoon::abi_decode(&too_soon).is_ok());

    pass_days(&chain, 100);
    assert!((264 * DAY..=265 * DAY).contains(&left().unwrap()));
    let mined = send(&chain, keep_alive());
    assert!(mined.receipt().success);
    let event = IArbWasm::ProgramLifetimeExtended::decode_log(&mined.receipt().logs[0]).unwrap();
    assert_eq!(event.codehash, code_hash);
    assert!((364 * DAY..=365 * DAY).contains(&left().unwrap()));

    pass_days(&chain, 366);
    assert!(IArbWasm::ProgramExpired::abi_decode(&reverts(left())).is_ok());
    let called = call(&chain, program, [act::LOAD]);
    assert!(
        matches!(&called, Err(CallError::Failed(reason)) if reason.contains("expired")),
        "{called:?}"
    );
    // Expired programs are activated anew.
    assert!(send(&chain, activation(&chain, program)).receipt().success);
    assert!(call(&chain, program, [act::LOAD]).is_ok());
}

#[test]
fn programs_in_two_fragments_run() {
    let chain = chain();
    let wasm = wat::parse_str(include_str!("../common/actor.wat")).unwrap();
    let pieces = compressed(&wasm);
    let (first, second) = pieces.split_at(pieces.len() / 2);
    let mut root = hex!("eff00200").to_vec();
    root.extend_from_slice(&u32::try_from(wasm.len()).unwrap().to_be_bytes());
    for piece in [first, second] {
        let fragment = deploy(&chain, &[&hex!("eff001")[..], piece].concat());
        root.extend_from_slice(fragment.as_slice());
    }
    let program = deploy_program(&chain, &root);
    assert!(
        send(
            &chain,
            request(alice(&chain), program, act_word(act::STORE, 3))
        )
        .receipt()
        .success
    );
    assert_eq!(slot0(&chain, program), U256::from(3));
}

#[test]
fn roots_beyond_the_limits_are_refused() {
    let chain = chain();
    assert_eq!(
        ask(
            &chain,
            ARB_OWNER_PUBLIC,
            IArbOwnerPublic::getMaxStylusContractFragmentsCall {}
        ),
        Ok(4)
    );
    let fragment = deploy(&chain, &hex!("eff00100"));
    let mut root = hex!("eff00200").to_vec();
    root.extend_from_slice(&100u32.to_be_bytes());
    for _ in 0..5 {
        root.extend_from_slice(fragment.as_slice());
    }
    let root = deploy(&chain, &root);
    let mined = send_with_gas(&chain, activation(&chain, root), 5_000_000);
    assert!(
        mined
            .receipt()
            .failure
            .as_ref()
            .unwrap()
            .contains("5 fragments")
    );
}

#[test]
fn arbwasm_tells_the_parameters_of_nova() {
    let chain = chain();
    macro_rules! asked {
        ($call:ident) => {
            ask(&chain, ARB_WASM, IArbWasm::$call {}).unwrap()
        };
    }
    assert_eq!(asked!(stylusVersionCall), 3);
    assert_eq!(asked!(inkPriceCall), 10_000);
    assert_eq!(asked!(maxStackDepthCall), 22_000);
    assert_eq!(asked!(freePagesCall), 2);
    assert_eq!(asked!(pageGasCall), 1_000);
    assert_eq!(asked!(pageLimitCall), 128);
    assert_eq!(asked!(expiryDaysCall), 365);
    assert_eq!(asked!(keepaliveDaysCall), 31);
    assert_eq!(asked!(pageRampCall), 620_674_314);
    assert_eq!(asked!(initCostScalarCall), 100);
    assert_eq!(asked!(blockCacheSizeCall), 32);
    assert_eq!(asked!(activationGasCall), 0);
    let least = asked!(minInitGasCall);
    assert_eq!((least.gas, least.cached), (8_832, 352));
    let program = deploy_program(&chain, &actor());
    let version = ask(
        &chain,
        ARB_WASM,
        IArbWasm::codehashVersionCall {
            codehash: keccak256(actor()),
        },
    );
    assert_eq!(version, Ok(3));
    let pages = ask(
        &chain,
        ARB_WASM,
        IArbWasm::programMemoryFootprintCall { program },
    );
    assert_eq!(pages, Ok(1));
}

#[test]
fn unknown_methods_of_precompiles_burn_their_gas() {
    let chain = chain();
    let asked = request(alice(&chain), ARB_WASM, hex!("12345678").to_vec());
    let mined = send_with_gas(&chain, asked, 100_000);
    assert!(!mined.receipt().success);
    assert_eq!(mined.receipt().gas_used, 100_000);
}

#[test]
fn cached_programs_start_cheaper() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let codehash = keccak256(actor());
    let is_cached = || {
        ask(
            &chain,
            ARB_WASM_CACHE,
            IArbWasmCache::codehashIsCachedCall { codehash },
        )
        .unwrap()
    };
    let gas = || {
        send(&chain, request(alice(&chain), program, [act::LOAD]))
            .receipt()
            .gas_used
    };
    let prices = ask(&chain, ARB_WASM, IArbWasm::programInitGasCall { program }).unwrap();
    let uncached = gas();
    assert!(!is_cached());

    let cache = IArbWasmCache::cacheProgramCall { addr: program }.abi_encode();
    let mined = send(&chain, request(alice(&chain), ARB_WASM_CACHE, cache));
    let event = IArbWasmCache::UpdateProgramCache::decode_log(&mined.receipt().logs[0]).unwrap();
    assert_eq!(
        (event.manager, event.codehash, event.cached),
        (alice(&chain), codehash, true)
    );
    assert!(is_cached());
    assert_eq!(uncached - gas(), prices.gas - prices.gasWhenCached);

    let evict = IArbWasmCache::evictCodehashCall { codehash }.abi_encode();
    assert!(
        send(&chain, request(alice(&chain), ARB_WASM_CACHE, evict))
            .receipt()
            .success
    );
    assert!(!is_cached());
    assert_eq!(gas(), uncached);
}

#[test]
fn a_bid_at_the_manager_that_the_precompile_names_caches_a_program() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let codehash = keccak256(actor());
    let managers = ask(
        &chain,
        ARB_WASM_CACHE,
        IArbWasmCache::allCacheManagersCall {},
    );
    assert_eq!(managers.unwrap(), [CACHE_MANAGER]);
    let taken = || ask(&chain, CACHE_MANAGER, ICacheManager::queueSizeCall {}).unwrap();
    let least = |program| {
        ask(
            &chain,
            CACHE_MANAGER,
            ICacheManager::getMinBid_0Call { program },
        )
    };
    let bid = TransactionRequest {
        value: Some(U256::from(least(program).unwrap())),
        ..request(
            alice(&chain),
            CACHE_MANAGER,
            ICacheManager::placeBidCall { program }.abi_encode(),
        )
    };
    assert!(!ask(&chain, CACHE_MANAGER, ICacheManager::isPausedCall {}).unwrap());
    assert_eq!(taken(), 0);

    let mined = send(&chain, bid.clone());
    let [cached, inserted] = mined.receipt().logs.as_slice() else {
        panic!("{:?}", mined.receipt().logs);
    };
    assert_eq!(
        (cached.address, inserted.address),
        (ARB_WASM_CACHE, CACHE_MANAGER)
    );
    let cached = IArbWasmCache::UpdateProgramCache::decode_log(cached).unwrap();
    assert_eq!(
        (cached.manager, cached.codehash, cached.cached),
        (CACHE_MANAGER, codehash, true)
    );
    let inserted = ICacheManager::InsertBid::decode_log(inserted).unwrap();
    assert_eq!((inserted.codehash, inserted.program), (codehash, program));
    assert_eq!(taken(), inserted.size);
    assert!(inserted.size >= 4_096);

    // Once is enough, and what is not active cannot be cached.
    let again = reverts(chain.call(BlockId::pending(), &bid, None));
    assert_eq!(
        again,
        ICacheManager::AlreadyCached { codehash }.abi_encode()
    );
    assert_eq!(
        reverts(least(alice(&chain))),
        IArbWasm::ProgramNotActivated {}.abi_encode()
    );
    // What can never fit is refused.
    let size = ask(&chain, CACHE_MANAGER, ICacheManager::cacheSizeCall {}).unwrap();
    let too_large = ask(
        &chain,
        CACHE_MANAGER,
        ICacheManager::getMinBid_1Call { size },
    );
    ICacheManager::AsmTooLarge::abi_decode(&reverts(too_large)).unwrap();

    let evict = IArbWasmCache::evictCodehashCall { codehash }.abi_encode();
    send(&chain, request(alice(&chain), ARB_WASM_CACHE, evict));
    assert_eq!(taken(), 0);
}
