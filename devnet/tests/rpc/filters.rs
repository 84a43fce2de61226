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

#[tokio::test]
async fn filters_tell_of_logs_that_a_revert_took_back() {
    let (devnet, client) = start().await;
    let chain = devnet.chain();
    let contract = deploy(chain, &writer());
    let act = |number: u64| {
        let input = U256::from(number).to_be_bytes_vec();
        send(chain, request(funded(&devnet), contract, input));
    };
    let logs = client.ok("eth_newFilter", json!([{}])).await;
    let blocks = client.ok("eth_newBlockFilter", json!([])).await;
    let snapshot = chain.snapshot();
    act(1);
    let news = client.ok("eth_getFilterChanges", json!([logs])).await;
    assert_eq!(news[0]["removed"], false);
    // The chain goes back and becomes as long as it was: only what happened tells.
    assert!(chain.revert(snapshot));
    act(2);
    let news = client.ok("eth_getFilterChanges", json!([logs])).await;
    let seen: Vec<_> = news
        .as_array()
        .unwrap()
        .iter()
        .map(|log| (log["data"].clone(), log["removed"].clone()))
        .collect();
    let data = |number: u64| json!(format!("0x{number:064x}"));
    assert_eq!(seen, [(data(1), json!(true)), (data(2), json!(false))]);
    let hashes = client.ok("eth_getFilterChanges", json!([blocks])).await;
    assert_eq!(hashes.as_array().unwrap().len(), 2);
    assert_eq!(hashes[1], json!(chain.latest_block().hash));
}

#[tokio::test]
async fn pending_filters_report_transactions_before_they_are_mined() {
    let (devnet, client) = start().await;
    devnet.chain().set_automine(false);
    let filter = client
        .ok("eth_newPendingTransactionFilter", json!([]))
        .await;
    let hash = devnet
        .chain()
        .send(request(
            funded(&devnet),
            alloy_primitives::Address::ZERO,
            Vec::new(),
        ))
        .unwrap();
    let news = client.ok("eth_getFilterChanges", json!([filter])).await;
    assert_eq!(news, json!([hash]));
}

#[tokio::test]
async fn a_filter_that_fell_too_far_behind_says_so() {
    let (devnet, client) = start().await;
    let filter = client.ok("eth_newBlockFilter", json!([])).await;
    devnet.chain().mine_many(17_000, 0).unwrap();
    for _ in 0..2 {
        let (code, message, _) = client.error("eth_getFilterChanges", json!([filter])).await;
        assert_eq!(code, -32000);
        assert!(message.starts_with("filter not found"), "{message}");
    }
}
