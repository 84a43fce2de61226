//! Calls and estimates.

use alloy_primitives::hex;
use arbius_devnet::evm::params;
use serde_json::json;

use crate::{client::*, common::*};

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
    assert_eq!(
        message,
        "header not found: there is no block 9, the latest is 1"
    );
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
    // An access list is that of the code which is assumed.
    let reader = json!({ nowhere: { "code": hex::encode_prefixed(READER) } });
    let touched = client
        .ok(
            "eth_createAccessList",
            json!([{ "to": nowhere }, "latest", reader]),
        )
        .await;
    assert_eq!(
        touched["accessList"],
        json!([{ "address": nowhere, "storageKeys": [format!("0x{:064x}", 0)] }])
    );
}

#[tokio::test]
async fn calls_can_be_put_in_another_block() {
    let (_devnet, client) = start().await;
    let nowhere = "0x00000000000000000000000000000000000000cc";
    let asked = async |code: &str, block: serde_json::Value| {
        let state = json!({ nowhere: { "code": format!("0x{code}5f5260205ff3") } });
        client
            .ok(
                "eth_call",
                json!([{ "to": nowhere }, "latest", state, block]),
            )
            .await
    };
    let word = |number: u64| json!(format!("0x{number:064x}"));
    assert_eq!(asked("42", json!({ "time": "0x5" })).await, word(5));
    assert_eq!(
        asked("45", json!({ "gasLimit": "0x3000000" })).await,
        word(0x300_0000)
    );
    assert_eq!(
        asked("48", json!({ "baseFeePerGas": "0x9" })).await,
        word(9)
    );
    let coinbase = json!({ "feeRecipient": nowhere });
    assert_eq!(asked("41", coinbase).await, word(0xcc));
    // NUMBER is L1's; ArbSys tells the number that was overridden.
    let ask = json!({ "to": params::ARB_SYS, "data": "0xa3b1b31d" });
    let number = json!([ask, "latest", null, { "number": "0x2a" }]);
    assert_eq!(client.ok("eth_call", number).await, word(42));
    let (_, message, _) = client
        .error(
            "eth_call",
            json!([ask, "latest", null, { "random": NOTHING }]),
        )
        .await;
    assert!(message.contains("cannot be overridden"), "{message}");
}

#[tokio::test]
async fn blocks_are_simulated_one_on_the_other() {
    let (devnet, client) = start().await;
    let contract = deploy(devnet.chain(), &writer());
    let reverting = deploy(devnet.chain(), &hex!("365f5f37365ffd"));
    let sender = funded(&devnet);
    let store =
        |number: u64| json!({ "from": sender, "to": contract, "data": format!("0x{number:064x}") });
    let blocks = json!([
        { "calls": [store(5), { "from": sender, "to": reverting, "data": "0x1234" }] },
        {
            "blockOverrides": { "number": "0x6", "time": "0xffffffff" },
            "stateOverrides": { contract.to_string(): { "code": hex::encode_prefixed(READER) } },
            "calls": [{ "to": contract }],
        },
    ]);
    let simulated = client
        .ok(
            "eth_simulateV1",
            json!([{ "blockStateCalls": blocks }, "latest"]),
        )
        .await;
    // Block 3, blocks 4 and 5, which were left out, and block 6.
    let numbers: Vec<_> = simulated
        .as_array()
        .unwrap()
        .iter()
        .map(|block| &block["number"])
        .collect();
    assert_eq!(numbers, ["0x3", "0x4", "0x5", "0x6"]);
    for pair in simulated.as_array().unwrap().windows(2) {
        assert_eq!(pair[0]["hash"], pair[1]["parentHash"]);
    }
    let first = &simulated[0];
    assert_eq!(first["calls"][0]["status"], "0x1");
    assert_eq!(
        first["calls"][0]["logs"][0]["data"],
        format!("0x{:064x}", 5)
    );
    assert_eq!(first["calls"][0]["logs"][0]["blockHash"], first["hash"]);
    assert_eq!(first["calls"][1]["status"], "0x0");
    assert_eq!(first["calls"][1]["error"]["code"], 3);
    assert_eq!(first["calls"][1]["returnData"], "0x1234");
    assert_eq!(first["transactions"].as_array().unwrap().len(), 2);
    // The later block sees what the earlier one stored.
    assert_eq!(
        simulated[3]["calls"][0]["returnData"],
        format!("0x{:064x}", 5)
    );
    assert_eq!(simulated[3]["timestamp"], "0xffffffff");
    // And the chain knows nothing of it.
    assert_eq!(devnet.chain().block_number(), 2);

    for (payload, expected) in [
        (json!({ "blockStateCalls": [] }), "empty input"),
        (
            json!({ "blockStateCalls": [{ "blockOverrides": { "number": "0x1" } }] }),
            "block numbers must be in order",
        ),
        (
            json!({ "blockStateCalls": [{ "blockOverrides": { "time": "0x1" } }] }),
            "block timestamps must be in order",
        ),
        (
            json!({ "blockStateCalls": [{ "blockOverrides": { "number": "0xffffffffffff" } }] }),
            "too many blocks",
        ),
        (
            json!({ "blockStateCalls": [{}], "validation": true }),
            "validation is not available",
        ),
        (
            json!({ "blockStateCalls": [{ "calls": vec![json!({}); 1_001] }] }),
            "too many calls",
        ),
    ] {
        let (_, message, _) = client.error("eth_simulateV1", json!([payload])).await;
        assert!(message.starts_with(expected), "{message}");
    }
}
