//! What is asked of a chain: blocks, transactions, receipts, accounts.

use alloy_primitives::{U256, hex};
use serde_json::{Value, json};

use crate::{client::*, common::*};

#[tokio::test]
async fn says_who_it_is() {
    let (devnet, client) = start().await;
    assert_eq!(client.ok("eth_chainId", json!([])).await, "0x64aba");
    assert_eq!(client.ok("net_version", json!([])).await, "412346");
    assert_eq!(client.ok("eth_blockNumber", json!([])).await, "0x0");
    assert_eq!(client.ok("eth_gasPrice", json!([])).await, "0x989680");
    assert_eq!(client.ok("eth_syncing", json!([])).await, false);
    let version = client.ok("web3_clientVersion", json!([])).await;
    assert!(version.as_str().unwrap().starts_with("arbius-devnet/"));
    let accounts = client.ok("eth_accounts", json!([])).await;
    assert_eq!(accounts.as_array().unwrap().len(), 10);
    let balance = client
        .ok("eth_getBalance", json!([funded(&devnet), "latest"]))
        .await;
    assert_eq!(balance, "0x21e19e0c9bab2400000");
}

#[tokio::test]
async fn transactions_blocks_and_receipts_agree() {
    let (devnet, client) = start().await;
    let from = funded(&devnet);
    let data = init_code(&hex!("5f355f555f355f52600760205fa100"));
    let hash = client
        .ok(
            "eth_sendTransaction",
            json!([{ "from": from, "data": data }]),
        )
        .await;
    let receipt = client.ok("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(receipt["gasUsedForL1"], "0x0");
    assert_eq!(receipt["type"], "0x2");
    assert_eq!(receipt["effectiveGasPrice"], "0x989680");
    let contract = &receipt["contractAddress"];
    let code = client.ok("eth_getCode", json!([contract, "latest"])).await;
    assert_eq!(code, "0x5f355f555f355f52600760205fa100");

    let input = U256::from(9).to_be_bytes::<32>();
    let call = json!({ "from": from, "to": contract, "input": hex::encode_prefixed(input) });
    let hash = client.ok("eth_sendTransaction", json!([call])).await;
    let receipt = client.ok("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["logs"][0]["logIndex"], "0x0");
    assert_eq!(receipt["logs"][0]["transactionHash"], hash);
    let slot = client
        .ok("eth_getStorageAt", json!([contract, "0x0", "latest"]))
        .await;
    assert_eq!(slot, format!("0x{:064x}", 9));

    let block = client
        .ok("eth_getBlockByNumber", json!(["latest", true]))
        .await;
    assert_eq!(block["number"], "0x2");
    assert_eq!(block["hash"], receipt["blockHash"]);
    assert_eq!(block["transactions"][0]["hash"], hash);
    assert_eq!(block["gasUsed"], receipt["gasUsed"]);
    assert_eq!(block["logsBloom"], receipt["logsBloom"]);
    let l1 = U256::from_str_radix(&block["l1BlockNumber"].as_str().unwrap()[2..], 16).unwrap();
    assert!(l1 > U256::from(15_537_394));
    let by_hash = client
        .ok("eth_getBlockByHash", json!([block["hash"], false]))
        .await;
    assert_eq!(by_hash["transactions"], json!([hash]));
    assert_eq!(
        client
            .ok("eth_getBlockByNumber", json!(["0x1", false]))
            .await["hash"],
        block["parentHash"]
    );
    let transaction = client.ok("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(transaction["blockHash"], block["hash"]);
    assert_eq!(transaction["nonce"], "0x1");
    let receipts = client.ok("eth_getBlockReceipts", json!(["latest"])).await;
    assert_eq!(receipts, json!([receipt]));

    // The header is what it says: its RLP hashes to the block's hash.
    let header: alloy_consensus::Header = serde_json::from_value(block.clone()).unwrap();
    assert_eq!(json!(header.hash_slow()), block["hash"]);
    for missing in ["eth_getTransactionByHash", "eth_getTransactionReceipt"] {
        assert_eq!(client.ok(missing, json!([NOTHING])).await, Value::Null);
    }
    assert_eq!(
        client
            .ok("eth_getBlockByNumber", json!(["0x99", false]))
            .await,
        Value::Null
    );
}
