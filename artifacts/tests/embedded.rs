//! What is embedded is what the manifest describes, and can be deployed.

use std::{collections::BTreeSet, io::Cursor};

use arbius_artifacts::{
    ALL, Artifact, ENGINE, ENGINE_REST, GOVERNOR, PROXY, TIMELOCK, TOKEN, VESTING, get,
};
use sha2::{Digest as _, Sha256};

/// Prefix of a whole program.
const PROGRAM: [u8; 4] = [0xef, 0xf0, 0x00, 0x00];

/// Prefix of a fragment.
const FRAGMENT: [u8; 3] = [0xef, 0xf0, 0x01];

/// Bytes of code that an account can hold (EIP-170).
const MAX_CODE: usize = 24_576;

fn wasm(artifact: &Artifact) -> Vec<u8> {
    let compressed: Vec<u8> = match artifact.code {
        [whole] => whole
            .strip_prefix(&PROGRAM)
            .expect("a program's prefix")
            .to_vec(),
        fragments => fragments
            .iter()
            .flat_map(|one| one.strip_prefix(&FRAGMENT).expect("a fragment's prefix"))
            .copied()
            .collect(),
    };
    let mut wasm = Vec::new();
    brotli::BrotliDecompress(&mut Cursor::new(compressed), &mut wasm).expect("sound brotli");
    wasm
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn holds_the_contracts_of_the_protocol_once_each() {
    let names: BTreeSet<_> = ALL.iter().map(|artifact| artifact.name).collect();
    assert_eq!(names.len(), ALL.len());
    for name in [
        ENGINE,
        ENGINE_REST,
        GOVERNOR,
        PROXY,
        TIMELOCK,
        TOKEN,
        VESTING,
    ] {
        assert_eq!(get(name).map(|artifact| artifact.name), Some(name));
    }
    assert_eq!(get("no such contract"), None);
}

#[cfg(feature = "examples")]
#[test]
fn holds_the_examples_where_they_are_wanted() {
    use arbius_artifacts::examples::{COLLECTION, COMPETITION, COMPOSITION, REQUESTER, WORKLOG};

    for name in [COLLECTION, COMPETITION, COMPOSITION, REQUESTER, WORKLOG] {
        let artifact = get(name).expect("it is embedded");
        assert!(artifact.abi.contains(r#""type": "function""#), "{name}");
    }
}

#[cfg(not(feature = "examples"))]
#[test]
fn holds_no_examples_where_they_are_not_wanted() {
    assert_eq!(get("requester"), None);
}

#[test]
fn code_decompresses_to_the_wasm_that_the_manifest_names() {
    for artifact in ALL {
        let wasm = wasm(artifact);
        assert!(wasm.starts_with(b"\0asm"), "{}", artifact.name);
        assert_eq!(wasm.len(), artifact.raw_len as usize, "{}", artifact.name);
        assert_eq!(
            hex(&Sha256::digest(&wasm)),
            artifact.sha256,
            "{}",
            artifact.name
        );
    }
}

#[test]
fn code_fits_into_accounts_and_all_fragments_but_the_last_are_full() {
    for artifact in ALL {
        let (last, full) = artifact.code.split_last().expect("some code");
        assert!(last.len() <= MAX_CODE && last.len() > PROGRAM.len());
        assert!(
            full.iter().all(|one| one.len() == MAX_CODE),
            "{}",
            artifact.name
        );
        assert!(artifact.code.len() <= 2, "{}", artifact.name);
    }
}

#[test]
fn names_what_it_was_built_from() {
    for artifact in ALL {
        assert_eq!(artifact.source_hash.len(), 64, "{}", artifact.name);
        assert!(
            artifact.toolchain.starts_with("rustc "),
            "{}",
            artifact.toolchain
        );
    }
}

#[test]
fn abi_lists_the_functions_of_the_contract() {
    let functions = |name: &str| -> BTreeSet<String> {
        let artifact = get(name).expect("it is embedded");
        let abi: serde_json::Value = serde_json::from_str(artifact.abi).expect("sound JSON");
        abi.as_array()
            .expect("a list")
            .iter()
            .filter(|item| item["type"] == "function")
            .map(|item| item["name"].as_str().expect("a name").to_owned())
            .collect()
    };
    assert!(functions(TOKEN).contains("transferFrom"));
    assert!(functions(VESTING).contains("releasable"));
    assert!(functions(PROXY).contains("upgradeToAndCall"));
    assert!(functions(ENGINE).contains("submitTask"));
    assert_eq!(functions(ENGINE), functions(ENGINE_REST));
}
