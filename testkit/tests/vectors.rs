//! The reference's values, to the wei, from the deployed contracts by `eth_call`.

use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_sdk::{chain::ChainError, contracts::IEngine};
use arbius_testkit::TestChain;
use serde_json::Value;

const EMISSION: &str = include_str!("../../protocol/tests/vectors/emission.json");
const CIDS: &str = include_str!("../../protocol/tests/vectors/cid.json");
const IDS: &str = include_str!("../../protocol/tests/vectors/ids.json");

fn number(value: &Value) -> U256 {
    U256::from_str_radix(value.as_str().unwrap(), 10).unwrap()
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    value.as_str().unwrap().parse().unwrap()
}

fn rows<'a>(vectors: &'a Value, name: &str) -> &'a [Value] {
    let rows = vectors[name].as_array().unwrap();
    assert!(!rows.is_empty(), "no vectors in {name}");
    rows
}

/// The value where the reference has one, a revert where it has `null`.
fn assert_equals(answer: Result<U256, ChainError>, expected: &Value, row: &Value) {
    match (answer, expected) {
        (Ok(value), Value::String(_)) => assert_eq!(value, number(expected), "{row}"),
        (Err(error), Value::Null) => assert!(error.revert().is_some(), "{row}: {error}"),
        (answer, _) => panic!("{row}: {answer:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_emission_curve_is_the_references() {
    let chain = TestChain::start().await.unwrap();
    let (rpc, engine) = (chain.chain(), chain.engine());
    let vectors: Value = serde_json::from_str(EMISSION).unwrap();
    for row in rows(&vectors, "target_supply") {
        let answer = rpc
            .read(engine, &IEngine::targetTsCall { t: number(&row[0]) })
            .await;
        assert_equals(answer, &row[1], row);
    }
    for row in rows(&vectors, "difficulty") {
        let call = IEngine::diffMulCall {
            t: number(&row[0]),
            ts: number(&row[1]),
        };
        assert_equals(rpc.read(engine, &call).await, &row[2], row);
    }
    for row in rows(&vectors, "reward") {
        let call = IEngine::rewardCall {
            t: number(&row[0]),
            ts: number(&row[1]),
        };
        assert_equals(rpc.read(engine, &call).await, &row[2], row);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn content_ids_are_those_of_ipfs() {
    let chain = TestChain::start().await.unwrap();
    let (rpc, engine) = (chain.chain(), chain.engine());
    let vectors: Value = serde_json::from_str(CIDS).unwrap();
    for row in rows(&vectors, "cases") {
        let content: Bytes = match row[0]["ramp"].as_u64() {
            Some(length) => (0..length)
                .map(|i| (i % 251) as u8)
                .collect::<Vec<_>>()
                .into(),
            None => parsed(&row[0]),
        };
        let cid = rpc
            .read(engine, &IEngine::generateIPFSCIDCall { content })
            .await
            .unwrap();
        assert_eq!(cid, parsed::<Bytes>(&row[1]), "{row}");
    }
    // The empty content, which the reference hashes otherwise than IPFS does.
    let call = IEngine::generateIPFSCIDCall {
        content: Bytes::new(),
    };
    let cid = rpc.read(engine, &call).await.unwrap();
    let cid = arbius_sdk::content::cids::from_onchain(&cid).unwrap();
    assert_eq!(
        cid.to_string(),
        "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn identifiers_and_commitments_are_the_references() {
    let chain = TestChain::start().await.unwrap();
    let (rpc, engine) = (chain.chain(), chain.engine());
    let vectors: Value = serde_json::from_str(IDS).unwrap();
    for row in rows(&vectors, "model_id") {
        let model = IEngine::Model {
            fee: number(&row[2]),
            addr: parsed(&row[1]),
            rate: U256::ZERO,
            cid: parsed(&row[3]),
        };
        let call = IEngine::hashModelCall {
            model,
            sender: parsed(&row[0]),
        };
        assert_eq!(
            rpc.read(engine, &call).await.unwrap(),
            parsed::<B256>(&row[4]),
            "{row}"
        );
    }
    for row in rows(&vectors, "task_id") {
        let task = IEngine::Task {
            model: parsed(&row[2]),
            fee: number(&row[3]),
            owner: Address::ZERO,
            blocktime: 0,
            version: 0,
            cid: parsed(&row[4]),
        };
        let call = IEngine::hashTaskCall {
            task,
            sender: parsed(&row[0]),
            prevhash: parsed(&row[1]),
        };
        assert_eq!(
            rpc.read(engine, &call).await.unwrap(),
            parsed::<B256>(&row[5]),
            "{row}"
        );
    }
    for row in rows(&vectors, "commitment") {
        let call = IEngine::generateCommitmentCall {
            sender: parsed(&row[0]),
            task: parsed(&row[1]),
            cid: parsed(&row[2]),
        };
        assert_eq!(
            rpc.read(engine, &call).await.unwrap(),
            parsed::<B256>(&row[3]),
            "{row}"
        );
    }
}
