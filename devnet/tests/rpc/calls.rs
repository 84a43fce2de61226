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
}
