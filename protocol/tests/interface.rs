//! The engine's interface keeps what tools of the deployed reference network call, read
//! and decode, and everything in it is documented.

use alloy_sol_types::{SolEventInterface, SolInterface};
use arbius_protocol::interfaces::{
    abi,
    engine::IEngine::{IEngineCalls, IEngineErrors, IEngineEvents},
};
use std::collections::{BTreeMap, BTreeSet};

const REFERENCE: &str = include_str!("data/reference-interface.txt");

/// Every error, event and function of `abi` as the reference's list writes it.
fn lines(abi: &alloy_json_abi::JsonAbi) -> BTreeSet<String> {
    let types = |types: Vec<String>| types.join(",");
    let mut lines = BTreeSet::new();
    for error in abi.errors() {
        lines.insert(format!("error {}", error.signature()));
    }
    for event in abi.events() {
        let inputs = event.inputs.iter().map(|input| {
            let indexed = if input.indexed { " indexed" } else { "" };
            format!("{}{indexed}", input.selector_type())
        });
        lines.insert(format!("event {}({})", event.name, types(inputs.collect())));
    }
    for function in abi.functions() {
        let outputs: Vec<_> = function
            .outputs
            .iter()
            .map(|output| output.selector_type().into_owned())
            .collect();
        let returns = if outputs.is_empty() {
            String::new()
        } else {
            format!(" -> ({})", types(outputs))
        };
        lines.insert(format!("function {}{returns}", function.signature()));
    }
    lines
}

fn reference() -> impl Iterator<Item = &'static str> {
    REFERENCE.lines().filter(|line| !line.starts_with('#'))
}

#[test]
fn the_reference_is_kept_line_by_line() {
    let engine = lines(&abi("engine").expect("the engine has an ABI"));
    // Returned values may be added where the reference returns nothing: callers that
    // expect none do not see them.
    let missing: Vec<_> = reference()
        .filter(|line| {
            let longer = format!("{line} -> ");
            !engine.contains(*line) && !engine.iter().any(|ours| ours.starts_with(&longer))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
    assert_eq!(reference().count(), 175);
}

#[test]
fn selectors_and_topics_of_the_bindings_are_those_of_the_reference() {
    for line in reference() {
        let (kind, rest) = line.split_once(' ').expect("a kind and a signature");
        let signature = rest
            .split(" -> ")
            .next()
            .unwrap_or(rest)
            .replace(" indexed", "");
        let hash = alloy_primitives::keccak256(&signature);
        let selector: [u8; 4] = hash[..4].try_into().expect("four bytes");
        let known = match kind {
            "error" => IEngineErrors::selectors().any(|known| known == selector),
            "function" => IEngineCalls::selectors().any(|known| known == selector),
            "event" => IEngineEvents::SELECTORS.contains(&hash.0),
            other => panic!("{other} is no kind of item"),
        };
        assert!(known, "{line}");
    }
    assert_eq!(
        <IEngineEvents as SolEventInterface>::COUNT,
        IEngineEvents::SELECTORS.len()
    );
}

#[test]
fn every_contract_has_an_abi_and_nothing_else_has() {
    let counts: BTreeMap<_, _> = [
        "engine", "token", "vesting", "governor", "timelock", "proxy",
    ]
    .into_iter()
    .map(|name| (name, abi(name).expect("has an ABI").functions().count()))
    .collect();
    assert!(counts.values().all(|count| *count > 0), "{counts:?}");
    assert_eq!(counts["engine"], <IEngineCalls as SolInterface>::COUNT);
    assert!(abi("anything-else").is_none());
}

#[test]
fn the_governor_has_both_forms_of_the_calls_that_two_standards_name_alike() {
    let abi = abi("governor").expect("the governor has an ABI");
    for name in ["propose", "queue", "execute", "cancel", "castVoteBySig"] {
        assert_eq!(abi.functions[name].len(), 2, "{name}");
    }
}

#[test]
fn failures_of_the_engine_cannot_be_taken_for_one_another() {
    let abi = abi("engine").expect("the engine has an ABI");
    let selectors: BTreeSet<_> = abi.errors().map(|error| error.selector()).collect();
    assert_eq!(selectors.len(), abi.errors().count());
    let topics: BTreeSet<_> = abi.events().map(|event| event.selector()).collect();
    assert_eq!(topics.len(), abi.events().count());
}

#[test]
fn everything_declared_is_documented() {
    let files = [
        ("engine", include_str!("../src/interfaces/engine.rs")),
        ("token", include_str!("../src/interfaces/token.rs")),
        ("vesting", include_str!("../src/interfaces/vesting.rs")),
        ("governor", include_str!("../src/interfaces/governor.rs")),
        ("timelock", include_str!("../src/interfaces/timelock.rs")),
        ("proxy", include_str!("../src/interfaces/proxy.rs")),
        ("consumer", include_str!("../src/interfaces/consumer.rs")),
        ("arbos", include_str!("../src/interfaces/arbos.rs")),
    ];
    for (name, file) in files {
        let mut before = "";
        let mut declared = 0;
        for line in file.lines().map(str::trim) {
            let kinds = ["interface ", "struct ", "error ", "event ", "function "];
            if kinds.iter().any(|kind| line.starts_with(kind)) {
                declared += 1;
                assert!(before.starts_with("///"), "{name}: {line}");
            }
            before = line;
        }
        assert!(declared > 0, "{name} declares something");
    }
}
