//! What whoever looks after a miner does with it.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{PATIENCE, Running, arbius, devnet, json, rpc, succeeds};
use crate::snapshot;

/// A chain in a folder, with the address of its endpoint.
fn chain(folder: &Path) -> (Running, String) {
    let devnet = devnet(folder);
    let file: Value = json(&std::fs::read_to_string(folder.join("net.json")).unwrap());
    let url = file["rpc"].as_str().unwrap().to_owned();
    (devnet, url)
}

fn on_net(args: &[&str]) -> Vec<String> {
    let args = [args, &["--deployment", "net.json"]].concat();
    args.into_iter().map(str::to_owned).collect()
}

fn mine<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let args = ["mine", "--deployment", "net.json", "--json"];
    [&args[..], &["--gateway", "127.0.0.1:0"], more].concat()
}

/// Submits a task and gives its id.
fn submit(folder: &Path) -> String {
    let task = json(&succeeds(folder, &on_net(&["submit", "four", "--json"])));
    task["id"].as_str().unwrap().to_owned()
}

/// Waits until the task's job is in a state.
fn await_job(folder: &Path, task: &str, state: &str) {
    let started = Instant::now();
    loop {
        let output = arbius(folder, &["jobs", task, "--json"]);
        if output.status.success()
            && json(&String::from_utf8(output.stdout).unwrap())["state"] == state
        {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{task} is never {state}");
        sleep(Duration::from_millis(100));
    }
}

fn pass(url: &str, seconds: u64) {
    rpc(url, "evm_increaseTime", &format!("[{seconds}]"));
    rpc(url, "evm_mine", "[]");
}

/// Asks the monitor of the miner in a folder: the status line and the body.
fn get(folder: &Path, path: &str) -> (String, String) {
    let file = folder.join("arbius-miner/monitor.json");
    let url = json(&std::fs::read_to_string(file).unwrap())["url"].clone();
    let address = url
        .as_str()
        .unwrap()
        .trim_start_matches("http://")
        .to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

/// Asks the monitor until it answers as it should, and gives the body.
fn until(folder: &Path, path: &str, fits: impl Fn(&str, &str) -> bool) -> String {
    let started = Instant::now();
    loop {
        let (line, body) = get(folder, path);
        if fits(&line, &body) {
            return body;
        }
        assert!(started.elapsed() < PATIENCE, "{line} {body}");
        sleep(Duration::from_millis(200));
    }
}

/// Waits until the miner's health is bad for a reason, perhaps beside others.
fn falls_ill(folder: &Path, code: &str) {
    until(folder, "/health", |line, body| {
        let reasons = json(body)["reasons"].clone();
        let mut reasons = reasons.as_array().into_iter().flatten();
        line.contains("503") && reasons.any(|reason| reason["code"] == code)
    });
}

/// Asserts that it fails with 1 and says why.
#[track_caller]
fn refused<A: AsRef<OsStr>>(folder: &Path, args: &[A], says: &[&str]) {
    let output = arbius(folder, args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    for text in says {
        assert!(errors.contains(text), "no `{text}` in: {errors}");
    }
}

#[test]
fn a_miner_is_watched_backed_up_and_moved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (_devnet, url) = chain(path);
    let task = submit(path);
    snapshot::matches("tasks", &succeeds(path, &on_net(&["tasks", "--json"])));
    let listed = succeeds(
        path,
        &on_net(&["tasks", "--model", "stickers", "--since", "1h"]),
    );
    assert!(
        listed.contains(&task) && listed.contains("open"),
        "{listed}"
    );
    let none = succeeds(path, &on_net(&["tasks", "--min-fee", "5"]));
    assert_eq!(none, "no such tasks\n");

    let mut miner = Running::start(path, "miner", &mine(&["--no-withdraw"]));
    miner.until("\"revealed\"");
    await_job(path, &task, "revealed");
    let status = on_net(&["status"]);
    let status_json = on_net(&["status", "--json"]);
    snapshot::matches("status_running", &succeeds(path, &status_json));
    let shown = succeeds(path, &status);
    for text in [
        "can mine",
        "1 revealed",
        "stickers",
        "healthy",
        "the minimum is 1",
    ] {
        assert!(shown.contains(text), "no `{text}` in: {shown}");
    }
    snapshot::matches("jobs", &succeeds(path, &["jobs", "--json"]));
    snapshot::matches("job", &succeeds(path, &["jobs", &task, "--json"]));
    assert_eq!(
        succeeds(path, &["jobs", "--state", "claimed"]),
        "no such jobs\n"
    );
    let show = on_net(&["tasks", "show", &task, "--json"]);
    snapshot::matches("task", &succeeds(path, &show));

    // A backup of the running miner, while it goes on.
    let backup = succeeds(path, &["store", "backup", "miner.backup", "--json"]);
    snapshot::matches("store_backup", &backup);
    succeeds(path, &["store", "check", "miner.backup"]);
    refused(path, &["store", "check"], &["a miner runs", "store backup"]);
    refused(
        path,
        &["store", "restore", "miner.backup", "--force"],
        &["in use by another miner"],
    );

    // Claimed by the miner, counted by its metrics and in its totals.
    pass(&url, 2_001);
    await_job(path, &task, "claimed");
    let claimed = "arbius_jobs{state=\"claimed\"} 1";
    let metrics = until(path, "/metrics", |_, metrics| metrics.contains(claimed));
    let sample = |name: &str| -> f64 {
        let line = metrics.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in\n{metrics}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(sample("arbius_jobs{state=\"claimed\"}"), 1.0);
    assert_eq!(sample("arbius_healthy"), 1.0);
    assert!(sample("arbius_stake_aius{kind=\"free\"}") >= 1.0);
    assert!(sample("arbius_disk_used_bytes{part=\"store\"}") > 1_000.0);
    assert!(sample("arbius_fees_earned_aius_total") > 0.0);
    assert!(sample("arbius_rewards_earned_aius_total") > 0.0);
    assert!(sample("arbius_gas_used_total{purpose=\"claiming\"}") > 10_000.0);
    assert!(
        sample("arbius_transactions_total{purpose=\"committing\",outcome=\"included\"}") >= 1.0
    );
    assert!(sample("arbius_inference_duration_seconds_count") >= 1.0);
    assert!(metrics.ends_with("# EOF\n"));
    // Every line is a comment or a name, labels and a number.
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(
            name.starts_with("arbius_") && value.parse::<f64>().is_ok(),
            "{line}"
        );
    }

    let (ended, _) = miner.interrupt();
    assert!(ended.success());
    assert!(!path.join("arbius-miner/monitor.json").exists());
    let stopped = succeeds(path, &status_json);
    snapshot::matches("status_stopped", &stopped);
    assert_eq!(json(&stopped)["jobs"]["claimed"], 1);
    snapshot::matches(
        "store_check",
        &succeeds(path, &["store", "check", "--json"]),
    );
    refused(
        path,
        &["store", "restore", "miner.backup"],
        &["would forget", "--force"],
    );

    // To another machine: the folder's store from the backup, its outputs by computing again.
    succeeds(
        path,
        &["store", "restore", "miner.backup", "--folder", "moved"],
    );
    let mut moved = Running::start(path, "moved", &mine(&["--folder", "moved"]));
    moved.until("\"started\"");
    let started = Instant::now();
    loop {
        let job = json(&succeeds(
            path,
            &["jobs", &task, "--folder", "moved", "--json"],
        ));
        if job["state"] == "claimed" {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{job}");
        sleep(Duration::from_millis(100));
    }
}

#[test]
fn health_flips_when_the_endpoint_dies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (devnet, _) = chain(path);
    let mut miner = Running::start(path, "miner", &mine(&[]));
    miner.until("\"started\"");
    let body = until(path, "/health", |line, _| line.contains("200"));
    snapshot::matches("health", &body);
    drop(devnet);
    falls_ill(path, "chain");
    refused(path, &on_net(&["status"]), &["cannot mine"]);
    let shown = arbius(path, &on_net(&["status"]));
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("CANNOT MINE") && shown.contains("chain: "),
        "{shown}"
    );
    assert!(get(path, "/metrics").1.contains("arbius_healthy 0"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_stops_commitments_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (_devnet, url) = chain(path);
    let mut miner = Running::start(path, "miner", &mine(&[]));
    miner.until("\"started\"");
    // From now on every write to a file fails, as it does on a full disk: that of the log and
    // of what is shown, too.
    let limit = |limit: &str| {
        let pid = miner.id().to_string();
        let set = std::process::Command::new("prlimit")
            .args(["--pid", &pid, &format!("--fsize={limit}:unlimited")])
            .status();
        assert!(set.unwrap().success());
    };
    limit("0");
    let account = json(miner.output().lines().next().unwrap())["account"].clone();
    let sent = || {
        let params = format!("[{account},\"latest\"]");
        let answer = rpc(&url, "eth_getTransactionCount", &params);
        json(answer.lines().last().unwrap())["result"].clone()
    };
    let before = sent();
    let task = submit(path);
    falls_ill(path, "store");
    // What cannot be written down is not done.
    sleep(Duration::from_secs(3));
    assert_eq!(sent(), before);
    limit("unlimited");
    await_job(path, &task, "revealed");
    until(path, "/health", |line, _| line.contains("200"));
}

#[test]
fn stake_goes_in_and_out_and_waits_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (_devnet, url) = chain(path);
    let stake = |more: &[&str]| on_net(&[&["stake"], more, &["--account", "5"]].concat());
    let deposited = succeeds(path, &stake(&["deposit", "2", "--json"]));
    snapshot::matches("stake_deposit", &deposited);
    refused(path, &stake(&["withdraw", "3"]), &["2 AIUS of free stake"]);
    refused(
        path,
        &stake(&["deposit", "1000000"]),
        &["holds", "cannot deposit"],
    );
    refused(path, &stake(&["take"]), &["nothing can be taken now"]);
    refused(
        path,
        &stake(&["cancel", "1"]),
        &["no withdrawal is announced"],
    );
    let announced = succeeds(path, &stake(&["withdraw", "0.5", "--json"]));
    snapshot::matches("stake_withdraw", &announced);
    let shown = succeeds(path, &stake(&[]));
    assert!(
        shown.contains("1 d (86400 s) after it is announced") && shown.contains("1: 0.5 AIUS"),
        "{shown}"
    );
    refused(path, &stake(&["take", "1"]), &["can be taken in"]);
    refused(
        path,
        &stake(&["cancel", "7"]),
        &["no withdrawal 7", "announced are 1"],
    );
    succeeds(path, &stake(&["cancel", "1"]));
    succeeds(path, &stake(&["withdraw", "0.25"]));
    pass(&url, 86_401);
    let taken = json(&succeeds(path, &stake(&["take", "--json"])));
    assert_eq!(taken["done"][0], "took withdrawal 2 of 0.25 AIUS");
    assert_eq!(taken["staked"], "1750000000000000000");
    assert_eq!(taken["withdrawals"].as_array().unwrap().len(), 0);
}

#[test]
fn what_was_solved_is_claimed_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (_devnet, url) = chain(path);
    let tasks = [submit(path), submit(path)];
    let mut miner = Running::start(path, "miner", &mine(&["--roles", "solve"]));
    miner.until("\"started\"");
    for task in &tasks {
        await_job(path, task, "revealed");
    }
    assert!(miner.interrupt().0.success());
    let claim = |more: &[&str]| on_net(&[&["claim"], more].concat());
    assert_eq!(succeeds(path, &claim(&[])), "nothing can be claimed now\n");
    refused(
        path,
        &claim(&[&tasks[0]]),
        &["cannot be claimed", "contest"],
    );
    pass(&url, 2_001);
    let dry = json(&succeeds(path, &claim(&["--dry-run", "--json"])));
    assert_eq!(dry["claimable"].as_array().unwrap().len(), 2);
    assert_eq!(dry["claimed"].as_array().unwrap().len(), 0);
    succeeds(path, &claim(&[&tasks[0]]));
    refused(path, &claim(&[&tasks[0]]), &["claimed already"]);
    let rest = succeeds(path, &claim(&["--withdraw", "--json"]));
    snapshot::matches("claim", &rest);
    assert_eq!(json(&rest)["claimed"][0]["task"], tasks[1].as_str());
}

#[test]
fn a_wrong_solution_is_contested_voted_down_and_settled_by_hand() {
    use alloy_primitives::B256;
    use arbius_sdk::chain::Lane;
    use arbius_sdk::client::Validator;
    use arbius_sdk::deploy::Deployment;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (_devnet, url) = chain(path);
    for account in ["5", "6", "7"] {
        let deposit = ["stake", "deposit", "2", "--account", account];
        succeeds(path, &on_net(&deposit));
    }
    pass(&url, 200);
    let task = submit(path);
    let act = |command: &str, account: &str, more: &[&str]| {
        let args = [&[command, &task, "--account", account], more].concat();
        on_net(&args)
    };
    let refused = |args: &[String], says: &[&str]| refused(path, args, says);
    refused(&act("contest", "6", &[]), &["has no solution"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let deployment = Deployment::load(&path.join("net.json")).unwrap();
        let cheat = deployment.accounts[5].signer().unwrap();
        let lane = Lane::new(deployment.connect().await.unwrap(), cheat);
        let cheat = Validator::new(lane, deployment.engine().unwrap());
        let (task, lie) = (task.parse().unwrap(), B256::repeat_byte(0xbd));
        cheat.commit(task, lie).await.unwrap();
        cheat.reveal(task, lie).await.unwrap();
    });
    refused(&act("vote", "7", &["yes"]), &["is not contested"]);
    refused(&act("settle", "7", &[]), &["is not contested"]);
    refused(&act("contest", "5", &[]), &["its own solution"]);
    let dry = succeeds(path, &act("contest", "6", &["--dry-run"]));
    assert!(
        dry.contains("0.125 AIUS of the 2 AIUS") && dry.contains("another output"),
        "{dry}"
    );
    assert!(dry.ends_with("nothing was sent\n"), "{dry}");
    let contested = succeeds(path, &act("contest", "6", &["--json"]));
    snapshot::matches("contest", &contested);
    refused(&act("contest", "7", &[]), &["contested"]);
    refused(&act("vote", "6", &["yes"]), &["votes once"]);
    refused(&act("vote", "8", &["yes"]), &["only validators vote"]);
    let voted = succeeds(path, &act("vote", "7", &["--recompute", "--json"]));
    snapshot::matches("vote", &voted);
    let shown = succeeds(path, &on_net(&["tasks", "show", &task]));
    assert!(
        shown.contains("contested") && shown.contains("0.125 AIUS a vote"),
        "{shown}"
    );
    refused(&act("settle", "7", &[]), &["the vote on task", "ends at"]);
    pass(&url, 4_001);
    let settled = succeeds(path, &act("settle", "7", &["--json"]));
    snapshot::matches("settle", &settled);
    assert_eq!(json(&settled)["status"], "rejected");

    // A right solution is not contested, whoever asks for it.
    let right = submit(path);
    let mut miner = Running::start(path, "miner", &mine(&["--roles", "solve"]));
    miner.until("\"started\"");
    await_job(path, &right, "revealed");
    let contest = on_net(&["contest", &right, "--account", "6"]);
    let output = arbius(path, &contest);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.contains("gives the same output"), "{errors}");
}

