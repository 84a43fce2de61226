//! WASM and EVM contracts that call, create and revert each other, in both directions.

use crate::common::*;
use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_rpc_types_eth::TransactionRequest;
use arbius_devnet::chain::{CallError, l1_block_number};

const CALL: u8 = 0xf1;
const DELEGATECALL: u8 = 0xf4;
const STATICCALL: u8 = 0xfa;

fn load() -> Vec<u8> {
    vec![act::LOAD]
}

#[test]
fn a_program_keeps_state_and_logs() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let mined = send(
        &chain,
        request(alice(&chain), program, act_word(act::STORE, 7)),
    );
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    assert_eq!(slot0(&chain, program), U256::from(7));
    assert_eq!(word(&call(&chain, program, load()).unwrap()), U256::from(7));

    let mut input = act_word(act::LOG, 5);
    input.extend_from_slice(b"data");
    let mined = send(&chain, request(alice(&chain), program, input));
    let log = &mined.receipt().logs[0];
    assert_eq!(log.address, program);
    assert_eq!(log.data.topics(), [B256::from(U256::from(5))]);
    assert_eq!(log.data.data.as_ref(), b"data");
}

#[test]
fn a_program_that_reverts_is_undone_and_its_data_comes_back() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let input = act_word(act::STORE_AND_REVERT, 9);
    let data = reverts(call(&chain, program, input.clone()));
    assert_eq!(word(&data), U256::from(9));
    let mined = send_with_gas(&chain, request(alice(&chain), program, input), 1_000_000);
    assert!(!mined.receipt().success);
    assert!(mined.receipt().gas_used < 200_000, "the rest comes back");
    assert_eq!(slot0(&chain, program), U256::ZERO);
}

#[test]
fn a_trap_reverts_and_endless_loops_end_with_the_gas() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    assert_eq!(reverts(call(&chain, program, [act::TRAP])), Bytes::new());
    let looping = request(alice(&chain), program, [act::LOOP]);
    let mined = send_with_gas(&chain, looping.clone(), 2_000_000);
    assert!(!mined.receipt().success);
    assert_eq!(mined.receipt().gas_used, 2_000_000);
    assert_eq!(mined.receipt().failure.as_deref(), Some("out of gas"));
}

#[test]
fn evm_calls_wasm_in_every_way() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());

    let caller = deploy(&chain, &forwarder(CALL, program));
    assert!(
        send(
            &chain,
            request(alice(&chain), caller, act_word(act::STORE, 3))
        )
        .receipt()
        .success
    );
    assert_eq!(slot0(&chain, program), U256::from(3));

    let delegate = deploy(&chain, &forwarder(DELEGATECALL, program));
    let stored = send(
        &chain,
        request(alice(&chain), delegate, act_word(act::STORE, 4)),
    );
    assert!(stored.receipt().success);
    assert_eq!(
        slot0(&chain, delegate),
        U256::from(4),
        "in the delegating contract"
    );
    assert_eq!(slot0(&chain, program), U256::from(3));

    let reader = deploy(&chain, &forwarder(STATICCALL, program));
    assert_eq!(word(&call(&chain, reader, load()).unwrap()), U256::from(3));
    assert!(
        call(&chain, reader, act_word(act::STORE, 5)).is_err(),
        "no writes in a static call"
    );
    assert!(
        call(&chain, reader, act_word(act::LOG, 5)).is_err(),
        "no logs either"
    );
}

#[test]
fn wasm_calls_evm_in_every_way() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    // sstore(0, calldataload(0)), returns caller()
    let writer = deploy(&chain, &hex!("5f355f55335f5260205ff3"));
    let input = U256::from(6).to_be_bytes::<32>();

    let output = send(
        &chain,
        request(alice(&chain), program, act_on(act::CALL, writer, &input)),
    );
    assert!(output.receipt().success, "{:?}", output.receipt());
    assert_eq!(slot0(&chain, writer), U256::from(6));
    assert_eq!(
        Address::from_word(word(&output.receipt().output).into()),
        program
    );

    let output = send(
        &chain,
        request(
            alice(&chain),
            program,
            act_on(act::DELEGATE, writer, &input),
        ),
    );
    assert_eq!(
        slot0(&chain, program),
        U256::from(6),
        "EVM code acts on the program's storage"
    );
    assert_eq!(
        Address::from_word(word(&output.receipt().output).into()),
        alice(&chain),
        "a delegate call keeps its parent's caller"
    );

    assert!(call(&chain, program, act_on(act::STATIC, writer, &input)).is_err());
    let number = deploy(&chain, &hex!("435f5260205ff3"));
    let seen = call(&chain, program, act_on(act::STATIC, number, &[])).unwrap();
    assert_eq!(
        word(&seen),
        U256::from(l1_block_number(chain.next_timestamp()))
    );
}

