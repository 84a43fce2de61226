//! Models in containers, on Cog servers: one that is played here, and real ones that the
//! command starts as its children.
//!
//! The real ones need a Python with the package cog, named by `ARBIUS_COG_PYTHON`
//! (`.ci/install-cog` makes one and prints its path). Without it those tests are skipped,
//! unless `ARBIUS_REQUIRE` names `cog`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::program::{Running, arbius, devnet, json, succeeds};
#[cfg(target_os = "linux")]
use crate::{parts::part, program::PATIENCE};

/// A folder `parrot` with the template and the source of a model in a container.
fn parrot(folder: &Path) -> PathBuf {
    let model = folder.join("parrot");
    std::fs::create_dir(&model).unwrap();
    let image = format!("r8.im/somebody/parrot@sha256:{}", "0".repeat(64));
    let template = serde_json::json!({
        "meta": {"title": "Parrot", "docker": image},
        "input": [{"variable": "prompt", "type": "string", "required": true, "default": ""}],
        "output": [{"filename": "out-1.txt", "type": "text"}]
    });
    let source = serde_json::json!({
        "name": "parrot",
        "license": "MIT",
        "class": {
            "kind": "pinned", "runtime": "cog", "version": "0.14.12", "provider": "cpu",
            "threads": 1, "optimisation": "all"
        },
        "pipeline": {"kind": "cog", "image": image},
        "files": [],
        "examples": [{"input": {"prompt": "polly"}, "seed": 1}]
    });
    std::fs::write(model.join("template.json"), template.to_string()).unwrap();
    std::fs::write(model.join("source.json"), source.to_string()).unwrap();
    model
}

/// A server that answers as Cog does: with the prompt as a file.
fn container() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let (mut line, mut length) = (String::new(), 0);
            let _ = reader.read_line(&mut line);
            let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
            loop {
                line.clear();
                if reader.read_line(&mut line).unwrap_or(0) <= 2 {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                }
            }
            let mut body = vec![0; length];
            let _ = reader.read_exact(&mut body);
            let body = match path.as_str() {
                "/" => serde_json::json!({"cog_version": "0.14.12"}),
                "/predictions" => {
                    let request: Value = serde_json::from_slice(&body).unwrap();
                    let said = request["input"]["prompt"].as_str().unwrap();
                    serde_json::json!({"status": "succeeded", "output": said})
                }
                _ => serde_json::json!({"status": "READY"}),
            };
            let body = body.to_string();
            let _ = write!(
                reader.into_inner(),
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}

#[test]
fn a_model_in_a_container_is_packed_certified_registered_and_mined() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    parrot(path);
    let url = container();
    succeeds(path, &["model", "pack", "parrot", "--cog", &url]);
    let text = succeeds(path, &["model", "certify", "parrot", "--cog", &url]);
    assert!(
        text.contains("certified: parrot gave 2 golden outputs"),
        "{text}"
    );
    // Without the server this machine cannot say.
    let output = arbius(path, &["model", "certify", "parrot"]);
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("cannot say") && errors.contains("cog 0.14.12"),
        "{errors}"
    );

    let _devnet = devnet(path);
    let register = [
        "model",
        "register",
        "parrot",
        "--cog",
        &url,
        "--deployment",
        "net.json",
        "--json",
    ];
    let registered = json(&succeeds(path, &register));
    let id = registered["id"].as_str().unwrap();
    let cog = format!("parrot={url}");
    let args = [
        "mine",
        "--deployment",
        "net.json",
        "--gateway",
        "127.0.0.1:0",
        "--model",
        id,
        "--bundle",
        "parrot",
        "--cog",
        &cog,
        "--json",
    ];
    let mut miner = Running::start(path, "miner", &args);
    let started = miner.until("\"started\"");
    let gateway = json(started.lines().next().unwrap())["gateway"].clone();
    let submit = [
        "submit",
        "hello",
        "--model",
        id,
        "--deployment",
        "net.json",
        "--wait",
        "--gateway",
        gateway.as_str().unwrap(),
        "--out",
        "said.txt",
    ];
    succeeds(path, &submit);
    assert_eq!(
        std::fs::read_to_string(path.join("said.txt")).unwrap(),
        "hello"
    );
}

/// A Python with the package cog, or `None` where the test may be skipped.
#[cfg(target_os = "linux")]
fn python() -> Option<String> {
    let python = part("cog", "ARBIUS_COG_PYTHON")?;
    Some(python.into_string().unwrap())
}

