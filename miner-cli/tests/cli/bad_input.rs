//! What goes wrong says what was wrong and what would be right, in one line.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::program::{Running, arbius, command, devnet};

const ID: &str = "0x1111111111111111111111111111111111111111111111111111111111111111";

/// Asserts the exit code, that there is one line of error, and what it says.
#[track_caller]
fn fails(output: &Output, code: i32, says: &[&str]) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    if code == 1 {
        let lines: Vec<_> = errors
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert_eq!(lines.len(), 1, "{errors}");
        assert_eq!(errors.lines().last(), lines.first().copied(), "{errors}");
    }
    for text in says {
        assert!(errors.contains(text), "no `{text}` in: {errors}");
    }
    assert!(
        output.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

fn deployment(folder: &Path, change: impl FnOnce(&mut Value)) {
    let address = "0x00000000000000000000000000000000000000e1";
    let mut deployment = json!({
        "chainId": 412_346,
        "rpc": "http://127.0.0.1:1",
        "contracts": { "engine": address, "token": address },
        "accounts": [{ "address": "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A", "key": ID }],
    });
    change(&mut deployment);
    fs::write(folder.join("arbius.json"), deployment.to_string()).unwrap();
}

#[test]
fn wrong_usage_ends_with_2_and_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    for (args, says) in [
        (&["frobnicate"][..], &["frobnicate", "Usage"][..]),
        (&["submit"], &["<PROMPT>"]),
        (
            &["submit", "seven", "--fee", "lots"],
            &["lots", "an amount of AIUS is a number"],
        ),
        (
            &["submit", "seven", "--fee", "0.0000000000000000001"],
            &["at most 18 decimals"],
        ),
        (&["submit", "seven", "--out", "x.png"], &["--wait"]),
        (
            &["submit", "seven", "--wait", "--timeout=-1"],
            &["--timeout"],
        ),
        (
            &["submit", "seven", "--input", "{}"],
            &["cannot be used with"],
        ),
        (
            &["submit", "seven", "--account", "1", "--key-file", "k"],
            &["cannot be used with"],
        ),
        (
            &["submit", "seven", "--keystore", "k", "--key-file", "k"],
            &["cannot be used with"],
        ),
        (
            &["submit", "seven", "--password-file", "p"],
            &["--keystore"],
        ),
        (
            &["task", "show", "0x12"],
            &["0x12", "64 hexadecimal digits"],
        ),
        (
            &["mine", "--gateway", "localhost"],
            &[
                "localhost",
                "--gateway",
                "an address such as 127.0.0.1:8090",
            ],
        ),
        (&["mine", "--workers", "0"], &["--workers", "1 or more"]),
        (
            &["submit", "seven", "--fee", "-1"],
            &["-1", "an amount of AIUS is a number at or above 0"],
        ),
        (&["devnet", "--port", "65536"], &["65536", "--port"]),
    ] {
        fails(&arbius(folder.path(), args), 2, says);
    }
}

#[test]
fn a_deployment_file_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let list = ["model", "list", "--deployment", "some.json"];
    fails(
        &arbius(path, &list),
        1,
        &["some.json", "No such file", "arbius devnet --deployment"],
    );
    for (text, says) in [
        ("", &["some.json", "no deployment file"][..]),
        ("[1]", &["some.json", "chainId"]),
        ("{\"chainId\": 5}", &["some.json", "rpc"]),
        (
            r#"{"chainId": 5, "rpc": "http://a", "contracts": {"engine": "0x12"}}"#,
            &[
                "some.json",
                "`contracts.engine` is `0x12`",
                "40 hexadecimal digits",
            ],
        ),
        (
            r#"{"chainId": 5, "rpc": "http://a", "contracts": {}}"#,
            &["`engine`"],
        ),
    ] {
        fs::write(path.join("some.json"), text).unwrap();
        fails(&arbius(path, &list), 1, says);
    }
}