#[test]
fn calls_nest_to_any_depth_across_both_machines() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let evm = deploy(&chain, &forwarder(CALL, program));
    // EVM → WASM → EVM → WASM → … → store
    let mut input = act_word(act::STORE, 11);
    for _ in 0..12 {
        input = act_on(act::CALL, evm, &input);
    }
    let mined = send(&chain, request(alice(&chain), evm, input));
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    assert_eq!(slot0(&chain, program), U256::from(11));
}

#[test]
fn a_revert_below_undoes_only_what_lies_below() {
    let chain = chain();
    let upper = deploy_program(&chain, &actor());
    let lower = deploy(&chain, &actor());
    let evm = deploy(&chain, &forwarder(CALL, lower));
    // WASM tries EVM, which calls WASM, which stores, logs nothing and reverts.
    let input = act_on(act::TRY_CALL, evm, &act_word(act::STORE_AND_REVERT, 1));
    let output = send(&chain, request(alice(&chain), upper, input));
    assert!(output.receipt().success);
    assert_eq!(
        word(&output.receipt().output),
        U256::ZERO,
        "the call is seen to have failed"
    );
    assert_eq!(slot0(&chain, lower), U256::ZERO);
    // And what lay below survives when only the top goes on.
    let input = act_on(act::TRY_CALL, evm, &act_word(act::STORE, 2));
    let output = send(&chain, request(alice(&chain), upper, input));
    assert_eq!(word(&output.receipt().output), U256::ONE);
    assert_eq!(slot0(&chain, lower), U256::from(2));
    // A revert at the top undoes all of it, EVM and WASM alike.
    // call(lower, input) then revert
    let mut code = hex!("365f5f375f5f365f5f73").to_vec();
    code.extend_from_slice(lower.as_slice());
    code.extend_from_slice(&hex!("5af1505f5ffd"));
    let reverting = deploy(&chain, &code);
    let asked = request(alice(&chain), reverting, act_word(act::STORE, 99));
    assert!(!send_with_gas(&chain, asked, 1_000_000).receipt().success);
    assert_eq!(slot0(&chain, lower), U256::from(2));
}

#[test]
fn out_of_ink_below_leaves_the_caller_its_64th() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let evm = deploy(&chain, &forwarder(CALL, program));
    let input = act_on(act::TRY_CALL, evm, &[act::LOOP]);
    let mined = send_with_gas(&chain, request(alice(&chain), program, input), 10_000_000);
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    assert_eq!(word(&mined.receipt().output), U256::ZERO);
    assert!(mined.receipt().gas_used > 9_000_000);
}

#[test]
fn value_moves_and_delegates_show_their_parents() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let who = |output: &[u8]| {
        (
            word(&output[..32]),
            Address::from_slice(&output[44..64]),
            Address::from_slice(&output[76..96]),
            u64::from_le_bytes(output[96..104].try_into().unwrap()),
        )
    };
    let pay = |to, input| TransactionRequest {
        value: Some(U256::from(500)),
        ..request(alice(&chain), to, input)
    };

    let mined = send(&chain, pay(program, vec![act::WHO]));
    let (value, sender, this, number) = who(&mined.receipt().output);
    assert_eq!(
        (value, sender, this),
        (U256::from(500), alice(&chain), program)
    );
    assert_eq!(
        number,
        l1_block_number(mined.block.header.timestamp),
        "L1's number"
    );
    assert_eq!(chain.balance(program), U256::from(500));

    // A delegating contract's caller and value are what the program sees.
    let delegate = deploy(&chain, &forwarder(DELEGATECALL, program));
    let mined = send(&chain, pay(delegate, vec![act::WHO]));
    let (value, sender, this, _) = who(&mined.receipt().output);
    assert_eq!(
        (value, sender, this),
        (U256::from(500), alice(&chain), delegate)
    );
    assert_eq!(chain.balance(delegate), U256::from(500));

    // WASM delegate-calls WASM: the value stays as it was.
    let other = deploy(&chain, &actor());
    let mined = send(
        &chain,
        pay(program, act_on(act::DELEGATE, other, &[act::WHO])),
    );
    let (value, sender, this, _) = who(&mined.receipt().output);
    assert_eq!(
        (value, sender, this),
        (U256::from(500), alice(&chain), program)
    );

    // WASM pays an EVM account that did not exist.
    let newcomer = Address::repeat_byte(0x77);
    let mined = send(&chain, pay(program, act_on(act::CALL, newcomer, &[])));
    assert!(mined.receipt().success);
    assert_eq!(chain.balance(newcomer), U256::from(500));
}

