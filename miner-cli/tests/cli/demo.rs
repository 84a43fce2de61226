//! The main job.

use std::collections::HashSet;

use arbius_sdk::content::unixfs;
use serde_json::Value;

#[cfg(unix)]
use crate::program::Running;
use crate::program::{arbius, succeeds};

/// Wei of AIUS, written as a string so that no reader loses digits.
fn wei(value: &Value) -> u128 {
    value.as_str().unwrap().parse().unwrap()
}

fn is_hex(value: &Value, digits: usize) -> bool {
    let text = value.as_str().unwrap().strip_prefix("0x").unwrap();
    text.len() == digits && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[test]
fn solves_every_task_and_fetches_what_the_chain_says() {
    let folder = tempfile::tempdir().unwrap();
    let output = succeeds(folder.path(), &["demo", "--json", "--out", "pictures"]);
    let report: Value = serde_json::from_str(&output).unwrap();
    let tasks = report["tasks"].as_array().unwrap();
    assert!(tasks.len() >= 3, "{report:#}");
    for task in tasks {
        assert!(
            is_hex(&task["id"], 64) && is_hex(&task["winner"], 40),
            "{task:#}"
        );
        assert!(!task["prompt"].as_str().unwrap().is_empty());
        assert!(wei(&task["fee"]) > 0, "{task:#}");
        assert!(wei(&task["reward"]) > 0, "{task:#}");
        for step in ["submit", "commit", "reveal", "claim"] {
            let gas = task["gas"][step].as_u64().unwrap();
            assert!(
                (1_000..10_000_000).contains(&gas),
                "{step} took {gas} gas: {task:#}"
            );
        }
        let seconds = task["seconds"].as_f64().unwrap();
        assert!(seconds > 0.0 && seconds < 120.0, "{task:#}");

        let file = folder.path().join(task["file"].as_str().unwrap());
        assert!(file.starts_with(folder.path().join("pictures")));
        let picture = std::fs::read(&file).unwrap();
        let cid = unixfs::cid_of_files(&[("out-1.png", &picture)]).unwrap();
        assert_eq!(
            task["cid"],
            cid.to_string(),
            "{} is another picture",
            file.display()
        );
        // The header of a PNG: width and height as big-endian numbers.
        assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
        for side in [16, 20] {
            let side = u32::from_be_bytes(picture[side..side + 4].try_into().unwrap());
            assert!(side >= 64, "{} is {side} wide or high", file.display());
        }
    }
    let by_contract = tasks
        .iter()
        .filter(|task| task["byContract"] == true)
        .count();
    assert_eq!(by_contract, 1, "{report:#}");
    let ids: HashSet<_> = tasks
        .iter()
        .map(|task| task["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), tasks.len());
}

#[test]
fn draws_what_it_is_asked_for_and_shows_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "demo",
        "--out",
        "new/folder",
        "--prompt",
        "Seven!",
        "--prompt",
        "two",
    ];
    let output = arbius(folder.path(), &args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    for expected in [
        "task", "prompt", "winner", "reward", "Seven!", "two*", "miner ", "Qm",
    ] {
        assert!(text.contains(expected), "no `{expected}` in\n{text}");
    }
    for name in ["1-seven.png", "2-two.png"] {
        assert!(
            folder.path().join("new/folder").join(name).is_file(),
            "no {name}\n{text}"
        );
    }
    // Not on a terminal: progress is whole lines, without control sequences.
    assert!(
        errors.contains("two miners") && !errors.contains('\u{1b}'),
        "{errors}"
    );
}

/// The accounts of a dispute by name: before and after.
fn funds(dispute: &Value, name: &str, field: &str) -> (u128, u128) {
    let accounts = dispute["accounts"].as_array().unwrap();
    let account = accounts
        .iter()
        .find(|account| account["name"] == name)
        .unwrap();
    (
        wei(&account["before"][field]),
        wei(&account["after"][field]),
    )
}

#[test]
fn a_cheat_is_slashed_and_the_requester_refunded_and_bad_faith_costs_the_contester() {
    let folder = tempfile::tempdir().unwrap();
    let output = succeeds(folder.path(), &["demo", "--dispute", "--json"]);
    let report: Value = serde_json::from_str(&output).unwrap();
    let [cheat, bad_faith] = report["disputes"].as_array().unwrap().as_slice() else {
        panic!("{report:#}");
    };
    for dispute in [cheat, bad_faith] {
        let (slash, fee) = (wei(&dispute["slash"]), wei(&dispute["fee"]));
        assert!(slash > 0 && fee > 0, "{dispute:#}");
        // Mallory is wrong both times, and nothing but its lock pays the three others.
        let (before, after) = funds(dispute, "Mallory", "staked");
        assert_eq!(before - after, slash, "{dispute:#}");
        let gains = ["Alice", "Bob", "Carol"].map(|name| {
            let (before, after) = funds(dispute, name, "staked");
            after - before
        });
        assert_eq!(gains[0], slash / 2, "who was in the right gets half");
        assert_eq!(gains.iter().sum::<u128>(), slash);
        let (before, after) = funds(dispute, "Rita", "balance");
        assert_eq!(before - after, fee);
    }
    assert_eq!(cheat["outcome"], "rejected");
    assert_ne!(cheat["revealed"], cheat["computed"]);
    assert_eq!(cheat["wrong"], serde_json::json!(["Alice", "Bob", "Carol"]));
    assert_eq!(cheat["right"], serde_json::json!(["Mallory"]));
    let (before, after) = funds(cheat, "Rita", "earnings");
    assert_eq!(after - before, wei(&cheat["fee"]), "the refund");

    assert_eq!(bad_faith["outcome"], "final");
    assert_eq!(bad_faith["revealed"], bad_faith["computed"]);
    assert_eq!(bad_faith["wrong"], serde_json::json!(["Mallory"]));
    let (before, after) = funds(bad_faith, "Alice", "earnings");
    assert!(after > before, "fee and reward are paid after all");
    let (before, after) = funds(bad_faith, "Rita", "earnings");
    assert_eq!(before, after, "nothing is refunded");
}

#[test]
fn a_dispute_is_told_in_tables() {
    let folder = tempfile::tempdir().unwrap();
    let text = succeeds(folder.path(), &["demo", "--dispute"]);
    for expected in [
        "A solver cheats",
        "An honest solution is contested",
        "the solution is rejected",
        "the solution stands",
        "stake before",
        "Mallory",
        "requester",
    ] {
        assert!(text.contains(expected), "no `{expected}` in\n{text}");
    }
    assert!(!folder.path().join("demo-out").exists(), "no pictures here");
}

/// Whoever waits for the result learns that there is none.
#[cfg(unix)]
#[test]
fn stopped_early_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let prompts: Vec<String> = (0..100)
        .map(|number| format!("--prompt={number}"))
        .collect();
    let mut args = vec!["demo", "--json"];
    args.extend(prompts.iter().map(String::as_str));
    let demo = Running::start(folder.path(), "demo", &args);
    let errors = folder.path().join("demo.err");
    let started = std::time::Instant::now();
    while !std::fs::read_to_string(&errors)
        .unwrap()
        .contains("is registered")
    {
        assert!(started.elapsed().as_secs() < 240, "no model is registered");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let (status, output) = demo.interrupt();
    assert_eq!(status.code(), Some(130));
    assert_eq!(output, "");
    let errors = std::fs::read_to_string(errors).unwrap();
    assert_eq!(
        errors.lines().last(),
        Some("error: stopped before it was done")
    );
}
