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
    // There are no blobs, whose fee viem asks for.
    assert_eq!(client.ok("eth_blobBaseFee", json!([])).await, "0x0");
}

#[tokio::test]
async fn fee_histories_are_refused_as_go_ethereum_refuses_them() {
    let (devnet, client) = start().await;
    devnet.chain().mine_many(2_000, 0).unwrap();
    let history = client
        .ok("eth_feeHistory", json!(["0xffff", "0x7cf", []]))
        .await;
    assert_eq!(history["oldestBlock"], "0x3d0");
    assert_eq!(history["gasUsedRatio"].as_array().unwrap().len(), 1_024);
    assert!(history.get("reward").is_none());
    let none = client.ok("eth_feeHistory", json!([0, "latest"])).await;
    assert_eq!(none, json!({ "oldestBlock": "0x0", "gasUsedRatio": [] }));
    for (params, expected) in [
        (json!([1, "0x7d1"]), "request beyond head block"),
        (json!([1, "latest", [101]]), "invalid reward percentile"),
        (json!([1, "latest", [50, 50]]), "invalid reward percentile"),
        (
            json!([1, "latest", vec![1; 101]]),
            "invalid reward percentile",
        ),
    ] {
        let (code, message, _) = client.error("eth_feeHistory", params).await;
        assert_eq!(code, -32000);
        assert!(message.starts_with(expected), "{message}");
    }
}

#[tokio::test]
async fn known_accounts_sign() {
    let (devnet, client) = start().await;
    let signer = funded(&devnet);
    let message = hex::encode_prefixed("hello");
    let signature = client.ok("eth_sign", json!([signer, message])).await;
    let swapped = client.ok("personal_sign", json!([message, signer])).await;
    assert_eq!(signature, swapped);
    let bytes = hex::decode(signature.as_str().unwrap()).unwrap();
    let parsed = alloy_primitives::Signature::from_raw(&bytes).unwrap();
    assert_eq!(parsed.recover_address_from_msg("hello").unwrap(), signer);
    let (_, error, _) = client
        .error("eth_sign", json!([Address::ZERO, message]))
        .await;
    assert!(error.starts_with("unknown account"), "{error}");

    let request = json!([{ "from": signer, "to": signer, "value": "0x1" }]);
    let signed = client.ok("eth_signTransaction", request).await;
    assert_eq!(signed["tx"]["from"], json!(signer));
    assert_eq!(devnet.chain().block_number(), 0);
    let hash = client
        .ok("eth_sendRawTransaction", json!([signed["raw"]]))
        .await;
    assert_eq!(hash, signed["tx"]["hash"]);
}

#[tokio::test]
async fn the_pool_shows_what_waits_and_what_is_kept_back() {
    let (devnet, client) = start().await;
    let sender = funded(&devnet);
    client.ok("evm_setAutomine", json!([false])).await;
    let send = async |nonce: u64| {
        let nonce = format!("{nonce:#x}");
        let request = json!([{ "from": sender, "to": sender, "nonce": nonce, "gas": "0x5208" }]);
        client.ok("eth_sendTransaction", request).await
    };
    let first = send(0).await;
    let kept_back = send(5).await;
    let status = client.ok("txpool_status", json!([])).await;
    assert_eq!(status, json!({ "pending": "0x1", "queued": "0x1" }));
    let content = client.ok("txpool_content", json!([])).await;
    let name = sender.to_string();
    assert_eq!(content["pending"][&name]["0"]["hash"], first);
    assert_eq!(content["queued"][&name]["5"]["hash"], kept_back);
    let of_sender = client.ok("txpool_contentFrom", json!([sender])).await;
    assert_eq!(of_sender["queued"]["5"], content["queued"][&name]["5"]);
    let of_nobody = client
        .ok("txpool_contentFrom", json!([Address::ZERO]))
        .await;
    assert_eq!(of_nobody, json!({ "pending": {}, "queued": {} }));
    let inspected = client.ok("txpool_inspect", json!([])).await;
    let line = inspected["pending"][&name]["0"].as_str().unwrap();
    assert!(
        line.ends_with(": 0 wei + 21000 gas × 20000000 wei"),
        "{line}"
    );
    client.ok("evm_mine", json!([])).await;
    let status = client.ok("txpool_status", json!([])).await;
    assert_eq!(status, json!({ "pending": "0x0", "queued": "0x1" }));
}