#[test]
fn re_entry_is_seen_by_the_program_that_is_re_entered() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let evm = deploy(&chain, &forwarder(CALL, program));
    assert_eq!(
        word(&call(&chain, program, [act::REENTRANT]).unwrap()),
        U256::ZERO
    );
    let through_evm = act_on(act::CALL, evm, &[act::REENTRANT]);
    assert_eq!(
        word(&call(&chain, program, through_evm).unwrap()),
        U256::ONE
    );
    // A delegate call back into the program's code acts on another account.
    let delegate = deploy(&chain, &forwarder(DELEGATECALL, program));
    let through_delegate = act_on(act::CALL, delegate, &[act::REENTRANT]);
    assert_eq!(
        word(&call(&chain, program, through_delegate).unwrap()),
        U256::ZERO
    );
}

#[test]
fn wasm_creates_evm_contracts_and_programs() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let create = |runtime: &[u8]| {
        let input = [&[act::CREATE][..], &init_code(runtime)].concat();
        let mined = send_with_gas(&chain, request(alice(&chain), program, input), 20_000_000);
        assert!(mined.receipt().success, "{:?}", mined.receipt());
        Address::from_word(word(&mined.receipt().output).into())
    };
    let runtime = hex!("602a5f5260205ff3");
    let created = create(&runtime);
    assert_eq!(created, program.create(1));
    assert_eq!(chain.code(created), Bytes::from(runtime.to_vec()));
    assert_eq!(
        word(&call(&chain, created, Bytes::new()).unwrap()),
        U256::from(42)
    );

    // The new program has the code of the old one and so is active already.
    let sibling = create(&actor());
    assert!(
        send(
            &chain,
            request(alice(&chain), sibling, act_word(act::STORE, 8))
        )
        .receipt()
        .success
    );
    assert_eq!(slot0(&chain, sibling), U256::from(8));

    // A creation that reverts leaves nothing.
    let input = [&[act::CREATE][..], &hex!("5f5ffd")].concat();
    let mined = send_with_gas(&chain, request(alice(&chain), program, input), 20_000_000);
    assert_eq!(word(&mined.receipt().output), U256::ZERO);
}

#[test]
fn a_constructor_may_call_programs() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    // The constructor calls the program with (STORE, 1): input is 33 zero bytes but the last.
    let mut init = hex!("6001602053").to_vec(); // mstore8(32, 1)
    init.extend_from_slice(&hex!("5f5f60215f5f73"));
    init.extend_from_slice(program.as_slice());
    init.extend_from_slice(&hex!("5af15f5260205ff3")); // deploys the call's success as code
    let asked = TransactionRequest {
        from: Some(alice(&chain)),
        to: Some(alloy_primitives::TxKind::Create),
        input: alloy_rpc_types_eth::TransactionInput::new(init.into()),
        ..TransactionRequest::default()
    };
    let mined = send(&chain, asked);
    let created = mined.receipt().contract_address.unwrap();
    assert_eq!(word(&chain.code(created)), U256::ONE);
    assert_eq!(slot0(&chain, program), U256::ONE);
}

#[test]
fn estimates_hold_for_programs() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let evm = deploy(&chain, &forwarder(CALL, program));
    let input = act_on(
        act::CALL,
        evm,
        &act_on(act::CALL, evm, &act_word(act::STORE, 1)),
    );
    let asked = request(alice(&chain), program, input);
    let estimate = chain
        .estimate_gas(BlockId::pending(), &asked, None)
        .unwrap();
    let mined = send_with_gas(&chain, asked.clone(), estimate);
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    assert!(estimate < mined.receipt().gas_used * 2);
}

#[test]
fn estimates_allow_for_what_calls_of_programs_hold_back() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    // Burns gas in a loop of 20,000 rounds.
    let burner = deploy(&chain, &hex!("614e205b600190038060035700"));
    // Every program on the way keeps a 64th back and fails when its call does.
    let mut input = act_on(act::CALL, burner, &[]);
    for _ in 0..3 {
        input = act_on(act::CALL, program, &input);
    }
    let asked = request(alice(&chain), program, input);
    let estimate = chain
        .estimate_gas(BlockId::pending(), &asked, None)
        .unwrap();
    let mined = send_with_gas(&chain, asked.clone(), estimate);
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    let used = mined.receipt().gas_used;
    assert!(estimate > used, "the rest is held back, not used");
    for too_little in [used, estimate * 97 / 100] {
        let mined = send_with_gas(&chain, asked.clone(), too_little);
        assert!(!mined.receipt().success, "{too_little} of {estimate}");
    }
}

