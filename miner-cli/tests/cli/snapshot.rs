//! Outputs held against committed ones, without what differs from run to run.
//!
//! `ARBIUS_BLESS=1` writes them anew; look at what changed, and raise the schema's number if
//! programs that read the old form cannot read the new one.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Numbers that differ from run to run, by their names.
const VOLATILE: [&str; 36] = [
    "at",
    "attempts",
    "block",
    "blocks",
    "bytes",
    "claim",
    "commit",
    "consecutiveFailures",
    "contestEnd",
    "failures",
    "cores",
    "free",
    "gas",
    "head",
    "headTime",
    "latencyMs",
    "loadMs",
    "memoryAvailableBytes",
    "memoryBytes",
    "meta",
    "opened",
    "pid",
    "read",
    "requests",
    "reveal",
    "revealed",
    "secondsLeft",
    "settle",
    "slowestMs",
    "started",
    "store",
    "submitted",
    "taken",
    "unlock",
    "validatorSince",
    "voteEnd",
];

/// Numbers that are missing where there is no limit, by their names.
const LIMITS: [&str; 3] = ["addressSpace", "openFiles", "processes"];

/// Amounts that differ from run to run, by their names.
const AMOUNTS: [&str; 4] = ["ether", "reward", "rewards", "withdrawn"];

/// Asserts that `output` is one JSON value like the committed one of that name.
#[track_caller]
pub(crate) fn matches(name: &str, output: &str) {
    let mut value: Value =
        serde_json::from_str(output).unwrap_or_else(|error| panic!("{name}: {error} in {output}"));
    normalise("", &mut value);
    let text = format!("{value:#}\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cli/snapshots")
        .join(format!("{name}.json"));
    if std::env::var_os("ARBIUS_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let committed =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(
        text,
        committed,
        "{name} has another form than {}",
        path.display()
    );
}

fn normalise(name: &str, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let inner = fields.iter_mut();
            inner.for_each(|(name, value)| normalise(name, value));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| normalise(name, value)),
        Value::Number(_) | Value::Null if LIMITS.contains(&name) => *value = "<limit>".into(),
        Value::Number(_) if VOLATILE.contains(&name) => *value = "<number>".into(),
        Value::String(text) if AMOUNTS.contains(&name) && text != "0" => {
            *value = "<amount>".into();
        }
        Value::String(text) => *text = words(text),
        _ => {}
    }
}

/// Text with ids, addresses, CIDs and ports by their kind.
fn words(text: &str) -> String {
    let word = |word: &str| match word {
        word if word.starts_with("0x") && word.len() == 66 => "<id>".to_owned(),
        word if word.starts_with("0x") && word.len() == 42 => "<address>".to_owned(),
        word if word.starts_with("Qm") && word.len() == 46 => "<cid>".to_owned(),
        word if word.starts_with("http://127.0.0.1:") => "http://127.0.0.1:<port>".to_owned(),
        word => word.to_owned(),
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
