//! JSON-RPC over HTTP, as a client meets it.

mod common;

use alloy_primitives::{Address, U256, hex};
use arbius_devnet::{Devnet, DevnetError, chain::Chain, evm::params};
use common::*;
use serde_json::{Value, json};

struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    fn new(devnet: &Devnet) -> Self {
        // The client wants a provider for TLS even where it uses none; whoever is first
        // installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            http: reqwest::Client::new(),
            url: devnet.url(),
        }
    }

    async fn post(&self, body: impl Into<reqwest::Body>) -> Value {
        let response = self.http.post(&self.url).body(body).send().await.unwrap();
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }

    async fn request(&self, method: &str, params: Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let response = self.post(request.to_string()).await;
        assert_eq!(response["jsonrpc"], "2.0");
        assert_eq!(response["id"], 1);
        response
    }

    async fn ok(&self, method: &str, params: Value) -> Value {
        let mut response = self.request(method, params).await;
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].take()
    }

    async fn error(&self, method: &str, params: Value) -> (i64, String, Value) {
        let response = self.request(method, params).await;
        let error = &response["error"];
        assert!(error.is_object(), "{method} succeeded: {response}");
        (
            error["code"].as_i64().unwrap(),
            error["message"].as_str().unwrap().into(),
            error["data"].clone(),
        )
    }
}

async fn start() -> (Devnet, Client) {
    let devnet = Devnet::builder().spawn().await.unwrap();
    let client = Client::new(&devnet);
    (devnet, client)
}

fn alice(devnet: &Devnet) -> Address {
    devnet.accounts()[0].address
}

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
        .ok("eth_getBalance", json!([alice(&devnet), "latest"]))
        .await;
    assert_eq!(balance, "0x21e19e0c9bab2400000");
}