#[test]
fn an_endpoint_that_does_not_answer_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    deployment(path, |_| ());
    let show = ["task", "show", ID];
    fails(&arbius(path, &show), 1, &["http://127.0.0.1:1", "refused"]);
    let rpc = |url: &str| arbius(path, &["task", "show", ID, "--rpc", url]);
    fails(
        &rpc("nonsense"),
        1,
        &["`nonsense`", "http://127.0.0.1:8545"],
    );
    fails(&rpc("ftp://127.0.0.1"), 1, &["ftp://127.0.0.1"]);
    // Something that answers, but no JSON-RPC.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = std::io::Read::read(&mut stream, &mut [0; 1024]);
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
            let _ = std::io::Write::write_all(&mut stream, answer);
        }
    });
    fails(&rpc(&url), 1, &["eth_chainId"]);
}

#[test]
fn a_key_that_is_none_is_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    deployment(path, |_| ());
    let submit = |more: &[&str]| arbius(path, &[&["submit", "seven"], more].concat());
    fails(&submit(&["--account", "7"]), 1, &["no account 7", "0 to 0"]);
    fails(
        &submit(&["--key-file", "no-key"]),
        1,
        &["no-key", "No such file"],
    );
    fs::write(path.join("bad-key"), "0x1234").unwrap();
    fails(
        &submit(&["--key-file", "bad-key"]),
        1,
        &["bad-key", "64 hexadecimal digits"],
    );
    let output = command(path, &["submit", "seven"])
        .env("ARBIUS_KEY", "secret!")
        .output();
    let output = output.unwrap();
    fails(&output, 1, &["ARBIUS_KEY", "64 hexadecimal digits"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("secret!"));
    let keystore = submit(&["--keystore", "bad-key", "--password-file", "bad-key"]);
    fails(&keystore, 1, &["keystore bad-key", "Web3 Secret Storage"]);
    let keystore = submit(&["--keystore", "bad-key"]);
    fails(&keystore, 1, &["ARBIUS_PASSWORD", "--password-file"]);
    deployment(path, |deployment| deployment["accounts"] = json!([]));
    fails(&submit(&[]), 1, &["no key", "ARBIUS_KEY", "--key-file"]);
    fails(
        &submit(&["--account", "0"]),
        1,
        &["no accounts", "ARBIUS_KEY"],
    );
}

#[test]
fn a_port_in_use_and_a_place_that_is_none_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    fails(
        &arbius(path, &["devnet", "--port", &port]),
        1,
        &[&port, "in use", "or 0"],
    );
    fails(
        &arbius(path, &["devnet", "--deployment", "."]),
        1,
        &["is a folder"],
    );
    fs::write(path.join("file"), "").unwrap();
    fails(
        &arbius(path, &["demo", "--out", "file"]),
        1,
        &["file is a file, not a folder"],
    );
    let wait = ["submit", "seven", "--wait"];
    let out = [&wait[..], &["--out", "file/x.png"]].concat();
    fails(&arbius(path, &out), 1, &["file is a file, not a folder"]);
    let out = [&wait[..], &["--out", "/proc/x.png"]].concat();
    if cfg!(target_os = "linux") {
        fails(&arbius(path, &out), 1, &["cannot write /proc/x.png"]);
    }
    let gateway = [&wait[..], &["--gateway", "ipfs.io"]].concat();
    fails(
        &arbius(path, &gateway),
        1,
        &["`ipfs.io`", "https://ipfs.io"],
    );
}

#[test]
fn a_worker_that_is_started_by_hand_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input");
    fs::write(&input, "hello, are you there? this is no frame at all").unwrap();
    let mut worker = command(folder.path(), &["infer-worker"]);
    let output = worker
        .stdin(fs::File::open(input).unwrap())
        .output()
        .unwrap();
    fails(&output, 1, &["worker"]);
}

