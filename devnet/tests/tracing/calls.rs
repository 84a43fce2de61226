//! `callTracer`.

use alloy_primitives::{U256, hex};
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use alloy_sol_types::{Revert, SolError};
use arbius_devnet::evm::{
    params::ARB_SYS,
    trace::{CallOptions, TraceKind},
};
use serde_json::json;

use crate::{
    CALLS, CALLS_WITH_LOGS,
    common::{
        READER, act, act_on, actor, alice, chain, deploy, deploy_program, deploy_transaction,
        forwarder, init_code, request, send_with_gas, writer,
    },
    mined, number, trace, traced,
};

#[test]
fn a_plain_transfer_is_one_call_that_shows_the_transactions_gas() {
    let chain = chain();
    let to = crate::common::bob(&chain);
    let transfer = TransactionRequest {
        value: Some(U256::from(7)),
        ..request(alice(&chain), to, vec![])
    };
    let mined = send_with_gas(&chain, transfer, 50_000);
    assert_eq!(
        trace(&chain, &mined, CALLS),
        json!({
            "type": "CALL",
            "from": alice(&chain),
            "to": to,
            "value": "0x7",
            "gas": "0xc350",
            "gasUsed": "0x5208",
            "input": "0x",
        })
    );
}

#[test]
fn evm_and_wasm_frames_nest_in_one_tree() {
    let chain = chain();
    let reader = deploy(&chain, &READER);
    let inner = deploy_program(&chain, &actor());
    let relay = deploy(&chain, &forwarder(0xf1, inner));
    let outer = deploy(&chain, &actor());
    // WASM calls EVM, that calls WASM, that static-calls EVM.
    let input = act_on(act::CALL, relay, &act_on(act::STATIC, reader, &[]));
    let mined = mined(&chain, request(alice(&chain), outer, input.clone()));
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    let root = trace(&chain, &mined, CALLS);

    assert_eq!(root["type"], "CALL");
    assert_eq!(root["to"], json!(outer));
    assert_eq!(root["input"], json!(hex::encode_prefixed(&input)));
    assert_eq!(number(&root["gas"]), 3_000_000);
    assert_eq!(number(&root["gasUsed"]), mined.receipt().gas_used);
    let to_relay = &root["calls"][0];
    assert_eq!(to_relay["from"], json!(outer));
    assert_eq!(to_relay["to"], json!(relay));
    assert_eq!(to_relay["value"], "0x0");
    let to_inner = &to_relay["calls"][0];
    assert_eq!(to_inner["from"], json!(relay));
    assert_eq!(to_inner["to"], json!(inner));
    let to_reader = &to_inner["calls"][0];
    assert_eq!(to_reader["type"], "STATICCALL");
    assert_eq!(to_reader["from"], json!(inner));
    assert!(to_reader.get("value").is_none());
    assert!(to_reader.get("calls").is_none());
    assert_eq!(to_reader["output"], json!(hex::encode_prefixed([0; 32])));
    // PUSH0 SLOAD(cold) PUSH0 MSTORE(3 + 3 for the first word) PUSH1 PUSH0 RETURN
    assert_eq!(number(&to_reader["gasUsed"]), 2 + 2_100 + 2 + 6 + 3 + 2);
    for frame in [&root, to_relay, to_inner] {
        assert_eq!(frame["output"], to_reader["output"]);
        assert!(number(&frame["gasUsed"]) > number(&to_reader["gasUsed"]));
    }
}

#[test]
fn a_delegated_call_is_made_by_the_account_it_acts_on_and_shows_the_value() {
    let chain = chain();
    let reader = deploy(&chain, &READER);
    for relay in [
        deploy(&chain, &forwarder(0xf4, reader)),
        deploy_program(&chain, &actor()),
    ] {
        let call = TransactionRequest {
            value: Some(U256::from(9)),
            ..request(alice(&chain), relay, act_on(act::DELEGATE, reader, &[]))
        };
        let root = trace(&chain, &mined(&chain, call), CALLS);
        let delegated = &root["calls"][0];
        assert_eq!(delegated["type"], "DELEGATECALL");
        assert_eq!(delegated["from"], json!(relay));
        assert_eq!(delegated["to"], json!(reader));
        assert_eq!(delegated["value"], "0x9");
    }
}

