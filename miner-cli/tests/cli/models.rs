//! What a model's author and a miner's operator do with models.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::parts::part;
use crate::program::{Running, arbius, command, devnet, json, rpc, succeeds};
use crate::snapshot;

fn digits() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/digits")
}

/// The digits model as its author has it, under another title: another model.
fn source(folder: &Path) {
    for name in ["source.json", "generator.onnx"] {
        std::fs::copy(digits().join(name), folder.join(name)).unwrap();
    }
    let template = std::fs::read_to_string(digits().join("template.json")).unwrap();
    let mut template = json(&template);
    template["meta"]["title"] = "Digits of another author".into();
    template["meta"].as_object_mut().unwrap().remove("bundle");
    std::fs::write(folder.join("template.json"), template.to_string()).unwrap();
}

#[test]
fn a_model_is_packed_certified_registered_and_mined() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let model = path.join("mine");
    std::fs::create_dir(&model).unwrap();
    source(&model);

    snapshot::matches(
        "model_pack",
        &succeeds(path, &["model", "pack", "mine", "--json"]),
    );
    let text = succeeds(path, &["model", "pack", "mine"]);
    assert!(text.starts_with("packed digits: bundle Qm"), "{text}");
    snapshot::matches(
        "model_inspect",
        &succeeds(path, &["model", "inspect", "mine", "--json"]),
    );
    let text = succeeds(path, &["model", "inspect", "mine"]);
    for expected in [
        "Digits of another author",
        "generator.onnx",
        "prompt",
        "integer: ",
    ] {
        assert!(text.contains(expected), "no `{expected}` in\n{text}");
    }

    let _devnet = devnet(path);
    let register = |more: &[&str]| {
        let args = [
            "model",
            "register",
            "mine",
            "--fee",
            "0.5",
            "--deployment",
            "net.json",
        ];
        succeeds(path, &[&args[..], more].concat())
    };
    let registered = register(&["--json"]);
    snapshot::matches("model_register", &registered);
    let id = json(&registered)["id"].as_str().unwrap().to_owned();
    // Again it is the same model.
    let text = register(&[]);
    assert!(text.contains(&id) && text.contains("0.5 AIUS"), "{text}");
    let listed = succeeds(path, &["model", "list", "--deployment", "net.json"]);
    assert!(listed.contains("Digits of another author"), "{listed}");

    let args = [
        "mine",
        "--deployment",
        "net.json",
        "--gateway",
        "127.0.0.1:0",
        "--model",
        &id,
        "--bundle",
        "mine",
        "--json",
    ];
    let mut miner = Running::start(path, "miner", &args);
    miner.until("\"started\"");
    let submit = [
        "submit",
        "six",
        "--model",
        &id,
        "--deployment",
        "net.json",
        "--json",
    ];
    let task = json(&succeeds(path, &submit));
    let task = task["id"].as_str().unwrap();
    miner.until(&format!(
        "\"event\":\"revealed\",\"note\":null,\"task\":\"{task}\""
    ));
    let deployment = json(&std::fs::read_to_string(path.join("net.json")).unwrap());
    let chain = deployment["rpc"].as_str().unwrap();
    rpc(chain, "evm_increaseTime", "[2001]");
    rpc(chain, "evm_mine", "[]");
    miner.until(&format!(
        "\"event\":\"claimed\",\"note\":null,\"task\":\"{task}\""
    ));
}

#[test]
fn a_certificate_names_every_run() {
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "model",
        "certify",
        "digits",
        "--threads",
        "1,2",
        "--repeats",
        "1",
    ];
    let text = succeeds(folder.path(), &args);
    assert!(text.contains("certified: digits"), "{text}");
    assert!(text.contains("in 10 fresh processes"), "{text}");
    let output = succeeds(folder.path(), &[&args[..], &["--json"]].concat());
    let certificate = json(&output);
    assert_eq!(certificate["verdict"], "certified");
    assert_eq!(certificate["runs"].as_array().unwrap().len(), 10);
    snapshot::matches("model_certify", &output);
}

