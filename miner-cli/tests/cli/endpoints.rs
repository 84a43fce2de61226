//! Endpoints as they are named on the command line.

use std::{thread::sleep, time::Duration};

use serde_json::Value;

use crate::program::{Running, arbius, devnet, succeeds};

fn mine(folder: &std::path::Path, more: &[&str]) -> Running {
    let args = [
        "mine",
        "--deployment",
        "net.json",
        "--gateway",
        "127.0.0.1:0",
        "--json",
    ];
    let mut miner = Running::start(folder, "miner", &[&args[..], more].concat());
    miner.until("\"started\"");
    miner
}

#[test]
fn the_second_of_two_endpoints_takes_over_and_the_second_of_two_chains_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let _devnet = devnet(path);
    let text = std::fs::read_to_string(path.join("net.json")).unwrap();
    let deployment: Value = serde_json::from_str(&text).unwrap();
    let both = format!("http://127.0.0.1:1,{}", deployment["rpc"].as_str().unwrap());
    let list = ["model", "list", "--deployment", "net.json", "--rpc"];
    let listed = succeeds(path, &[&list[..], &[&both]].concat());
    assert!(listed.contains("stickers"), "{listed}");

    let args = ["devnet", "--port", "0", "--no-contracts"];
    let chain = ["--chain-id", "31337", "--json"];
    let mut elsewhere = Running::start(path, "elsewhere", &[args.as_slice(), &chain].concat());
    let told = elsewhere.until("\n}");
    let told: Value = serde_json::from_str(&told).unwrap();
    let other = told["rpc"].as_str().unwrap();
    let twice = [&list[..], &[both.as_str(), "--rpc", other]].concat();
    let output = arbius(path, &twice);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.contains("31337") && error.contains(other.trim_end_matches('/')),
        "{error}"
    );
}

#[test]
fn a_miner_whose_endpoint_is_gone_says_so_once_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let devnet = devnet(path);
    succeeds(path, &["submit", "four", "--deployment", "net.json"]);
    let mut miner = mine(path, &[]);
    miner.until("revealed");
    let before = miner.log().lines().count();
    drop(devnet);
    let gone = "cannot read the chain";
    miner.until_logged(gone);
    // It goes on asking, and says nothing more.
    sleep(Duration::from_secs(10));
    let log = miner.log();
    let said = log.matches(gone).count();
    assert_eq!(said, 1, "{log}");
    assert!(log.lines().count() - before < 10, "{log}");
    let (status, _) = miner.interrupt();
    assert!(status.success(), "it had not ended by itself");
}
