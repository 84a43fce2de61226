//! Filters that are polled.

use alloy_primitives::{U256, hex};
use serde_json::json;

use crate::{client::*, common::*};

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
            request(funded(&devnet), contract, U256::ONE.to_be_bytes_vec()),
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