#[test]
fn access_lists_name_what_programs_touch() {
    let chain = chain();
    let inner = deploy_program(&chain, &actor());
    let outer = deploy(&chain, &actor());
    let evm = deploy(&chain, &READER);
    // Through a program: the slot that another program stores, one that a contract reads.
    for (target, input) in [(inner, act_word(act::STORE, 5)), (evm, Vec::new())] {
        let asked = request(alice(&chain), outer, act_on(act::CALL, target, &input));
        let answer = chain.access_list(BlockId::latest(), &asked, None).unwrap();
        assert_eq!(answer.error, None);
        assert_eq!(answer.access_list.len(), 1, "{:?}", answer.access_list);
        assert_eq!(answer.access_list[0].address, target);
        assert_eq!(answer.access_list[0].storage_keys, [B256::ZERO]);
        // The answer is what a transaction with the list uses, and it is less.
        let listed = TransactionRequest {
            access_list: Some(answer.access_list),
            ..asked
        };
        let mined = send_with_gas(&chain, listed, 3_000_000);
        assert!(mined.receipt().success);
        assert_eq!(U256::from(mined.receipt().gas_used), answer.gas_used);
    }
    // Its own slot belongs into the list, its warm address alone does not.
    let own = request(alice(&chain), outer, [act::LOAD]);
    let answer = chain.access_list(BlockId::latest(), &own, None).unwrap();
    assert_eq!(answer.access_list.len(), 1);
    assert_eq!(answer.access_list[0].address, outer);
    let none = request(alice(&chain), outer, [act::WHO]);
    let answer = chain.access_list(BlockId::latest(), &none, None).unwrap();
    assert!(answer.access_list.is_empty(), "{:?}", answer.access_list);
}

#[test]
fn a_second_use_in_a_transaction_is_charged_as_cached() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let load_once = act_on(act::STATIC, program, &load());
    let gas = |input: Vec<u8>| {
        send(&chain, request(alice(&chain), program, input))
            .receipt()
            .gas_used
    };
    let alone = gas(load());
    let nested = gas(load_once);
    let prices = ask(
        &chain,
        arbius_devnet::evm::params::ARB_WASM,
        IArbWasm::programInitGasCall { program },
    )
    .unwrap();
    assert!(prices.gas > prices.gasWhenCached + 8_000);
    // The inner call costs its own work and the cached start, far from a full one.
    assert!(nested - alone < prices.gas, "{nested} after {alone}");
}

#[test]
fn unactivated_programs_and_fragments_cannot_be_called() {
    let chain = chain();
    let program = deploy(&chain, &actor());
    let error = call(&chain, program, load());
    assert!(
        matches!(&error, Err(CallError::Failed(reason)) if reason.contains("not activated")),
        "{error:?}"
    );
    let mined = send_with_gas(&chain, request(alice(&chain), program, load()), 100_000);
    assert!(!mined.receipt().success);
    assert_eq!(mined.receipt().gas_used, 100_000, "its gas is gone");
    let fragment = deploy(&chain, &hex!("eff0010000"));
    assert!(call(&chain, fragment, load()).is_err());
}

#[test]
fn a_snapshot_forgets_activations() {
    let chain = chain();
    let program = deploy(&chain, &actor());
    let before = chain.snapshot();
    assert!(send(&chain, activation(&chain, program)).receipt().success);
    assert!(call(&chain, program, load()).is_ok());
    assert!(chain.revert(before));
    assert!(call(&chain, program, load()).is_err());
}

#[test]
fn endless_recursion_of_a_program_ends_with_its_gas() {
    let chain = chain();
    // Calls itself with all the gas it has.
    let recursive = program(
        r#"(module
          (import "vm_hooks" "contract_address" (func $self (param i32)))
          (import "vm_hooks" "call_contract"
            (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
          (memory (export "memory") 1 1)
          (func (export "user_entrypoint") (param i32) (result i32)
            (call $self (i32.const 0))
            (drop (call $call (i32.const 0) (i32.const 0) (i32.const 0)
              (i32.const 64) (i64.const -1) (i32.const 128)))
            (i32.const 0)))"#,
    );
    let address = deploy_program(&chain, &recursive);
    let mined = send_with_gas(
        &chain,
        request(alice(&chain), address, Bytes::new()),
        30_000_000,
    );
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    assert!(mined.receipt().gas_used > 1_000_000);
}

#[test]
fn threads_may_send_for_one_account_at_once() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    std::thread::scope(|scope| {
        for value in 0..8 {
            let chain = &chain;
            scope.spawn(move || {
                let asked = request(alice(chain), program, act_word(act::STORE, value));
                assert!(send(chain, asked).receipt().success);
            });
        }
    });
    assert_eq!(chain.nonce(alice(&chain)), 10);
}
