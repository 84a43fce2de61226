//! Sending transactions, and what wallets do around it.

use alloy_primitives::{Address, U256, hex};
use arbius_devnet::{Devnet, chain::Chain, evm::params};
use serde_json::{Value, json};

use crate::{
    client::*,
    common::{self, *},
};

#[tokio::test]
async fn raw_transactions_are_taken_once() {
    let (_devnet, client) = start().await;
    let twin: Chain = Devnet::builder().build_chain();
    let mined = send(&twin, request(common::alice(&twin), bob(&twin), Vec::new()));
    let raw = hex::encode_prefixed(mined.transaction().encoded());
    let hash = client.ok("eth_sendRawTransaction", json!([raw])).await;
    assert_eq!(hash, json!(mined.transaction().hash()));
    let (code, message, _) = client.error("eth_sendRawTransaction", json!([raw])).await;
    assert_eq!((code, message.as_str()), (-32000, "already known"));
    let (_, message, _) = client
        .error("eth_sendRawTransaction", json!(["0x1234"]))
        .await;
    assert!(message.contains("malformed transaction"), "{message}");
}

#[tokio::test]
async fn programs_are_deployed_over_rpc() {
    let (devnet, client) = start().await;
    let from = funded(&devnet);
    let send = |to: Value, data: Vec<u8>, value: U256| {
        let data = hex::encode_prefixed(data);
        json!([{ "from": from, "to": to, "data": data, "value": value }])
    };
    let deployment = send(Value::Null, init_code(&actor()).to_vec(), U256::ZERO);
    let hash = client.ok("eth_sendTransaction", deployment).await;
    let receipt = client.ok("eth_getTransactionReceipt", json!([hash])).await;
    let program: Address = serde_json::from_value(receipt["contractAddress"].clone()).unwrap();

    let asked = json!([{ "to": program, "data": "0x01" }, "latest"]);
    let (_, message, _) = client.error("eth_call", asked.clone()).await;
    assert!(message.contains("program not activated"), "{message}");

    let request = activation(devnet.chain(), program);
    let input = request.input.input().unwrap().to_vec();
    let hash = client
        .ok(
            "eth_sendTransaction",
            send(json!(params::ARB_WASM), input, activation_value()),
        )
        .await;
    let receipt = client.ok("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    let store = send(json!(program), act_word(act::STORE, 77), U256::ZERO);
    client.ok("eth_sendTransaction", store).await;
    assert_eq!(client.ok("eth_call", asked).await, format!("0x{:064x}", 77));
}

#[tokio::test]
async fn fee_history_is_flat() {
    let (devnet, client) = start().await;
    devnet.chain().mine_many(3, 1).unwrap();
    let history = client
        .ok("eth_feeHistory", json!(["0xa", "latest", [25.0, 75.0]]))
        .await;
    assert_eq!(history["oldestBlock"], "0x0");
    assert_eq!(history["baseFeePerGas"], json!(vec!["0x989680"; 5]));
    assert_eq!(history["reward"].as_array().unwrap().len(), 4);
}
