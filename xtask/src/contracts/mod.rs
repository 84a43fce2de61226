//! `cargo xtask contracts`: from the sources of the contracts to what is deployed.

mod artifact;
mod check;
mod compile;
mod manifest;
mod pack;
mod rooms;
mod source_hash;
mod spec;
mod table;
mod toolchain;
mod wasm;

use std::path::PathBuf;

use eyre::{bail, eyre};

use crate::{
    contracts::{
        artifact::Artifact,
        manifest::Manifest,
        pack::check_limits,
        spec::{CONTRACTS, Contract},
        toolchain::Toolchain,
    },
    workspace,
};

/// Options of `cargo xtask contracts`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The contracts to build or check; all of them if none is named.
    names: Vec<String>,
    /// Writes nothing: fails unless the artifacts are what the sources compile to.
    #[arg(long, conflicts_with_all = ["install", "lint", "rooms"])]
    check: bool,
    /// Builds nothing: reads the code with clippy as each contract is built, for wasm32 and
    /// with its own features.
    #[arg(long, conflicts_with_all = ["install", "rooms"])]
    lint: bool,
    /// Measures what each module of the engine costs, and writes the table of its README.
    #[arg(long, conflicts_with_all = ["install", "names"])]
    rooms: bool,
    /// Builds nothing: gets a toolchain that can build contracts, unless there is one.
    #[arg(long, conflicts_with = "names")]
    install: bool,
}

/// Builds, checks, or gets what it takes to build.
pub(crate) fn run(options: &Options) -> eyre::Result<()> {
    let contracts = select(&options.names)?;
    if options.install {
        let manifest = Manifest::read(&artifacts())?;
        let toolchain = toolchain::install(manifest.toolchain())?;
        println!("Contracts can be built with {}.", toolchain.version);
        Ok(())
    } else if options.lint {
        let toolchain = find_toolchain()?;
        contracts
            .iter()
            .try_for_each(|contract| compile::lint(contract, &toolchain))
    } else if options.rooms {
        rooms::run(&contracts, &find_toolchain()?)
    } else if options.check {
        check::check(&contracts)
    } else {
        build(&contracts)
    }
}

/// The contracts called `names`; all if there are none.
fn select(names: &[String]) -> eyre::Result<Vec<&'static Contract>> {
    if names.is_empty() {
        return Ok(CONTRACTS.iter().collect());
    }
    names
        .iter()
        .map(|name| {
            CONTRACTS
                .iter()
                .find(|contract| contract.name == *name)
                .ok_or_else(|| {
                    let known: Vec<_> = CONTRACTS.iter().map(|contract| contract.name).collect();
                    eyre!(
                        "there is no contract {name:?}; there are {}",
                        known.join(", ")
                    )
                })
        })
        .collect()
}

/// The toolchain that the artifacts were built with, or else another that builds contracts.
fn find_toolchain() -> eyre::Result<Toolchain> {
    let manifest = Manifest::read(&artifacts())?;
    Ok(toolchain::find(manifest.toolchain())?)
}

/// Builds `contracts`, writes their artifacts and prints their sizes.
fn build(contracts: &[&Contract]) -> eyre::Result<()> {
    let toolchain = find_toolchain()?;
    eprintln!("Building with {}.", toolchain.version);
    let folder = artifacts();
    let mut entries = Vec::new();
    for contract in contracts {
        let artifact = Artifact::build(contract, &toolchain)?;
        artifact.write(&folder)?;
        entries.push(artifact.entry);
    }
    print!("{}", table::render(&entries.iter().collect::<Vec<_>>()));

    let over: Vec<_> = entries
        .iter()
        .filter_map(|entry| check_limits(&entry.name, entry.raw, entry.fragments).err())
        .map(|error| error.to_string())
        .collect();
    let known: Vec<_> = CONTRACTS.iter().map(|contract| contract.name).collect();
    let mut manifest = Manifest::read(&folder)?;
    manifest.update(entries, &known);
    manifest.write(&folder)?;
    if !over.is_empty() {
        bail!("{}", over.join("; "));
    }
    Ok(())
}

/// Where the artifacts that are part of the repository lie.
fn artifacts() -> PathBuf {
    workspace::root().join("artifacts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_by_name_or_all() {
        let names = |wanted: &[&str]| -> eyre::Result<Vec<&str>> {
            let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
            Ok(select(&wanted)?
                .iter()
                .map(|contract| contract.name)
                .collect())
        };
        assert_eq!(names(&["token"]).unwrap(), ["token"]);
        assert_eq!(names(&[]).unwrap().len(), CONTRACTS.len());
        let error = names(&["tokn"]).unwrap_err().to_string();
        assert!(
            error.contains("\"tokn\"") && error.contains("proxy, token"),
            "{error}"
        );
    }
}
