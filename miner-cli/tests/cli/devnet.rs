//! `arbius devnet`, with what it can be told.

use serde_json::{Value, json};

use crate::program::{Running, arbius, rpc, succeeds};

/// Starts a chain and gives what it prints about itself.
fn start(folder: &std::path::Path, name: &'static str, args: &[&str]) -> (Running, Value) {
    let mut all = vec!["devnet", "--port", "0", "--json"];
    all.extend(args);
    let mut running = Running::start(folder, name, &all);
    running.until("\n}");
    let printed = serde_json::from_str(&running.output()).unwrap();
    (running, printed)
}

fn ask(chain: &Value, method: &str, params: &str) -> Value {
    let answer = rpc(chain["rpc"].as_str().unwrap(), method, params);
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    let answer: Value = serde_json::from_str(body).unwrap();
    answer["result"].clone()
}

#[test]
fn a_bare_chain_obeys_its_options() {
    let folder = tempfile::tempdir().unwrap();
    let options = [
        "--no-contracts",
        "--accounts",
        "5",
        "--balance",
        "7.5",
        "--chain-id",
        "99",
        "--timestamp",
        "2000000000",
        "--base-fee",
        "5",
        "--gas-limit",
        "40000000",
        "--no-mining",
    ];
    let (running, chain) = start(folder.path(), "bare", &options);
    assert_eq!(chain["chainId"], 99);
    assert_eq!(chain["accounts"].as_array().unwrap().len(), 5);
    let first = &chain["accounts"][0]["address"];
    let balance = ask(&chain, "eth_getBalance", &json!([first]).to_string());
    assert_eq!(balance, format!("{:#x}", 7_500_000_000_000_000_000u128));
    let block = ask(&chain, "eth_getBlockByNumber", "[\"latest\", false]");
    assert_eq!(block["timestamp"], "0x77359400");
    assert_eq!(block["baseFeePerGas"], "0x5");
    assert_eq!(block["gasLimit"], "0x2625a00");
    assert_eq!(ask(&chain, "anvil_getAutomine", "[]"), false);
    assert!(!folder.path().join("arbius.json").exists());
    let (status, _) = running.interrupt();
    assert!(status.success());
}

#[test]
fn blocks_come_at_the_interval_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--no-contracts", "--block-time", "0.05", "--mixed-mining"];
    let (_running, chain) = start(folder.path(), "interval", &options);
    assert_eq!(ask(&chain, "anvil_getAutomine", "[]"), true);
    let started = std::time::Instant::now();
    while ask(&chain, "eth_blockNumber", "[]") == "0x0" {
        assert!(started.elapsed().as_secs() < 60, "no block is made");
    }
}

#[test]
fn a_chain_goes_on_with_its_contracts_where_it_was_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--state", "chain.state", "--deployment", "net.json"];
    let (running, first) = start(folder.path(), "first", &options);
    let holder = json!(["0x00000000000000000000000000000000000000aa", "0x7"]).to_string();
    ask(&first, "anvil_setBalance", &holder);
    ask(&first, "anvil_mine", "[]");
    let height = ask(&first, "eth_blockNumber", "[]");
    let (status, _) = running.interrupt();
    assert!(status.success());

    let (running, second) = start(folder.path(), "second", &options);
    assert_eq!(ask(&second, "eth_blockNumber", "[]"), height);
    let balance = json!(["0x00000000000000000000000000000000000000aa"]).to_string();
    assert_eq!(ask(&second, "eth_getBalance", &balance), "0x7");
    for same in ["contracts", "models", "accounts", "chainId", "block"] {
        assert_eq!(first[same], second[same], "{same}");
    }
    // The file that others read names the port of now.
    let models = succeeds(
        folder.path(),
        &["model", "list", "--deployment", "net.json", "--json"],
    );
    assert!(models.contains(second["models"][0]["id"].as_str().unwrap()));
    drop(running);

    let other = [
        "devnet",
        "--port",
        "0",
        "--state",
        "chain.state",
        "--chain-id",
        "5",
        "--deployment",
        "x.json",
    ];
    let refused = arbius(folder.path(), &other);
    assert!(!refused.status.success());
    let reason = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        reason.contains("412346") && reason.contains("--chain-id"),
        "{reason}"
    );
}

#[test]
fn a_state_that_is_none_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chain.state");
    std::fs::write(&file, "no state").unwrap();
    for option in ["--state", "--load-state"] {
        let args = [
            "devnet",
            "--port",
            "0",
            "--no-contracts",
            option,
            "chain.state",
        ];
        let output = arbius(folder.path(), &args);
        assert!(!output.status.success());
        let reason = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            reason.contains("chain.state") && reason.contains("no saved state"),
            "{reason}"
        );
        assert_eq!(reason.lines().count(), 1, "{reason}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"no state");
    let args = [
        "devnet",
        "--port",
        "0",
        "--no-contracts",
        "--load-state",
        "missing",
    ];
    let output = arbius(folder.path(), &args);
    let reason = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(reason.contains("cannot read missing"), "{reason}");
}

#[test]
fn quiet_prints_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "devnet",
        "--port",
        "0",
        "--no-contracts",
        "--quiet",
        "--dump-state",
        "out.state",
    ];
    let running = Running::start(folder.path(), "quiet", &args);
    // The file is written as soon as the chain is there.
    let started = std::time::Instant::now();
    while !folder.path().join("out.state").exists() {
        assert!(started.elapsed().as_secs() < 60, "nothing is saved");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let (status, output) = running.interrupt();
    assert!(status.success());
    assert_eq!(output, "");
}
