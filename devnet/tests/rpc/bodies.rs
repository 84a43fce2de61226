//! Bodies: batches, notifications, and what is no JSON-RPC at all.

use alloy_primitives::Address;
use serde_json::json;

use crate::client::*;

#[tokio::test]
async fn batches_are_answered_in_order_and_notifications_not_at_all() {
    let (_devnet, client) = start().await;
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "eth_chainId" },
        { "jsonrpc": "2.0", "method": "evm_mine" },
        { "jsonrpc": "2.0", "id": "two", "method": "eth_blockNumber", "params": [] },
        { "jsonrpc": "2.0", "id": 3, "method": "no_such_method" },
        7,
    ]);
    let answers = client.post(batch.to_string()).await;
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0]["result"], "0x64aba");
    assert_eq!(
        (&answers[1]["id"], &answers[1]["result"]),
        (&json!("two"), &json!("0x1"))
    );
    assert_eq!(answers[2]["error"]["code"], -32601);
    assert_eq!(answers[3]["error"]["code"], -32600);
}

#[tokio::test]
async fn malformed_requests_get_errors() {
    let (devnet, client) = start().await;
    let huge = json!(
        (0..1_001)
            .map(|_| json!({ "id": 1, "method": "eth_chainId" }))
            .collect::<Vec<_>>()
    );
    for (body, code) in [
        ("{".to_string(), -32700),
        (String::new(), -32700),
        ("\u{0}\u{1}".to_string(), -32700),
        ("[]".to_string(), -32600),
        ("7".to_string(), -32600),
        (
            r#"{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}"#.to_string(),
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":[],"method":"eth_chainId"}"#.to_string(),
            -32600,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":5}"#.to_string(), -32600),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{"a":1}}"#.to_string(),
            -32602,
        ),
        (huge.to_string(), -32600),
    ] {
        let answer = client.post(body.clone()).await;
        assert_eq!(answer["error"]["code"], code, "{body}: {answer}");
    }
    for (method, params) in [
        ("eth_getBalance", json!([])),
        ("eth_getBalance", json!(["0x12"])),
        ("eth_getBalance", json!([Address::ZERO, "newest"])),
        ("eth_call", json!(["x"])),
        ("eth_getBlockByNumber", json!([{}])),
        ("eth_getStorageAt", json!([Address::ZERO, "zz"])),
        ("evm_increaseTime", json!([-5])),
        ("evm_increaseTime", json!(["0xffffffffffffffff"])),
        ("anvil_mine", json!(["0xffffffffff"])),
        ("eth_getLogs", json!([{ "topics": 5 }])),
        ("evm_revert", json!([])),
    ] {
        let (code, message, _) = client.error(method, params.clone()).await;
        assert_eq!(code, -32602, "{method} {params}: {message}");
    }
    let nested = "[".repeat(100_000);
    assert_eq!(client.post(nested).await["error"]["code"], -32700);
    let large = client.post(vec![b' '; (16 << 20) + 1]).await;
    assert_eq!(large["error"]["code"], -32600);
    // And it still serves.
    assert_eq!(client.ok("eth_blockNumber", json!([])).await, "0x0");
    assert_eq!(devnet.chain().block_number(), 0);
}
