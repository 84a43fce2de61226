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

#[tokio::test]
async fn every_block_hashes_to_what_its_receipts_say() {
    let (devnet, client) = start().await;
    let chain = devnet.chain();
    let contract = deploy(chain, &writer());
    for number in 0..20u64 {
        // Cheats between blocks change the state, not the blocks.
        chain.set_balance(contract, U256::from(number));
        let mined = send(
            chain,
            request(
                funded(&devnet),
                contract,
                U256::from(number).to_be_bytes_vec(),
            ),
        );
        let block = client
            .ok("eth_getBlockByNumber", json!(["latest", false]))
            .await;
        let receipt = client
            .ok(
                "eth_getTransactionReceipt",
                json!([mined.transaction().hash()]),
            )
            .await;
        assert_eq!(block["hash"], receipt["blockHash"]);
    }
    let mut parent = Value::Null;
    for number in 0..=chain.block_number() {
        let id = format!("{number:#x}");
        let block = client.ok("eth_getBlockByNumber", json!([id, true])).await;
        let header: alloy_consensus::Header = serde_json::from_value(block.clone()).unwrap();
        assert_eq!(block["hash"], json!(header.hash_slow()), "block {number}");
        if number > 0 {
            assert_eq!(block["parentHash"], parent);
        }
        parent = block["hash"].clone();
        // What clients require of a block, and what Arbitrum adds.
        for field in [
            "number",
            "hash",
            "parentHash",
            "nonce",
            "mixHash",
            "sha3Uncles",
            "logsBloom",
            "transactionsRoot",
            "stateRoot",
            "receiptsRoot",
            "miner",
            "difficulty",
            "totalDifficulty",
            "extraData",
            "size",
            "gasLimit",
            "gasUsed",
            "timestamp",
            "transactions",
            "uncles",
            "baseFeePerGas",
            "l1BlockNumber",
            "sendCount",
            "sendRoot",
        ] {
            assert!(!block[field].is_null(), "block {number} has no {field}");
        }
        let typed: alloy_rpc_types_eth::Block = serde_json::from_value(block.clone()).unwrap();
        // The size is that of the block's RLP.
        let transactions: Vec<_> = typed
            .transactions
            .as_transactions()
            .unwrap()
            .iter()
            .map(|transaction| transaction.inner.inner().clone())
            .collect();
        let body = alloy_consensus::BlockBody {
            transactions,
            ommers: Vec::<alloy_consensus::Header>::new(),
            withdrawals: None,
        };
        let size = alloy_rlp::encode(alloy_consensus::Block { header, body }).len();
        assert_eq!(block["size"], format!("{size:#x}"), "block {number}");
    }
}

#[tokio::test]
async fn blocks_and_transactions_are_found_in_every_way() {
    let (devnet, client) = start().await;
    let mined = send(
        devnet.chain(),
        request(funded(&devnet), funded(&devnet), vec![7]),
    );
    let (block, hash) = (json!(mined.block.hash), mined.transaction().hash());
    let transaction = client.ok("eth_getTransactionByHash", json!([hash])).await;
    let raw = hex::encode_prefixed(mined.transaction().encoded());
    for (suffix, id) in [("Number", json!("0x1")), ("Hash", block.clone())] {
        let at = |method: &str| method.replace('*', suffix);
        for (method, params, expected) in [
            (
                "eth_getTransactionByBlock*AndIndex",
                json!([id, "0x0"]),
                &transaction,
            ),
            (
                "eth_getTransactionByBlock*AndIndex",
                json!([id, "0x1"]),
                &Value::Null,
            ),
            (
                "eth_getRawTransactionByBlock*AndIndex",
                json!([id, "0x0"]),
                &json!(raw),
            ),
            (
                "eth_getRawTransactionByBlock*AndIndex",
                json!([id, "0x1"]),
                &Value::Null,
            ),
            (
                "eth_getBlockTransactionCountBy*",
                json!([id]),
                &json!("0x1"),
            ),
            ("eth_getUncleCountByBlock*", json!([id]), &json!("0x0")),
            (
                "eth_getUncleByBlock*AndIndex",
                json!([id, "0x0"]),
                &Value::Null,
            ),
        ] {
            assert_eq!(&client.ok(&at(method), params).await, expected, "{method}");
        }
        let header = client.ok(&at("eth_getHeaderBy*"), json!([id])).await;
        assert_eq!(header["hash"], block);
        assert!(header.get("transactions").is_none());
    }
    assert_eq!(
        client
            .ok("eth_getRawTransactionByHash", json!([hash]))
            .await,
        raw
    );
    // Tags, and EIP-1898's ways to name a block.
    for id in [
        json!("latest"),
        json!("safe"),
        json!("finalized"),
        json!("pending"),
        json!("0x1"),
        block.clone(),
        json!({ "blockNumber": "0x1" }),
        json!({ "blockHash": block, "requireCanonical": true }),
    ] {
        let params = json!([funded(&devnet), id]);
        let nonce = client.ok("eth_getTransactionCount", params).await;
        assert_eq!(nonce, "0x1", "{id}");
    }
    let params = json!([funded(&devnet), "earliest"]);
    assert_eq!(client.ok("eth_getTransactionCount", params).await, "0x0");
    for missing in [json!("0x9"), json!({ "blockHash": NOTHING })] {
        let (code, message, _) = client
            .error("eth_getBalance", json!([funded(&devnet), missing]))
            .await;
        assert_eq!(code, -32000);
        assert!(message.contains("header not found"), "{message}");
    }
    let info = client
        .ok("eth_getAccountInfo", json!([funded(&devnet), "latest"]))
        .await;
    assert_eq!(
        (&info["nonce"], &info["code"]),
        (&json!("0x1"), &json!("0x"))
    );
    let modules = client.ok("rpc_modules", json!([])).await;
    assert_eq!(modules["eth"], "1.0");
}
