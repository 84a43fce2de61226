//! The default tracer.

use alloy_primitives::hex;
use arbius_devnet::evm::trace::{StepOptions, TraceKind};
use serde_json::{Value, json};

use crate::{
    common::{READER, act, act_on, actor, chain, deploy, deploy_program, forwarder},
    traced,
};

const ALL: TraceKind = TraceKind::Steps(StepOptions {
    disable_stack: false,
    disable_storage: false,
    enable_memory: true,
    enable_return_data: true,
    limit: 0,
});

fn names(trace: &Value) -> Vec<&str> {
    let steps = trace["structLogs"].as_array().unwrap();
    steps
        .iter()
        .map(|step| step["op"].as_str().unwrap())
        .collect()
}

#[test]
fn every_instruction_shows_what_it_found_and_cost() {
    let chain = chain();
    let reader = deploy(&chain, &READER);
    let trace = traced(&chain, reader, vec![], ALL);
    assert_eq!(trace["failed"], false);
    assert_eq!(trace["returnValue"], json!(hex::encode_prefixed([0; 32])));
    assert_eq!(
        names(&trace),
        [
            "PUSH0", "SLOAD", "PUSH0", "MSTORE", "PUSH1", "PUSH0", "RETURN"
        ]
    );
    let gas = 3_000_000 - 21_000;
    let zero = hex::encode_prefixed([0; 32]);
    let mut storage = serde_json::Map::new();
    storage.insert(zero.clone(), json!(zero));
    assert_eq!(
        trace["structLogs"][1],
        json!({
            "pc": 1, "op": "SLOAD", "gas": gas - 2, "gasCost": 2_100, "depth": 1,
            "stack": ["0x0"], "memory": [], "storage": storage,
        })
    );
    assert_eq!(trace["structLogs"][6]["memory"], json!([zero]));
    assert_eq!(trace["structLogs"][6]["stack"], json!(["0x20", "0x0"]));
    assert_eq!(trace["gas"], 21_000 + 2 + 2_100 + 2 + 6 + 3 + 2);
}

#[test]
fn steps_of_contracts_below_a_program_are_one_deeper_for_each_frame() {
    let chain = chain();
    let reader = deploy(&chain, &READER);
    let program = deploy_program(&chain, &actor());
    let relay = deploy(&chain, &forwarder(0xf1, program));
    let trace = traced(&chain, relay, act_on(act::STATIC, reader, &[]), ALL);
    let steps = trace["structLogs"].as_array().unwrap();
    let depth_of = |op: &str| steps.iter().find(|step| step["op"] == op).unwrap()["depth"].clone();
    assert_eq!(depth_of("CALL"), 1);
    // The program, at depth 2, takes no steps.
    assert_eq!(depth_of("SLOAD"), 3);
    assert!(steps.iter().all(|step| step["depth"] != 2));
    // What came back lies in the relay's buffer.
    let after = steps
        .iter()
        .find(|step| step["op"] == "RETURNDATASIZE")
        .unwrap();
    assert_eq!(after["returnData"], json!(hex::encode_prefixed([0; 32])));
}

#[test]
fn a_failing_instruction_says_why() {
    let chain = chain();
    let broken = deploy(&chain, &hex!("5f56")); // jumps to 0, which is no JUMPDEST
    let trace = traced(&chain, broken, vec![], ALL);
    assert_eq!(trace["failed"], true);
    assert_eq!(trace["structLogs"][1]["error"], "invalid jump destination");
    assert!(trace["structLogs"][0].get("error").is_none());
}

#[test]
fn parts_can_be_left_out_and_the_number_of_steps_limited() {
    let chain = chain();
    let reader = deploy(&chain, &READER);
    let kind = TraceKind::Steps(StepOptions {
        disable_stack: true,
        disable_storage: true,
        limit: 2,
        ..StepOptions::default()
    });
    let trace = traced(&chain, reader, vec![], kind);
    assert_eq!(
        trace["structLogs"][1],
        json!({ "pc": 1, "op": "SLOAD", "gas": 2_978_998, "gasCost": 2_100, "depth": 1 })
    );
    assert_eq!(names(&trace), ["PUSH0", "SLOAD"]);
}

#[test]
fn millions_of_steps_are_refused_unless_they_are_limited() {
    let chain = chain();
    let endless = deploy(&chain, &hex!("5b5f56"));
    let call = crate::common::request(crate::common::alice(&chain), endless, vec![]);
    let mined = crate::mined(&chain, call);
    let hash = mined.transaction().hash();
    let error = chain.trace_transaction(hash, ALL).unwrap_err().to_string();
    assert!(error.starts_with("the trace is too large"), "{error}");
    let limited = TraceKind::Steps(StepOptions {
        limit: 10,
        ..StepOptions::default()
    });
    let trace = chain.trace_transaction(hash, limited).unwrap();
    assert_eq!(names(&trace).len(), 10);
}