/// The model with a golden that no machine makes.
fn broken(folder: &Path) {
    source(folder);
    let args: [&OsStr; 3] = ["model".as_ref(), "pack".as_ref(), folder.as_ref()];
    succeeds(folder, &args);
    let read = |name: &str| json(&std::fs::read_to_string(folder.join(name)).unwrap());
    let mut passport = read("passport.json");
    let seed = passport["goldens"][1]["seed"].as_u64().unwrap();
    passport["goldens"][1]["seed"] = (seed - 1).into();
    let passport = passport.to_string();
    let cid = |bytes: &[u8]| arbius_sdk::content::unixfs::cid_of(bytes).to_string();
    let mut manifest = read("manifest.json");
    for file in manifest["files"].as_array_mut().unwrap() {
        if file["name"] == "passport.json" {
            file["cid"] = cid(passport.as_bytes()).into();
            file["bytes"] = passport.len().into();
        }
    }
    let manifest = manifest.to_string();
    let mut template = read("template.json");
    template["meta"]["bundle"] = cid(manifest.as_bytes()).into();
    std::fs::write(folder.join("passport.json"), passport).unwrap();
    std::fs::write(folder.join("manifest.json"), manifest).unwrap();
    std::fs::write(folder.join("template.json"), template.to_string()).unwrap();
}

#[test]
fn a_model_that_breaks_its_promise_is_neither_certified_nor_registered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let model = path.join("broken");
    std::fs::create_dir(&model).unwrap();
    broken(&model);
    let output = arbius(
        path,
        &["model", "certify", "broken", "--threads", "1", "--json"],
    );
    assert_eq!(output.status.code(), Some(1));
    let certificate = json(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(certificate["verdict"], "refused");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("golden 1 came out as Qm"), "{errors}");

    let _devnet = devnet(path);
    let args = ["model", "register", "broken", "--deployment", "net.json"];
    let output = arbius(path, &args);
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("is not registered, because"), "{errors}");

    let output = arbius(path, &["doctor", "--bundle", "broken", "--json"]);
    assert!(output.status.success());
    let report = json(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(report["models"][0]["mineable"], true, "{report:#}");
    let ours = report["models"].as_array().unwrap().last().unwrap();
    assert_eq!(ours["mineable"], false, "{report:#}");
    assert!(
        ours["reasons"][0].as_str().unwrap().contains("golden 1"),
        "{report:#}"
    );
}

#[test]
fn the_doctor_says_what_there_is_and_what_would_help() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    snapshot::matches("doctor", &succeeds(path, &["doctor", "--json"]));
    let text = succeeds(
        path,
        &["doctor", "--onnxruntime", "/nowhere/libonnxruntime.so"],
    );
    for expected in [
        "cores",
        "rten",
        "0.27.0",
        "onnxruntime cannot be used: there is no ONNX Runtime library at /nowhere",
        "digits (integer) may be mined here, on rten 0.27.0 on cpu",
    ] {
        assert!(text.contains(expected), "no `{expected}` in\n{text}");
    }
    // Too little memory for the model is said before it is loaded.
    let output = arbius(path, &["doctor", "--worker-memory", "64M"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("MAY NOT") && text.contains("raise --worker-memory"),
        "{text}"
    );
}

#[test]
fn the_doctor_finds_onnx_runtime_where_there_is_one() {
    let Some(library) = part("onnxruntime", "ARBIUS_ONNXRUNTIME") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let args = [
        "model",
        "certify",
        "digits",
        "--threads",
        "1",
        "--repeats",
        "1",
    ];
    let mut certify = command(folder.path(), &args);
    let output = certify
        .env("ARBIUS_ONNXRUNTIME", &library)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("in 10 fresh processes") && text.contains("onnxruntime 1."),
        "{text}"
    );
    let mut doctor = command(folder.path(), &["doctor", "--json"]);
    let output = doctor.env("ARBIUS_ONNXRUNTIME", library).output().unwrap();
    let report = json(&String::from_utf8(output.stdout).unwrap());
    let runtime = &report["runtimes"][1];
    assert_eq!(runtime["name"], "onnxruntime", "{report:#}");
    assert_eq!(runtime["providers"][0], "cpu", "{report:#}");
    assert_eq!(
        report["models"][0]["places"].as_array().unwrap().len(),
        2,
        "{report:#}"
    );
}

#[test]
fn a_miner_whose_runtime_is_missing_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let _devnet = devnet(folder.path());
    let args = [
        "mine",
        "--deployment",
        "net.json",
        "--onnxruntime",
        "/nowhere/libonnxruntime.so",
    ];
    let started = std::time::Instant::now();
    let output = arbius(folder.path(), &args);
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("the runtime onnxruntime cannot be used"),
        "{errors}"
    );
    assert!(started.elapsed() < Duration::from_secs(120));
}
