//! Deploying the protocol, and looking after its programs.

use std::path::Path;
use std::process::{Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{PATIENCE, Running, arbius, command, rpc, succeeds};

/// The key of the first account of every local chain.
const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/// The address of that key.
const DEPLOYER: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

/// A bare chain with the id `chain`, and the settings for a local chain beside it.
fn bare(folder: &Path, chain: u64) -> (Running, String) {
    let id = chain.to_string();
    let args = [
        "devnet",
        "--no-contracts",
        "--port",
        "0",
        "--chain-id",
        &id,
        "--json",
    ];
    let mut devnet = Running::start(folder, "devnet", &args);
    let output = devnet.until("\n}");
    let url = json(&output)["rpc"].as_str().unwrap().to_owned();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let settings = std::fs::read_to_string(repository.join("docs/deploy/local.toml")).unwrap();
    std::fs::copy(
        repository.join("models/stickers/template.json"),
        folder.join("template.json"),
    )
    .unwrap();
    let settings = settings
        .replace("../../models/stickers/template.json", "template.json")
        .replace("http://127.0.0.1:8547", &url)
        .replace("412346", &id);
    std::fs::write(folder.join("local.toml"), settings).unwrap();
    (devnet, url)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

fn with_key(folder: &Path, args: &[&str]) -> Output {
    command(folder, args)
        .env("ARBIUS_KEY", KEY)
        .output()
        .unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn sent(url: &str) -> u64 {
    let params = format!("[\"{DEPLOYER}\",\"latest\"]");
    let answer = rpc(url, "eth_getTransactionCount", &params);
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let count = json(body)["result"].as_str().unwrap().to_owned();
    u64::from_str_radix(count.trim_start_matches("0x"), 16).unwrap()
}

#[test]
fn goes_on_after_kills_and_does_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (_devnet, url) = bare(folder.path(), 412_346);
    let plan = json(&succeeds(
        folder.path(),
        &["deploy", "local.toml", "--dry-run", "--json"],
    ));
    assert_eq!(sent(&url), 0);
    assert_eq!(plan["schema"], "arbius/deploy-plan/1");
    assert_eq!(plan["clean"], true);
    let planned = plan["transactions"].as_array().unwrap().len() as u64;
    assert!(planned > 40);

    // Killed whenever a few more transactions were sent.
    let started = Instant::now();
    let mut kills = 0;
    let mut before = 0;
    while before + 9 < planned {
        let mut child = command(folder.path(), &["deploy", "local.toml"])
            .env("ARBIUS_KEY", KEY)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while sent(&url) < before + 9 {
            assert!(started.elapsed() < PATIENCE, "it does not go on");
            assert!(child.try_wait().unwrap().is_none(), "it ended");
            sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        before = sent(&url);
    }
    assert!(kills >= 2);
    let output = with_key(folder.path(), &["deploy", "local.toml", "--json"]);
    assert!(output.status.success(), "{}", errors(&output));
    let report = json(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(report["schema"], "arbius/deploy/1");
    assert_eq!(report["clean"], true);
    assert_eq!(report["transactions"], planned);
    assert_eq!(sent(&url), planned);
    assert_eq!(report["properties"].as_array().unwrap().len(), 23);

    // Other commands read what it wrote, and the check can be made again.
    let models = json(&succeeds(folder.path(), &["model", "list", "--json"]));
    assert_eq!(models["models"][0]["name"], "stickers", "{models}");
    let text = succeeds(folder.path(), &["deploy", "local.toml", "--check"]);
    assert!(text.contains("✓ roles"), "{text}");

    // What somebody changed is named, and the command fails.
    let token = report["contracts"]["token"].as_str().unwrap();
    let slot = "0xb53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103";
    let value = format!("0x{:064x}", 0x55);
    rpc(
        &url,
        "anvil_setStorageAt",
        &format!("[\"{token}\",\"{slot}\",\"{value}\"]"),
    );
    let output = arbius(folder.path(), &["deploy", "local.toml", "--check"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("✗ upgrades"), "{text}");
    assert!(text.contains("the admin of `token` is 0x0000000000000000000000000000000000000055"));
}

#[test]
fn programs_are_renewed_and_their_expiry_is_an_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["devnet", "--port", "0", "--json"];
    let mut devnet = Running::start(folder.path(), "devnet", &args);
    let url = json(&devnet.until("\n}"))["rpc"]
        .as_str()
        .unwrap()
        .to_owned();
    let pass = |days: u64| {
        rpc(&url, "evm_increaseTime", &format!("[{}]", days * 86_400));
        rpc(&url, "evm_mine", "[]");
    };
    let text = succeeds(folder.path(), &["contract", "health"]);
    assert!(
        text.contains("governor-implementation") && text.contains("active"),
        "{text}"
    );
    let text = succeeds(folder.path(), &["contract", "keepalive", "engine-rest"]);
    assert!(text.contains("engine-rest  can be renewed in "), "{text}");

    pass(340);
    let output = arbius(folder.path(), &["contract", "health", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("run `arbius contract keepalive`"));
    let health = json(&String::from_utf8(output.stdout).unwrap());
    assert!(
        health["programs"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| { one["needsCare"] == true && one["state"] == "active" })
    );
    let text = succeeds(folder.path(), &["contract", "keepalive", "--dry-run"]);
    assert!(
        text.contains("would be renewed for a data fee of 0.0"),
        "{text}"
    );
    let done = json(&succeeds(
        folder.path(),
        &["contract", "keepalive", "--json"],
    ));
    let renewed = done["programs"].as_array().unwrap();
    assert!(
        renewed
            .iter()
            .any(|one| one["action"] == "renewed" && one["cost"].is_string())
    );
    succeeds(folder.path(), &["contract", "health"]);

    pass(400);
    let output = arbius(folder.path(), &["contract", "health"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("EXPIRED")
    );
    let text = succeeds(folder.path(), &["contract", "keepalive"]);
    assert!(text.contains("activated again for "), "{text}");
    succeeds(folder.path(), &["contract", "health"]);
    let output = arbius(folder.path(), &["contract", "keepalive", "enginge"]);
    assert!(errors(&output).contains("there is no contract `enginge`; there are engine, "));
}

#[test]
fn a_public_chain_is_asked_about_and_another_chain_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_devnet, url) = bare(folder.path(), 42_170);
    let output = with_key(folder.path(), &["deploy", "local.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let said = errors(&output);
    assert!(said.contains("Chain 42170 is public."), "{said}");
    assert!(
        said.contains("about 0.0") && said.contains("say --yes"),
        "{said}"
    );
    assert_eq!(sent(&url), 0);

    let file = folder.path().join("local.toml");
    let settings = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, settings.replace("42170", "42161")).unwrap();
    let output = with_key(folder.path(), &["deploy", "local.toml", "--yes"]);
    let said = errors(&output);
    assert!(said.contains("42161") && said.contains("42170"), "{said}");

    // Mistakes in the settings are named before anything is asked of the chain.
    std::fs::write(&file, settings.replace("pauser", "pausr")).unwrap();
    let output = with_key(folder.path(), &["deploy", "local.toml"]);
    let said = errors(&output);
    assert!(said.starts_with("error: local.toml, line "), "{said}");
    assert!(said.contains("unknown field `pausr`"), "{said}");
    let output = arbius(folder.path(), &["deploy", "nowhere.toml"]);
    assert!(errors(&output).contains("nowhere.toml"));
    std::fs::write(&file, &settings).unwrap();
    let output = arbius(folder.path(), &["deploy", "local.toml", "--yes"]);
    assert!(errors(&output).contains("ARBIUS_KEY"));
    let output = arbius(folder.path(), &["deploy", "local.toml", "--check"]);
    assert!(errors(&output).contains("local.progress.json"));
}