#[test]
fn what_the_chain_does_not_know_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let _devnet = devnet(path);
    let on_net = |args: &[&str]| arbius(path, &[args, &["--deployment", "net.json"]].concat());

    fails(&on_net(&["task", "show", ID]), 1, &["no task", ID]);
    let submit = |more: &[&str]| on_net(&[&["submit", "seven"], more].concat());
    fails(
        &submit(&["--model", "letters"]),
        1,
        &["`letters`", "stickers"],
    );
    fails(
        &submit(&["--model", "0x12"]),
        1,
        &["`0x12`", "64 hexadecimal digits"],
    );
    fails(&submit(&["--model", ID]), 1, &["no model", ID]);
    fails(
        &submit(&["--fee", "0.01"]),
        1,
        &["below the model's own fee"],
    );
    fails(
        &submit(&["--fee", "100000"]),
        1,
        &["100000", "send it the difference or offer less"],
    );
    fails(
        &submit(&["--account", "1", "--fee", "200000"]),
        1,
        &["holds"],
    );
    let input = |json: &str| on_net(&["submit", "--input", json]);
    fails(&input("{\"prompt\": 5}"), 1, &["`prompt`", "expects"]);
    fails(&input("{}"), 1, &["`prompt` is missing"]);
    fails(&input("seven"), 1, &["not JSON"]);
    let long = format!("{{\"prompt\": \"{}\"}}", "seven ".repeat(20_000));
    fails(&input(&long), 1, &["65536"]);
    // The task was submitted, which is worth saying, whatever came of it.
    let late = submit(&["--wait", "--timeout", "0.2"]);
    assert!(String::from_utf8_lossy(&late.stdout).starts_with("submitted  task 0x"));
    let late = Output {
        stdout: Vec::new(),
        ..late
    };
    fails(
        &late,
        1,
        &["is still open", "raise its fee if nobody solves it"],
    );

    // The deployment of another chain, and one whose contracts are not there.
    let mut file: Value =
        serde_json::from_str(&fs::read_to_string(path.join("net.json")).unwrap()).unwrap();
    let engine = file["contracts"]["engine"].take();
    file["contracts"]["engine"] = json!("0x00000000000000000000000000000000000000e1");
    fs::write(path.join("arbius.json"), file.to_string()).unwrap();
    let list = ["model", "list"];
    fails(
        &arbius(path, &list),
        1,
        &["no contract", "0x00000000000000000000000000000000000000e1"],
    );
    file["contracts"]["engine"] = engine;
    file["chainId"] = json!(42_161);
    fs::write(path.join("arbius.json"), file.to_string()).unwrap();
    fails(&arbius(path, &list), 1, &["42161", "412346"]);

    mining(path);
}

/// Bundles that are none, and places that others have.
fn mining(path: &Path) {
    let mine = |more: &[&str]| {
        let gateway = [
            "mine",
            "--deployment",
            "net.json",
            "--gateway",
            "127.0.0.1:0",
        ];
        arbius(path, &[&gateway, more].concat())
    };
    fails(
        &mine(&["--bundle", "nowhere"]),
        1,
        &["nowhere is no bundle", "No such file"],
    );
    let digits = arbius_models::digits();
    let bundle = path.join("bundle");
    fs::create_dir(&bundle).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(bundle.join(name), bytes).unwrap();
    write("template.json", b"{\"meta\": 5}");
    write("manifest.json", digits.manifest);
    digits
        .files
        .iter()
        .for_each(|(name, bytes)| write(name, bytes));
    fails(
        &mine(&["--bundle", "bundle"]),
        1,
        &["bundle is no bundle", "meta"],
    );
    write("template.json", digits.template);
    write("generator.onnx", b"this is no ONNX file");
    fails(
        &mine(&["--bundle", "bundle"]),
        1,
        &["bundle is no bundle", "generator.onnx"],
    );
    write("manifest.json", b"{}");
    fails(&mine(&["--bundle", "bundle"]), 1, &["bundle is no bundle"]);

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mine_there = ["mine", "--deployment", "net.json", "--gateway", &address];
    fails(
        &arbius(path, &mine_there),
        1,
        &[&address, "another program has that port"],
    );
    let args = [
        "mine",
        "--deployment",
        "net.json",
        "--gateway",
        "127.0.0.1:0",
    ];
    let mut first = Running::start(path, "first", &args);
    first.until("Ctrl-C");
    fails(&mine(&[]), 1, &["arbius-miner", "another"]);
    drop(first);
    fs::write(path.join("folder"), "").unwrap();
    fails(
        &mine(&["--folder", "folder"]),
        1,
        &["folder is a file, not a folder"],
    );
    fails(
        &mine(&["--account", "2", "--folder", "poor"]),
        1,
        &["validator minimum", "send it"],
    );
}
