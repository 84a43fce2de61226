//! Traces over JSON-RPC.

use arbius_devnet::{chain::Chain, evm::params, rpc};
use serde_json::{Value, json};

use crate::{
    common::{READER, act, actor, alice, chain, deploy, deploy_program, request},
    mined,
};

fn answer(chain: &Chain, method: &str, params: Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let answer = rpc::answer(chain, body.to_string().as_bytes()).unwrap();
    serde_json::from_str(&answer).unwrap()
}

fn error(answer: &Value) -> (i64, &str) {
    let error = &answer["error"];
    (
        error["code"].as_i64().unwrap(),
        error["message"].as_str().unwrap(),
    )
}

#[test]
fn transactions_and_blocks_are_traced_with_the_tracer_that_is_named() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    let mined = mined(&chain, request(alice(&chain), program, [act::LOAD]));
    let (hash, block) = (mined.transaction().hash(), &mined.block);
    let by_calls = json!({ "tracer": "callTracer", "tracerConfig": { "withLog": true } });
    let trace = answer(&chain, "debug_traceTransaction", json!([hash, by_calls]));
    assert_eq!(trace["result"]["to"], json!(program));
    let expected = json!([{ "txHash": hash, "result": trace["result"] }]);
    for (method, id) in [
        (
            "debug_traceBlockByNumber",
            json!(format!("{:#x}", block.header.number)),
        ),
        ("debug_traceBlockByNumber", json!("latest")),
        ("debug_traceBlockByHash", json!(block.hash)),
    ] {
        assert_eq!(
            answer(&chain, method, json!([id, by_calls]))["result"],
            expected
        );
    }
    let by_host_calls = json!({ "tracer": "stylusTracer" });
    let trace = answer(
        &chain,
        "debug_traceTransaction",
        json!([hash, by_host_calls]),
    );
    assert_eq!(trace["result"][0]["name"], "user_entrypoint");
    let steps = answer(&chain, "debug_traceTransaction", json!([hash]));
    assert_eq!(steps["result"]["structLogs"], json!([]));
    let prestate = json!({ "tracer": "prestateTracer", "tracerConfig": { "diffMode": true } });
    let changes = answer(&chain, "debug_traceTransaction", json!([hash, prestate]));
    assert!(changes["result"]["post"].is_object());
}

#[test]
fn calls_are_traced_with_options_and_overrides() {
    let chain = chain();
    let reader = deploy(&chain, &READER);
    let mut state = serde_json::Map::new();
    let slot = format!("{:#066x}", 0);
    state.insert(
        reader.to_string(),
        json!({ "stateDiff": { slot: format!("{:#066x}", 6) } }),
    );
    let options = json!({
        "tracer": "callTracer",
        "stateOverrides": state,
        "blockOverrides": { "time": "0x9", "number": "0x8" },
        "timeout": "10s",
    });
    let call = json!({ "to": reader });
    let trace = answer(&chain, "debug_traceCall", json!([call, "latest", options]));
    assert_eq!(trace["result"]["output"], json!(format!("{:#066x}", 6)));
    // As in eth_call, `number` is the one that ArbSys tells.
    let ask = json!({ "to": params::ARB_SYS, "data": "0xa3b1b31d" });
    let trace = answer(&chain, "debug_traceCall", json!([ask, "latest", options]));
    assert_eq!(trace["result"]["output"], json!(format!("{:#066x}", 8)));
    let steps = answer(
        &chain,
        "debug_traceCall",
        json!([call, "latest", { "disableStack": true, "limit": 1 }]),
    );
    assert_eq!(steps["result"]["structLogs"].as_array().unwrap().len(), 1);

    let fixed = json!({ "blockOverrides": { "prevRandao": format!("{:#066x}", 1) } });
    let refused = answer(&chain, "debug_traceCall", json!([call, "latest", fixed]));
    assert!(error(&refused).1.contains("prevRandao"), "{refused}");
}

#[test]
fn an_unknown_tracer_is_refused_with_the_names_of_those_there_are() {
    let chain = chain();
    let call = json!({ "to": alice(&chain) });
    for tracer in [
        "flatTracer",
        "{ step: function() {}, result: function() {} }",
    ] {
        let options = json!({ "tracer": tracer });
        let refused = answer(&chain, "debug_traceCall", json!([call, "latest", options]));
        let (code, message) = error(&refused);
        assert_eq!(code, -32602);
        for name in ["callTracer", "prestateTracer", "stylusTracer"] {
            assert!(message.contains(name), "{message}");
        }
    }
}

#[test]
fn a_transaction_that_does_not_exist_is_not_found() {
    let chain = chain();
    let hash = crate::common::NOTHING;
    let refused = answer(&chain, "debug_traceTransaction", json!([hash]));
    assert_eq!(
        error(&refused),
        (-32000, format!("transaction not found: {hash}").as_str())
    );
    let refused = answer(&chain, "debug_traceBlockByNumber", json!(["0x0"]));
    assert_eq!(error(&refused), (-32000, "genesis is not traceable"));
}