#[tokio::test]
async fn transactions_blocks_and_receipts_agree() {
    let (devnet, client) = start().await;
    let from = alice(&devnet);
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
async fn reverts_have_code_3_and_their_data() {
    let (devnet, client) = start().await;
    let contract = deploy(devnet.chain(), &hex!("5f355f5260205ffd"));
    let call = json!({ "to": contract, "data": format!("0x{:064x}", 0xabc) });
    for method in ["eth_call", "eth_estimateGas"] {
        let (code, message, data) = client.error(method, json!([call, "latest"])).await;
        assert_eq!((code, message.as_str()), (3, "execution reverted"));
        assert_eq!(data, format!("0x{:064x}", 0xabc));
    }
    // Solidity's Error(string) is put into words.
    let error = "08c379a0000000000000000000000000000000000000000000000000000000000000002\
                 0000000000000000000000000000000000000000000000000000000000000000568656c6c6f\
                 000000000000000000000000000000000000000000000000000000"
        .replace(' ', "");
    // calldatacopy(0, 0, calldatasize()) revert(0, calldatasize())
    let echo = deploy(devnet.chain(), &hex!("365f5f37365ffd"));
    let call = json!({ "to": echo, "data": format!("0x{error}") });
    let (_, message, _) = client.error("eth_call", json!([call])).await;
    assert_eq!(message, "execution reverted: hello");
}

#[tokio::test]
async fn pending_calls_see_the_next_block() {
    let (_devnet, client) = start().await;
    let ask = json!({ "to": params::ARB_SYS, "data": "0xa3b1b31d" });
    client.ok("evm_mine", json!([])).await;
    let word = |number: u64| json!(format!("0x{number:064x}"));
    assert_eq!(client.ok("eth_call", json!([ask, "latest"])).await, word(1));
    assert_eq!(
        client.ok("eth_call", json!([ask, "pending"])).await,
        word(2)
    );
    assert_eq!(client.ok("eth_call", json!([ask, "0x0"])).await, word(0));
    let (_, message, _) = client.error("eth_call", json!([ask, "0x9"])).await;
    assert_eq!(message, "unknown block 9: the latest is 1");
}

#[tokio::test]
async fn overrides_hold_for_one_call() {
    let (_devnet, client) = start().await;
    let nowhere = "0x00000000000000000000000000000000000000cc";
    let overrides = json!({ nowhere: { "code": "0x602a5f5260205ff3", "balance": "0x5" } });
    let result = client
        .ok("eth_call", json!([{ "to": nowhere }, "latest", overrides]))
        .await;
    assert_eq!(result, format!("0x{:064x}", 42));
    assert_eq!(
        client
            .ok("eth_call", json!([{ "to": nowhere }, "latest"]))
            .await,
        "0x"
    );
}

#[tokio::test]
async fn filters_report_only_what_is_new() {
    let (devnet, client) = start().await;
    let chain = devnet.chain();
    let contract = deploy(chain, &hex!("5f355f555f355f52600760205fa100"));
    let blocks = client.ok("eth_newBlockFilter", json!([])).await;
    let logs = client
        .ok("eth_newFilter", json!([{ "address": contract }]))
        .await;
    let act = || {
        send(
            chain,
            request(alice(&devnet), contract, U256::ONE.to_be_bytes_vec()),
        )
    };
    act();
    act();
    let news = client.ok("eth_getFilterChanges", json!([blocks])).await;
    assert_eq!(news.as_array().unwrap().len(), 2);
    assert_eq!(news[1], json!(chain.latest_block().hash));
    let news = client.ok("eth_getFilterChanges", json!([logs])).await;
    assert_eq!(news.as_array().unwrap().len(), 2);
    assert_eq!(
        client.ok("eth_getFilterChanges", json!([logs])).await,
        json!([])
    );
    let range = json!([{ "fromBlock": "0x0", "toBlock": "latest", "address": contract,
        "topics": [format!("0x{:064x}", 7)] }]);
    assert_eq!(
        client
            .ok("eth_getLogs", range)
            .await
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(client.ok("eth_uninstallFilter", json!([logs])).await, true);
    let (code, message, _) = client.error("eth_getFilterChanges", json!([logs])).await;
    assert_eq!(code, -32000);
    assert!(message.contains("filter not found"));
    client.error("eth_getFilterLogs", json!([blocks])).await;
}

#[tokio::test]
async fn cheats_go_by_their_usual_names() {
    let (devnet, client) = start().await;
    let somebody = "0x00000000000000000000000000000000000000dd";
    let snapshot = client.ok("evm_snapshot", json!([])).await;
    client
        .ok("anvil_setBalance", json!([somebody, "0xde0b6b3a7640000"]))
        .await;
    client
        .ok("hardhat_setNonce", json!([somebody, "0x7"]))
        .await;
    client.ok("anvil_setCode", json!([somebody, "0x00"])).await;
    client
        .ok(
            "anvil_setStorageAt",
            json!([somebody, "0x1", format!("0x{:064x}", 5)]),
        )
        .await;
    assert_eq!(
        client
            .ok("eth_getStorageAt", json!([somebody, "0x1", "latest"]))
            .await,
        format!("0x{:064x}", 5)
    );
    assert_eq!(
        client
            .ok("eth_getTransactionCount", json!([somebody, "latest"]))
            .await,
        "0x7"
    );
    client.ok("anvil_setCode", json!([somebody, "0x"])).await;

    let send = json!([{ "from": somebody, "to": alice(&devnet), "value": "0x1" }]);
    let (_, message, _) = client.error("eth_sendTransaction", send.clone()).await;
    assert!(message.contains("unknown account"), "{message}");
    client
        .ok("anvil_impersonateAccount", json!([somebody]))
        .await;
    client.ok("eth_sendTransaction", send.clone()).await;
    client
        .ok("hardhat_stopImpersonatingAccount", json!([somebody]))
        .await;
    client.error("eth_sendTransaction", send).await;

    let before = devnet.chain().latest_block().header.timestamp;
    client.ok("evm_increaseTime", json!([3_600])).await;
    client.ok("evm_mine", json!([])).await;
    assert!(devnet.chain().latest_block().header.timestamp >= before + 3_600);
    client
        .ok("evm_setNextBlockTimestamp", json!([before + 10_000]))
        .await;
    client.ok("anvil_mine", json!(["0x3", "0x3c"])).await;
    assert_eq!(devnet.chain().block_number(), 5);
    let latest = devnet.chain().latest_block().header.timestamp;
    assert!((before + 10_120..before + 10_130).contains(&latest));
    let (code, ..) = client
        .error("evm_setNextBlockTimestamp", json!([before]))
        .await;
    assert_eq!(code, -32602);

    client.ok("evm_setAutomine", json!([false])).await;
    assert_eq!(client.ok("anvil_getAutomine", json!([])).await, false);
    assert_eq!(client.ok("evm_revert", json!([snapshot])).await, true);
    assert_eq!(client.ok("eth_blockNumber", json!([])).await, "0x0");
    assert_eq!(
        client
            .ok("eth_getBalance", json!([somebody, "latest"]))
            .await,
        "0x0"
    );
    assert_eq!(client.ok("evm_revert", json!([snapshot])).await, false);
}

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

#[tokio::test]
async fn programs_are_deployed_over_rpc() {
    let (devnet, client) = start().await;
    let from = alice(&devnet);
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

#[tokio::test]
async fn a_port_in_use_is_named() {
    let (devnet, _client) = start().await;
    let port = devnet.address().port();
    let error = Devnet::builder().port(port).spawn().await.unwrap_err();
    assert!(matches!(error, DevnetError::PortInUse(named) if named == port));
    assert!(error.to_string().contains(&port.to_string()));
    // Dropping the first frees it.
    drop(devnet);
    let again = Devnet::builder().port(port).spawn().await.unwrap();
    assert_eq!(again.address().port(), port);
}

#[tokio::test]
async fn a_block_time_makes_blocks_by_itself() {
    let devnet = Devnet::builder()
        .block_time(std::time::Duration::from_millis(50))
        .spawn()
        .await
        .unwrap();
    let chain = devnet.chain();
    let hash = chain
        .send(request(alice(&devnet), Address::ZERO, Vec::new()))
        .unwrap();
    for _ in 0..100 {
        if chain.mined(hash).is_some() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no block took the transaction in five seconds");
}
