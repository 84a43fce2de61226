//! Proposals as files have them: what they say is what is encoded, and mistakes are named.

use std::{collections::BTreeMap, fs, path::PathBuf};

use alloy_primitives::{Address, U256, address};
use alloy_sol_types::SolCall;
use arbius_sdk::{
    content::unixfs,
    contracts::{IEngine, IProxy, IToken},
    deploy::Deployment,
    gov::{Action, Contracts, Draft},
};

const ENGINE: Address = address!("00000000000000000000000000000000000000e1");
const TOKEN: Address = address!("00000000000000000000000000000000000000a1");
const OTHER: Address = address!("90f79bf6eb2c4f870365e785982e1f101e93b906");

fn contracts() -> Contracts {
    let named = [
        ("engine", ENGINE),
        ("engine-implementation", OTHER),
        ("token", TOKEN),
    ];
    let named = named.map(|(name, address)| (name.to_owned(), address));
    Contracts::of(&Deployment {
        chain_id: 412_346,
        rpc: "http://127.0.0.1:8547".to_owned(),
        fallbacks: Vec::new(),
        block: 0,
        contracts: BTreeMap::from(named),
        accounts: Vec::new(),
    })
}

/// A file with this text, in a folder of its own.
fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn draft(text: &str) -> Result<Draft, String> {
    let (_folder, path) = file("proposal.toml", text);
    Draft::read(&path, &contracts()).map_err(|error| error.to_string())
}

#[test]
fn actions_are_encoded_by_the_types_of_their_functions() {
    let draft = draft(
        r##"
description = """
# Three things

And why.
"""

[[actions]]
target = "engine"
function = "setSolutionFeePercentage"
arguments = ["0.05 ether"]

[[actions]]
target = "token"
function = "transfer(address,uint256)"
arguments = ["engine", "1000.5 AIUS"]

[[actions]]
target = "engine"
function = "setPaused"
arguments = [true]

[[actions]]
target = "engine"
function = "upgradeToAndCall"
arguments = ["0x90F79bf6EB2c4f870365E785982E1f101E93b906", "0x"]

[[actions]]
target = "0x90f79bf6eb2c4f870365e785982e1f101e93b906"
value = "0.5 ether"

[[actions]]
target = "0x90f79bf6eb2c4f870365e785982e1f101e93b906"
function = "mark((address,uint64[2])[],string)"
arguments = [[["token", [1, 2]], ["engine", [3, 4]]], "a, b"]
"##,
    )
    .unwrap();
    assert_eq!(draft.description, "# Three things\n\nAnd why.");
    assert_eq!(draft.cid(), unixfs::cid_of(draft.description.as_bytes()));
    let fee = U256::from(50_000_000_000_000_000_u64);
    let fee = IEngine::setSolutionFeePercentageCall { percentage: fee };
    let transfer = IToken::transferCall {
        to: ENGINE,
        value: U256::from(1_000_500_000_000_000_000_000_u128),
    };
    let pause = IEngine::setPausedCall { paused: true };
    let upgrade = IProxy::upgradeToAndCallCall {
        newImplementation: OTHER,
        data: Vec::new().into(),
    };
    let call = |target, data: Vec<u8>| Action {
        target,
        value: U256::ZERO,
        data: data.into(),
    };
    assert_eq!(
        draft.actions[..4],
        [
            call(ENGINE, fee.abi_encode()),
            call(TOKEN, transfer.abi_encode()),
            call(ENGINE, pause.abi_encode()),
            call(ENGINE, upgrade.abi_encode()),
        ]
    );
    let half = U256::from(500_000_000_000_000_000_u64);
    assert_eq!(
        (draft.actions[4].value, draft.actions[4].data.len()),
        (half, 0)
    );
    let words: Vec<_> = draft
        .decoded()
        .iter()
        .map(|decoded| {
            let values = decoded
                .arguments
                .iter()
                .map(|argument| argument.value.clone());
            (
                decoded.function.as_deref(),
                values.collect::<Vec<_>>().join(" | "),
            )
        })
        .collect();
    let expected = [
        (
            Some("setSolutionFeePercentage(uint256)"),
            "50000000000000000 (0.05 × 10^18)".to_owned(),
        ),
        (
            Some("transfer(address,uint256)"),
            format!("{ENGINE} (engine) | 1000500000000000000000 (1000.5 × 10^18)"),
        ),
        (Some("setPaused(bool)"), "true".to_owned()),
        (
            Some("upgradeToAndCall(address,bytes)"),
            format!("{OTHER} | 0x"),
        ),
        (None, String::new()),
        (
            Some("mark((address,uint64[2])[],string)"),
            format!("[({TOKEN} (token), [1, 2]), ({ENGINE} (engine), [3, 4])] | \"a, b\""),
        ),
    ];
    assert_eq!(words, expected);
    // Of a stranger's contract nobody knows the function that was voted on.
    assert_eq!(draft.actions[5].decode(&contracts()).function, None);
}

