//! `cargo xtask contracts --check`: are the artifacts what the sources compile to?
//!
//! Hashes and files are compared always. Bytes are compared only under the toolchain that
//! the manifest names, since another compiles to other bytes; under another the contracts
//! are rebuilt, must keep within the limits, and go through the tests on the local chain.

use std::process::Command;

use eyre::{bail, ensure};

use crate::{
    contracts::{
        artifact::Artifact,
        artifacts,
        manifest::{Entry, Manifest},
        pack::check_limits,
        source_hash::source_hash,
        spec::{CONTRACTS, Contract},
        table, toolchain,
    },
    process, workspace,
};

/// Names the folder that `arbius-artifacts` embeds instead of its own.
const ARTIFACTS_VARIABLE: &str = "ARBIUS_ARTIFACTS";

/// The tests that run the artifacts on the local chain.
const CHAIN_TESTS: &[&str] = &[
    "activation",
    "collection",
    "composition",
    "contracts",
    "deployment",
    "embedded",
    "engine",
    "governance",
    "lifecycle",
    "onchain",
    "solvency",
    "transactions",
    "vectors",
];

/// Checks the artifacts of `contracts`.
pub(crate) fn check(contracts: &[&Contract]) -> eyre::Result<()> {
    let folder = artifacts();
    let manifest = Manifest::read(&folder)?;
    let known = described(contracts, &manifest)?;

    let mut stale = Vec::new();
    for (contract, entry) in &known {
        if source_hash(contract)? != entry.source_hash {
            stale.push(contract.name);
        }
        Artifact::read(contract, &folder, entry)?;
        check_limits(contract.name, entry.raw, entry.fragments)?;
    }
    if !stale.is_empty() {
        bail!(
            "the sources of {} changed after the artifacts were built: run `cargo xtask \
             contracts {}` and commit artifacts/",
            stale.join(" and "),
            stale.join(" ")
        );
    }

    let toolchain = toolchain::find(manifest.toolchain())?;
    let (same, other): (Vec<_>, Vec<_>) = known
        .into_iter()
        .partition(|(_, entry)| entry.toolchain == toolchain.version);
    for (contract, entry) in &same {
        let rebuilt = Artifact::build(contract, &toolchain)?.entry;
        ensure!(
            rebuilt == **entry,
            "{name} compiles to other bytes here ({} instead of {}) although sources and \
             toolchain are the same: run `cargo xtask contracts {name}` and look for what \
             depends on this machine",
            rebuilt.sha256,
            entry.sha256,
            name = contract.name
        );
    }
    if !same.is_empty() {
        println!("What the sources compile to: {}.", names(&same));
    }
    if !other.is_empty() {
        println!(
            "Built with another toolchain than the {} here, so a rebuild is tested: {}.",
            toolchain.version,
            names(&other)
        );
        let contracts: Vec<_> = other.iter().map(|(contract, _)| *contract).collect();
        try_rebuild(&contracts, &toolchain)?;
    }
    Ok(())
}

/// Each contract with its entry in the manifest.
fn described<'a>(
    contracts: &[&'a Contract],
    manifest: &'a Manifest,
) -> eyre::Result<Vec<(&'a Contract, &'a Entry)>> {
    contracts
        .iter()
        .map(|contract| {
            let entry = manifest.get(contract.name).ok_or_else(|| {
                eyre::eyre!(
                    "artifacts/manifest.json has no {name}: run `cargo xtask contracts {name}`",
                    name = contract.name
                )
            })?;
            Ok((*contract, entry))
        })
        .collect()
}

fn names(known: &[(&Contract, &Entry)]) -> String {
    let names: Vec<_> = known.iter().map(|(contract, _)| contract.name).collect();
    names.join(", ")
}

/// Rebuilds `contracts` into a folder of their own, checks the limits, and runs the tests
/// on the local chain with them in the place of the stored ones.
fn try_rebuild(contracts: &[&Contract], toolchain: &toolchain::Toolchain) -> eyre::Result<()> {
    let folder = workspace::target_dir().join("contracts/rebuilt");
    let stored = artifacts();
    let mut manifest = Manifest::read(&stored)?;
    let mut rebuilt = Vec::new();
    for contract in CONTRACTS {
        if let Some(entry) = manifest.get(contract.name) {
            Artifact::read(contract, &stored, entry)?.write(&folder)?;
        }
    }
    for contract in contracts {
        let artifact = Artifact::build(contract, toolchain)?;
        artifact.write(&folder)?;
        rebuilt.push(artifact.entry);
    }
    print!("{}", table::render(&rebuilt.iter().collect::<Vec<_>>()));
    for entry in &rebuilt {
        check_limits(&entry.name, entry.raw, entry.fragments)?;
    }
    let known: Vec<_> = CONTRACTS.iter().map(|contract| contract.name).collect();
    manifest.update(rebuilt, &known);
    manifest.write(&folder)?;

    let mut tests = Command::new(workspace::cargo());
    tests
        .current_dir(workspace::root())
        .env(ARTIFACTS_VARIABLE, &folder)
        // Of the whole workspace, as whoever tests it builds it: fewer packages would need
        // fewer features of what they depend on, and another build of all that.
        .args(["test", "--workspace"]);
    for test in CHAIN_TESTS {
        tests.args(["--test", test]);
    }
    process::run(&mut tests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_of_rebuilt_contracts_are_there() {
        for test in CHAIN_TESTS {
            let found = ["artifacts", "testkit", "examples"].iter().any(|package| {
                let tests = workspace::root().join(package).join("tests");
                tests.join(test).join("main.rs").is_file()
                    || tests.join(format!("{test}.rs")).is_file()
            });
            assert!(found, "there is no test {test}");
        }
    }

    #[test]
    fn says_how_to_build_a_contract_that_has_no_artifact() {
        let contracts: Vec<_> = CONTRACTS.iter().take(1).collect();
        let error = described(&contracts, &Manifest::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains("cargo xtask contracts proxy"), "{error}");
    }
}
