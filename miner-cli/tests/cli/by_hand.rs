//! The same path by hand: a chain, a miner, a requester, each a program of its own.

use arbius_sdk::content::unixfs;

use crate::program::{Running, arbius, devnet, json, rpc, succeeds};

#[test]
fn a_task_goes_from_one_terminal_to_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let devnet = devnet(path);

    let deployment = json(&std::fs::read_to_string(path.join("net.json")).unwrap());
    assert!(deployment["chainId"].is_u64() && deployment["rpc"].is_string());
    for contract in ["engine", "token"] {
        assert!(
            deployment["contracts"][contract]
                .as_str()
                .unwrap()
                .starts_with("0x")
        );
    }
    let account = &deployment["accounts"][0];
    assert!(account["address"].is_string() && account["key"].is_string());

    let models = json(&succeeds(
        path,
        &["model", "list", "--json", "--deployment", "net.json"],
    ));
    assert_eq!(models["models"][0]["name"], "stickers");
    assert_eq!(models["models"][0]["enabled"], true);
    let listed = succeeds(path, &["model", "list", "--deployment", "net.json"]);
    assert!(
        listed.contains(models["models"][0]["id"].as_str().unwrap()),
        "{listed}"
    );

    // Submitted before there is a miner, found when one starts.
    let early = succeeds(
        path,
        &["submit", "four", "--deployment", "net.json", "--json"],
    );
    let early = json(&early);
    let early = early["id"].as_str().unwrap();

    let args = [
        "mine",
        "--deployment",
        "net.json",
        "--gateway",
        "127.0.0.1:0",
        "--json",
    ];
    let mut miner = Running::start(path, "miner", &args);
    let started = miner.until("\"started\"");
    let gateway = json(started.lines().next().unwrap())["gateway"]
        .as_str()
        .unwrap()
        .to_owned();

    let submit = |out: &str, more: &[&str]| {
        let args = ["submit", "a red car", "--wait", "--deployment", "net.json"];
        let files = ["--out", out, "--gateway", gateway.as_str()];
        succeeds(path, &[&args[..], &files, more].concat())
    };
    let report = json(&submit("car.png", &["--json"]));
    let picture = std::fs::read(path.join("car.png")).unwrap();
    let cid = unixfs::cid_of_files(&[("out-1.png", &picture)]).unwrap();
    assert_eq!(report["cid"], cid.to_string());
    assert_eq!(report["files"][0], "car.png");
    assert!(report["gas"]["submit"].as_u64().unwrap() > 21_000);

    let text = submit("again.png", &["--model", "stickers", "--fee", "0.25"]);
    for expected in [
        "submitted  task 0x",
        "0.25 AIUS",
        "solved",
        "written    again.png",
        "Qm",
    ] {
        assert!(text.contains(expected), "no `{expected}` in\n{text}");
    }

    miner.until(&format!(
        "\"event\":\"revealed\",\"note\":null,\"task\":\"{early}\""
    ));
    let shown = succeeds(path, &["task", "show", early, "--deployment", "net.json"]);
    for expected in [early, "solved", "solver", "output", "Qm"] {
        assert!(shown.contains(expected), "no `{expected}` in\n{shown}");
    }

    // Past the contest period the miner claims.
    let chain = deployment["rpc"].as_str().unwrap();
    rpc(chain, "evm_increaseTime", "[2001]");
    rpc(chain, "evm_mine", "[]");
    for task in [early, report["id"].as_str().unwrap()] {
        miner.until(&format!(
            "\"event\":\"claimed\",\"note\":null,\"task\":\"{task}\""
        ));
        let shown = succeeds(
            path,
            &["task", "show", task, "--json", "--deployment", "net.json"],
        );
        let shown = json(&shown);
        assert_eq!(shown["status"], "final", "{shown:#}");
        assert_eq!(shown["solution"]["claimed"], true, "{shown:#}");
    }

    #[cfg(unix)]
    {
        let (status, output) = miner.interrupt();
        assert!(status.success(), "{status}");
        assert!(
            output.lines().last().unwrap().contains("\"stopped\""),
            "{output}"
        );
        let (status, _) = devnet.interrupt();
        assert!(status.success(), "{status}");
    }
}

#[test]
#[cfg(unix)]
fn a_miner_that_was_stopped_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let _devnet = devnet(path);
    let args = [
        "mine",
        "--deployment",
        "net.json",
        "--gateway",
        "127.0.0.1:0",
        "--folder",
        "m",
    ];
    let mut first = Running::start(path, "first", &args);
    first.until("Ctrl-C");
    let submitted = json(&succeeds(
        path,
        &["submit", "one", "--deployment", "net.json", "--json"],
    ));
    first.until("revealed");
    first.interrupt();
    let later = json(&succeeds(
        path,
        &["submit", "two", "--deployment", "net.json", "--json"],
    ));
    let mut second = Running::start(path, "second", &args);
    second.until(&format!("revealed   {}", later["id"].as_str().unwrap()));
    let output = second.output();
    let old = submitted["id"].as_str().unwrap();
    for state in ["seen", "solved", "committed", "revealed"] {
        let line = format!("{state:<10} {old}");
        assert!(!output.contains(&line), "`{line}` happens twice\n{output}");
    }
}

/// Neither a solver without pay nor a misspelt input is found out about too late.
#[test]
fn a_task_pays_its_solver_and_unknown_inputs_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let _devnet = devnet(folder.path());
    let input = r#"{"prompt":"x","bogus":5}"#;
    let args = ["submit", "--input", input, "--deployment", "net.json"];
    let output = arbius(folder.path(), &args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(
        errors.starts_with("warning: ") && errors.contains("`bogus`"),
        "{errors}"
    );
    // The model's own fee on a local chain is 0.05.
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("0.15 AIUS"), "{text}");
}
