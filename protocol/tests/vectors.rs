//! The values of the deployed reference network, to the wei.

use alloy_primitives::{Address, B256, U256, hex};
use arbius_protocol::{cid, emission, ids};
use serde_json::Value;

const EMISSION: &str = include_str!("vectors/emission.json");
const CID: &str = include_str!("vectors/cid.json");
const IDS: &str = include_str!("vectors/ids.json");

/// The rows of one table of a file, each an array; there is at least one.
fn rows(file: &str, table: &str) -> Vec<Vec<Value>> {
    let file: Value = serde_json::from_str(file).expect("the file is JSON");
    let rows: Vec<Vec<Value>> = file[table]
        .as_array()
        .expect("the table is an array")
        .iter()
        .map(|row| row.as_array().expect("a row is an array").clone())
        .collect();
    assert!(!rows.is_empty(), "{table} has rows");
    rows
}

fn parse<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    value
        .as_str()
        .expect("values are strings")
        .parse()
        .expect("the string parses")
}

/// The digest of a CID in hex.
fn digest(value: &Value) -> B256 {
    let cid = hex::decode(value.as_str().expect("a CID is a string")).expect("a CID is hex");
    cid::decode(&cid).expect("a CID is a multihash")
}

/// A number that may be missing.
fn number(value: &Value) -> Option<u128> {
    (!value.is_null()).then(|| parse(value))
}

#[test]
fn target_supply_equals_the_reference() {
    for row in rows(EMISSION, "target_supply") {
        assert_eq!(
            emission::target_supply(parse(&row[0])),
            parse::<u128>(&row[1]),
            "{row:?}"
        );
    }
}

#[test]
fn difficulty_equals_the_reference_and_fails_where_it_reverts() {
    for row in rows(EMISSION, "difficulty") {
        let difficulty = emission::difficulty(parse(&row[0]), parse(&row[1]));
        assert_eq!(difficulty.ok(), number(&row[2]), "{row:?}");
    }
}

#[test]
fn reward_equals_the_reference_and_fails_where_it_reverts() {
    for row in rows(EMISSION, "reward") {
        let (t, supply) = (parse(&row[0]), parse(&row[1]));
        let expected = number(&row[2]);
        assert_eq!(emission::reward(t, supply).ok(), expected, "{row:?}");
        // A claim of rate 1 emits the same while there is enough left, and nothing where
        // the view reverts.
        let left = emission::MINING - supply;
        let claim = emission::claim(Some(t), supply, arbius_protocol::fixed::ONE);
        assert_eq!(claim, expected.unwrap_or(0).min(left), "{row:?}");
    }
}

#[test]
fn cids_equal_the_reference() {
    for row in rows(CID, "cases") {
        let content = match &row[0] {
            Value::String(content) => hex::decode(content).expect("content is hex"),
            ramp => {
                let n = ramp["ramp"].as_u64().expect("otherwise it is a ramp");
                (0..n).map(|i| (i % 251) as u8).collect()
            }
        };
        assert_eq!(
            cid::digest(&content),
            Ok(digest(&row[1])),
            "{} bytes",
            content.len()
        );
    }
}

#[test]
fn model_ids_equal_the_reference() {
    for row in rows(IDS, "model_id") {
        let (sender, fee_address): (Address, Address) = (parse(&row[0]), parse(&row[1]));
        let fee: U256 = parse(&row[2]);
        let id = ids::model_id(sender, fee_address, fee, digest(&row[3]));
        assert_eq!(id, parse::<B256>(&row[4]));
    }
}

#[test]
fn task_ids_equal_the_reference() {
    for row in rows(IDS, "task_id") {
        let (sender, previous, model) = (parse(&row[0]), parse(&row[1]), parse(&row[2]));
        let id = ids::task_id(sender, previous, model, parse(&row[3]), digest(&row[4]));
        assert_eq!(id, parse::<B256>(&row[5]));
    }
}

#[test]
fn commitments_equal_the_reference() {
    for row in rows(IDS, "commitment") {
        let hash = ids::commitment(parse(&row[0]), parse(&row[1]), digest(&row[2]));
        assert_eq!(hash, parse::<B256>(&row[3]));
    }
}