#[test]
fn creations_show_init_code_new_account_and_code() {
    let chain = chain();
    let mined = deploy_transaction(&chain, &READER);
    let root = trace(&chain, &mined, CALLS);
    assert_eq!(root["type"], "CREATE");
    assert_eq!(root["to"], json!(mined.receipt().contract_address));
    assert_eq!(root["input"], json!(init_code(&READER)));
    assert_eq!(root["output"], json!(hex::encode_prefixed(READER)));

    // From a program.
    let maker = deploy_program(&chain, &actor());
    let input = [&[act::CREATE][..], &init_code(&READER)].concat();
    let root = traced(&chain, maker, input, CALLS);
    let creation = &root["calls"][0];
    assert_eq!(creation["type"], "CREATE");
    assert_eq!(creation["from"], json!(maker));
    assert_eq!(creation["to"], json!(maker.create(1)));
    assert_eq!(creation["output"], json!(hex::encode_prefixed(READER)));
}

#[test]
fn a_creation_that_fails_has_no_account() {
    let chain = chain();
    let creation = TransactionRequest {
        from: Some(alice(&chain)),
        to: Some(alloy_primitives::TxKind::Create),
        input: TransactionInput::new(hex!("fe").into()),
        ..TransactionRequest::default()
    };
    let root = trace(&chain, &mined(&chain, creation), CALLS);
    assert!(root.get("to").is_none());
    assert_eq!(root["error"], "invalid opcode");
    assert_eq!(root["gasUsed"], root["gas"]);
}

#[test]
fn a_revert_shows_its_data_and_solidity_s_reason() {
    let chain = chain();
    let reason = Revert::from("not today").abi_encode();
    // PUSH1 len PUSH1 10 PUSH0 CODECOPY PUSH1 len PUSH0 REVERT, then the data.
    let mut code = hex!("6064600a5f3960645ffd").to_vec();
    code.extend_from_slice(&reason);
    assert_eq!(reason.len(), 0x64);
    let refuser = deploy(&chain, &code);
    let program = deploy_program(&chain, &actor());
    let root = traced(&chain, program, act_on(act::CALL, refuser, &[]), CALLS);
    for frame in [&root, &root["calls"][0]] {
        assert_eq!(frame["error"], "execution reverted");
        assert_eq!(frame["revertReason"], "not today");
        assert_eq!(frame["output"], json!(hex::encode_prefixed(&reason)));
    }
}

#[test]
fn a_program_that_traps_reverts_and_one_that_loops_runs_out_of_gas() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let trapped = traced(&chain, program, [act::TRAP], CALLS);
    assert_eq!(trapped["error"], "execution reverted");
    assert!(trapped.get("output").is_none());
    let looped = traced(&chain, program, [act::LOOP], CALLS);
    assert_eq!(looped["error"], "out of gas");
    assert_eq!(looped["gasUsed"], looped["gas"]);
}

#[test]
fn a_program_that_was_not_activated_says_so() {
    let chain = chain();
    let program = deploy(&chain, &actor());
    let root = traced(&chain, program, [act::LOAD], CALLS);
    let error = root["error"].as_str().unwrap();
    assert!(error.starts_with("program not activated"), "{error}");
}

#[test]
fn calls_of_precompiles_are_frames() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let block_number = hex!("a3b1b31d");
    let input = act_on(act::CALL, ARB_SYS, &block_number);
    let root = traced(&chain, program, input, CALLS);
    let call = &root["calls"][0];
    assert_eq!(call["to"], json!(ARB_SYS));
    assert_eq!(call["output"], root["output"]);
    // Opening ArbOS' state, and a word of output.
    assert_eq!(number(&call["gasUsed"]), 803);
}

#[test]
fn an_account_that_destroys_itself_sends_its_balance() {
    let chain = chain();
    // SELFDESTRUCT to address 0xbb.
    let doomed = deploy(&chain, &hex!("60bbff"));
    chain.set_balance(doomed, U256::from(5));
    let root = traced(&chain, doomed, vec![], CALLS);
    assert_eq!(
        root["calls"],
        json!([{
            "type": "SELFDESTRUCT",
            "from": doomed,
            "to": "0x00000000000000000000000000000000000000bb",
            "value": "0x5",
            "gas": "0x0",
            "gasUsed": "0x0",
            "input": "0x",
        }])
    );
}