#[test]
fn a_shadow_miner_sends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (_devnet, url) = chain(path);
    let task = submit(path);
    let mut miner = Running::start(path, "miner", &mine(&["--shadow", "--account", "6"]));
    let started = miner.until("\"started\"");
    let started = json(started.lines().next().unwrap());
    assert_eq!(started["shadow"], true);
    miner.until("shadow: ");
    let count = format!("[{},\"latest\"]", started["account"]);
    assert!(rpc(&url, "eth_getTransactionCount", &count).contains("\"0x0\""));
    let shown = arbius(path, &on_net(&["status"]));
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("shadow, "), "{shown}");
    let job = succeeds(path, &["jobs", &task]);
    assert!(job.contains("shadow"), "{job}");
}

#[test]
fn wrong_usage_of_an_operators_commands_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let id = format!("0x{}", "1".repeat(64));
    for (args, says) in [
        (vec!["jobs", "--state", "gone"], "`gone` is no state"),
        (vec!["jobs", "--since", "soon"], "such as 90s or 2h"),
        (vec!["jobs", "0x12"], "64 hexadecimal digits"),
        (vec!["tasks", "--status", "lost"], "open, solved, contested"),
        (vec!["vote", &id], "required"),
        (vec!["vote", &id, "maybe"], "vote yes"),
        (
            vec!["vote", &id, "yes", "--recompute"],
            "cannot be used with",
        ),
        (vec!["stake", "deposit", "-1"], "amount of AIUS"),
        (vec!["mine", "--roles", "solve,win"], "`win` is no role"),
        (vec!["mine", "--max-disk", "lots"], "such as 20G"),
        (vec!["mine", "--verify-share", "101"], "from 0 to 100"),
        (vec!["mine", "--log-format", "xml"], "possible values"),
        (vec!["store", "backup"], "<FILE>"),
    ] {
        let output = arbius(path, &args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {errors}");
        assert!(errors.contains(says), "{args:?}: no `{says}` in {errors}");
    }
    for args in [
        &["status"][..],
        &["jobs"],
        &["store", "check"],
        &["store", "backup", "x"],
    ] {
        refused(
            path,
            args,
            &["no store of a miner in arbius-miner", "--folder"],
        );
    }
    std::fs::write(path.join("picture"), "not a backup").unwrap();
    refused(
        path,
        &["store", "restore", "picture"],
        &["picture is no backup"],
    );
    refused(
        path,
        &["store", "check", "nowhere"],
        &["nowhere cannot be read"],
    );
    assert!(!path.join("arbius-miner").exists());
}

#[test]
fn every_command_shows_an_example() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        &["mine"][..],
        &["status"],
        &["jobs"],
        &["tasks"],
        &["tasks", "show"],
        &["stake"],
        &["stake", "deposit"],
        &["claim"],
        &["contest"],
        &["vote"],
        &["settle"],
        &["store", "backup"],
        &["store", "restore"],
        &["store", "check"],
    ] {
        let help = succeeds(folder.path(), &[command, &["--help"]].concat());
        assert!(help.contains("Example"), "{command:?}: {help}");
        assert!(
            help.contains(&format!("arbius {}", command[0])),
            "{command:?}"
        );
    }
}
