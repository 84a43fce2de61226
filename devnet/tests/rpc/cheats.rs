//! Control of the chain under the names that other development chains gave it.

use serde_json::json;

use crate::client::*;

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

    let send = json!([{ "from": somebody, "to": funded(&devnet), "value": "0x1" }]);
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