#[test]
fn logs_tell_their_place_among_the_calls_and_vanish_with_a_failure() {
    let chain = chain();
    let writer = deploy(&chain, &writer());
    let logger = deploy_program(&chain, &actor());
    let word = [5; 32];
    let root = traced(&chain, writer, word, CALLS_WITH_LOGS);
    assert_eq!(
        root["logs"],
        json!([{
            "address": writer,
            "topics": [format!("{:#066x}", 7)],
            "data": hex::encode_prefixed(word),
            "position": "0x0",
            "index": "0x0",
        }])
    );
    // A program's own log.
    let input = [&[act::LOG][..], &word, b"data"].concat();
    let root = traced(&chain, logger, input.clone(), CALLS_WITH_LOGS);
    assert_eq!(
        root["logs"][0]["topics"],
        json!([hex::encode_prefixed(word)])
    );
    assert_eq!(
        root["logs"][0]["data"],
        json!(hex::encode_prefixed(b"data"))
    );
    // Without the option, none.
    assert!(
        traced(&chain, logger, input.clone(), CALLS)
            .get("logs")
            .is_none()
    );

    // A frame that logs and is undone by its caller: the caller relays to the logger, then
    // reverts.
    let mut code = forwarder(0xf1, logger);
    let end = code.len();
    code[end - 1] = 0xfd;
    let undoer = deploy(&chain, &code);
    let root = traced(&chain, undoer, input, CALLS_WITH_LOGS);
    assert_eq!(root["error"], "execution reverted");
    assert!(root["calls"][0].get("error").is_none());
    assert!(root["calls"][0].get("logs").is_none());
}

#[test]
fn only_top_call_leaves_the_rest_out() {
    let chain = chain();
    let reader = deploy(&chain, &READER);
    let program = deploy_program(&chain, &actor());
    let kind = TraceKind::Calls(CallOptions {
        only_top_call: true,
        with_log: false,
    });
    let call = request(alice(&chain), program, act_on(act::CALL, reader, &[]));
    let mined = mined(&chain, call);
    let mut whole = trace(&chain, &mined, CALLS);
    whole.as_object_mut().unwrap().remove("calls").unwrap();
    assert_eq!(trace(&chain, &mined, kind), whole);
}

#[test]
fn a_call_beyond_the_balance_shows_as_a_frame_that_failed() {
    let chain = chain();
    // call(gas, 0xbb, 1, 0, 0, 0, 0)
    let payer = deploy(&chain, &hex!("5f5f5f5f600160bb5af100"));
    let root = traced(&chain, payer, vec![], CALLS);
    let call = &root["calls"][0];
    assert_eq!(call["error"], "insufficient balance for transfer");
    assert_eq!(call["gasUsed"], "0x0");
}

#[test]
fn selectors_are_counted_with_the_size_of_their_arguments() {
    let chain = chain();
    let reader = deploy(&chain, &READER);
    let program = deploy_program(&chain, &actor());
    let outer = act_on(act::CALL, reader, &hex!("aabbccdd0011"));
    let counts = traced(&chain, program, outer.clone(), TraceKind::Selectors);
    let key = format!("0x{}-{}", hex::encode(&outer[..4]), outer.len() - 4);
    assert_eq!(counts, json!({ "0xaabbccdd-2": 1, key: 1 }));
}

#[test]
fn the_deepest_recursion_that_gas_allows_has_a_trace() {
    let chain = chain();
    // Calls itself with all gas until there is none left: call(gas, address, 0, 0, 0, 0, 0)
    let recursive = deploy(&chain, &hex!("5f5f5f5f5f305af100"));
    let call = request(alice(&chain), recursive, vec![]);
    let mined = send_with_gas(&chain, call, 30_000_000);
    let root = trace(&chain, &mined, CALLS);
    let mut depth = 0;
    let mut frame = &root;
    while let Some(calls) = frame.get("calls") {
        depth += 1;
        frame = &calls[0];
    }
    assert!(depth > 400, "{depth}");
    // Its JSON can be written, by whoever has a small stack too.
    let length = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || root.to_string().len())
        .unwrap()
        .join()
        .unwrap();
    assert!(length > depth * 100);
}

#[test]
fn a_trace_that_would_be_too_large_is_refused() {
    let chain = chain();
    // Calls the identity precompile with a megabyte of input, over and over.
    // JUMPDEST, then call(0x8000, 4, 0, 0, 0x100000, 0, 0) POP, PUSH0 JUMP
    let code = hex!("5b5f5f621000005f5f6004618000f1505f56");
    let greedy = deploy(&chain, &code);
    let call = request(alice(&chain), greedy, vec![]);
    let mined = send_with_gas(&chain, call, 8_000_000);
    let error = chain
        .trace_transaction(mined.transaction().hash(), CALLS)
        .unwrap_err();
    assert!(
        error.to_string().starts_with("the trace is too large"),
        "{error}"
    );
}
