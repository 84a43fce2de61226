//! The figures of gas on a page, beside those that were measured.

use std::path::Path;

use serde_json::Value;

use crate::markdown::{Page, root};

#[test]
fn what_a_collection_costs_is_what_was_measured() {
    let page = Page::read(Path::new("docs/src/contracts/collection.md"));
    let gas = std::fs::read(root().join("benches/gas.json")).unwrap();
    let gas: Value = serde_json::from_slice(&gas).unwrap();
    let measured = |language: &str, step: &str, cache: &str| {
        let step = format!("collection in {language}, {step}");
        hundreds(gas["steps"][&step][cache].as_u64().expect(&step))
    };
    let row = |(language, words, cache): (&str, &str, &str)| {
        let mint = measured(language, "mint", cache);
        let told = measured(language, "notifyConsumer", cache);
        format!("| in {language}, {words} | {mint} | {told} |")
    };
    let expected = [
        ("Rust", "programs in the chain's cache", "cached"),
        ("Rust", "none in the cache", "uncached"),
        ("Solidity", "programs in the cache", "cached"),
        ("Solidity", "none in the cache", "uncached"),
    ]
    .map(row);
    let lines = page.text.lines();
    let shown: Vec<_> = lines.filter(|line| line.starts_with("| in ")).collect();
    assert_eq!(shown, expected, "{}", page.path.display());
}

/// Gas to the next hundred, with a comma before its last thousand.
fn hundreds(gas: u64) -> String {
    let gas = (gas + 50) / 100 * 100;
    assert!((1_000..1_000_000).contains(&gas), "{gas} has other commas");
    format!("{},{:03}", gas / 1_000, gas % 1_000)
}

#[test]
fn figures_are_rounded_to_hundreds() {
    assert_eq!(hundreds(354_686), "354,700");
    assert_eq!(hundreds(61_049), "61,000");
}