#[test]
fn json_says_the_same_and_the_description_may_lie_beside() {
    let (folder, path) = file(
        "proposal.json",
        r#"{
            "description-file": "why.md",
            "actions": [{ "target": "engine", "function": "setPaused(bool)", "arguments": ["true"] }]
        }"#,
    );
    fs::write(folder.path().join("why.md"), "Because.\n").unwrap();
    let from_json = Draft::read(&path, &contracts()).unwrap();
    let from_toml = draft(
        "description = \"Because.\"\n[[actions]]\ntarget = \"engine\"\nfunction = \"setPaused\"\n\
         arguments = [true]",
    );
    assert_eq!(Ok(from_json), from_toml);
}

#[test]
fn mistakes_name_the_action_and_the_argument() {
    let one = |action: &str| draft(&format!("description = \"x\"\n[[actions]]\n{action}"));
    for (action, says) in [
        (
            "target = \"engin\"",
            &["action 1", "`engin`", "engine, token"][..],
        ),
        (
            "target = \"engine\"\nfunction = \"setSolutionFee\"\narguments = [1]",
            &[
                "no function `setSolutionFee`",
                "setSolutionFeePercentage(uint256)",
            ],
        ),
        (
            "target = \"token\"\nfunction = \"balanceOf\"\narguments = [\"engine\"]",
            &["only reads"],
        ),
        (
            "target = \"engine\"\nfunction = \"setPaused\"",
            &["`setPaused(bool)` takes 1 arguments, and 0 are given"],
        ),
        (
            "target = \"engine\"\nfunction = \"setPaused\"\narguments = [1]",
            &["action 1, argument 1 (`paused`)", "`1` is no bool"],
        ),
        (
            "target = \"token\"\nfunction = \"transfer\"\narguments = [\"engine\", 0.5]",
            &["argument 2", "AIUS"],
        ),
        (
            "target = \"token\"\nfunction = \"transfer\"\narguments = [\"engine\", -5]",
            &["`-5` is no uint256"],
        ),
        (
            "target = \"token\"\nfunction = \"transfer\"\narguments = \
             [\"0x90F79bf6EB2c4f870365E785982E1f101E93b90a\", 5]",
            &["checksum"],
        ),
        (
            "target = \"0x90f79bf6eb2c4f870365e785982e1f101e93b906\"\nfunction = \"poke\"",
            &["`poke` is no signature"],
        ),
        (
            "target = \"token\"",
            &["neither a `function` nor a `value`"],
        ),
        (
            "target = \"token\"\nvalue = \"much\"",
            &["action 1, value", "`much`"],
        ),
        ("target = \"token\"\nfunktion = \"transfer\"", &["funktion"]),
        (
            "target = \"engine\"\nfunction = \"upgradeToAndCall\"\narguments = [\"token\", \"0xz\"]",
            &["argument 2", "bytes"],
        ),
    ] {
        let refused = one(action).unwrap_err();
        for text in says {
            assert!(
                refused.contains(text),
                "{action}: no `{text}` in: {refused}"
            );
        }
    }
    assert!(
        draft("description = \"x\"")
            .unwrap_err()
            .contains("no actions")
    );
    let none = draft("[[actions]]\ntarget = \"token\"\nvalue = 1").unwrap_err();
    assert!(none.contains("`description`"), "{none}");
    let data = format!("0x{}", "00".repeat(25_000));
    let large = one(&format!(
        "target = \"engine\"\nfunction = \"upgradeToAndCall\"\narguments = [\"token\", \"{data}\"]"
    ));
    assert!(large.unwrap_err().contains("do not fit"));
}

#[test]
fn a_description_may_name_who_proposes_it() {
    let draft = draft(&format!(
        "description = \"x\\n#proposer={OTHER}\"\n[[actions]]\ntarget = \"token\"\nvalue = 1"
    ))
    .unwrap();
    assert!(draft.check_proposer(OTHER).is_ok());
    let refused = draft.check_proposer(TOKEN).unwrap_err().to_string();
    assert!(refused.contains("another account"), "{refused}");
}
