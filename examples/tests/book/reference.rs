//! The page about the reference, beside the interface that is deployed.

use std::{collections::HashSet, path::Path};

use serde_json::Value;

use crate::markdown::{Page, root};

#[test]
fn what_differs_from_the_reference_is_said_of_functions_that_there_are() {
    let page = Page::read(Path::new("docs/src/internals/reference.md"));
    let abi = std::fs::read(root().join("artifacts/engine.json")).unwrap();
    let abi: Vec<Value> = serde_json::from_slice(&abi).unwrap();
    let known: HashSet<_> = abi
        .iter()
        .filter_map(|item| item["name"].as_str())
        .collect();
    let mut section = "";
    let (mut here, mut not_here) = (0, 0);
    for line in page.text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title;
        }
        let subject = match section {
            "New" => line,
            _ if line.starts_with("| ") => line.split('|').nth(1).unwrap_or_default(),
            _ => continue,
        };
        for name in subject.split('`').skip(1).step_by(2) {
            // Of several forms of `initialize`, one is left.
            let (is_known, is_form) = (known.contains(name), name.contains('('));
            match section {
                "Not here" if !is_form => {
                    not_here += 1;
                    assert!(!is_known, "`{name}` is here");
                }
                "Not here" => {}
                _ => {
                    here += 1;
                    assert!(is_known, "the engine has no `{name}`");
                }
            }
        }
    }
    assert!(
        here > 30 && not_here > 5,
        "{here} names here, {not_here} not"
    );
}