/// The processes that work in a folder, as the system lists them.
#[cfg(target_os = "linux")]
fn processes_in(folder: &Path) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter(|process| {
        let folder_of = std::fs::read_link(process.path().join("cwd"));
        folder_of.is_ok_and(|cwd| cwd == folder)
    })
    .map(|process| process.file_name().to_string_lossy().into_owned())
    .collect()
}

#[cfg(target_os = "linux")]
fn until_nothing_runs_in(folder: &Path) {
    let started = Instant::now();
    while !processes_in(folder).is_empty() {
        assert!(started.elapsed() < PATIENCE, "{:?}", processes_in(folder));
        sleep(Duration::from_millis(100));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_cog_server_is_started_as_a_child_replaced_when_it_dies_and_gone_with_its_miner() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    let path = path.as_path();
    let model = parrot(path);
    for name in ["cog.yaml", "predict.py"] {
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/tests/cog");
        std::fs::copy(ours.join(name), model.join(name)).unwrap();
    }
    let python = ["--cog-python", python.as_str()];
    let run = |args: &[&str]| succeeds(path, &[args, &python].concat());
    run(&["model", "pack", "parrot", "--cog", "parrot"]);
    let text = run(&["model", "certify", "parrot", "--cog", "parrot"]);
    assert!(text.contains("certified: parrot gave 2 golden"), "{text}");
    let text = run(&["doctor", "--bundle", "parrot", "--cog", "parrot=parrot"]);
    let expected = "may be mined here, on a Cog server started in parrot";
    assert!(text.contains(expected), "{text}");
    until_nothing_runs_in(&model);

    // What a process of the server may map is not enough for Python to start.
    let short = ["--cog-memory", "16M", "--cog-python", python[1]];
    let certify = ["model", "certify", "parrot", "--cog", "parrot"];
    let output = arbius(path, &[&certify[..], &short].concat());
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("the Cog server ended"), "{errors}");

    let _devnet = devnet(path);
    let here = ["--deployment", "net.json"];
    let register = ["model", "register", "parrot", "--cog", "parrot", "--json"];
    let registered = json(&run(&[&register[..], &here].concat()));
    let id = registered["id"].as_str().unwrap();
    let mine = |name| {
        let args = ["mine", "--gateway", "127.0.0.1:0", "--model", id, "--json"];
        let cog = ["--bundle", "parrot", "--cog", "parrot=parrot"];
        let args = [&args[..], &cog, &python, &here].concat();
        let mut miner = Running::start(path, name, &args);
        let started = miner.until("\"started\"");
        let gateway = json(started.lines().next().unwrap())["gateway"].clone();
        (miner, gateway.as_str().unwrap().to_owned())
    };
    let says = |what, gateway: &str| {
        let args = ["submit", what, "--model", id, "--wait", "--out", "said.txt"];
        succeeds(path, &[&args[..], &here, &["--gateway", gateway]].concat());
        let said = std::fs::read_to_string(path.join("said.txt")).unwrap();
        assert!(said.starts_with(&format!("{what} 20 ")), "{said}");
    };
    let kill = |processes: &[String]| {
        let kill = std::process::Command::new("kill")
            .arg("-KILL")
            .args(processes)
            .status();
        assert!(kill.unwrap().success());
    };
    let (miner, gateway) = mine("first");
    says("hello", &gateway);
    kill(&processes_in(&model));
    says("again", &gateway);
    assert!(!processes_in(&model).is_empty());
    let (status, _) = miner.interrupt();
    assert!(status.success());
    until_nothing_runs_in(&model);
    // A miner that is killed cannot end its server; the system does.
    let (miner, gateway) = mine("second");
    says("still", &gateway);
    kill(&[miner.id().to_string()]);
    until_nothing_runs_in(&model);

    // Who disputes by hand computes with the same server.
    let list = ["tasks", "--status", "solved", "--json"];
    let solved = json(&succeeds(path, &[&list[..], &here].concat()));
    let task = solved["tasks"][0]["id"].as_str().unwrap();
    let contest = ["contest", task, "--bundle", "parrot", "--account", "8"];
    let contest = [&contest[..], &here].concat();
    for (more, says) in [
        (&[][..], "this machine cannot say"),
        (&["--cog", "parrot=parrot"], "gives the same output"),
        (&["--cog", "parakeet=parrot"], "not among the models here"),
    ] {
        let output = arbius(path, &[&contest[..], more, &python].concat());
        assert_eq!(output.status.code(), Some(1));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains(says), "{errors}");
    }
}
