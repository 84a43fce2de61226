//! `cargo xtask solidity`: the interfaces for contracts that are written in Solidity.
//!
//! The `sol!` definitions are where functions, events and errors are declared and
//! described. The npm package `examples/solidity` has the same as Solidity sources, an
//! interface a file, with the descriptions as NatSpec.
//!
//! - [`source`] reads the Rust sources;
//! - [`print`] writes an interface, [`natspec`] its descriptions, [`status`] the constants.

mod natspec;
mod print;
mod source;
mod status;

use std::{collections::BTreeMap, fs, path::PathBuf};

use eyre::{Context as _, bail};

use crate::workspace;

/// The sources, and the folder in the package that their interfaces go to.
const SOURCES: &[(&str, &str)] = &[
    ("protocol/src/interfaces/engine.rs", ""),
    ("protocol/src/interfaces/consumer.rs", ""),
    ("protocol/src/interfaces/token.rs", ""),
    ("protocol/src/interfaces/governor.rs", ""),
    ("protocol/src/interfaces/timelock.rs", ""),
    ("protocol/src/interfaces/vesting.rs", ""),
    ("protocol/src/interfaces/proxy.rs", ""),
    ("protocol/src/interfaces/arbos.rs", "arbos/"),
    ("examples/interfaces/src/collection.rs", ""),
];

/// Where the numbers of `taskStatus` are defined.
const STATUS_SOURCE: &str = "protocol/src/tasks.rs";

/// Where the files go: everything in it is written by this chore.
const FOLDER: &str = "examples/solidity/interfaces";

/// Options of `cargo xtask solidity`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only says whether the files are what the definitions say.
    #[arg(long)]
    check: bool,
}

/// Writes the interfaces, or compares them with what is there.
pub(crate) fn run(options: &Options) -> eyre::Result<()> {
    let wanted = files()?;
    let found = stored()?;
    if wanted == found {
        return Ok(());
    }
    if options.check {
        let names: Vec<_> = wanted
            .iter()
            .filter(|(name, text)| found.get(*name) != Some(text))
            .map(|(name, _)| name.as_str())
            .chain(
                found
                    .keys()
                    .filter(|name| !wanted.contains_key(*name))
                    .map(String::as_str),
            )
            .collect();
        bail!(
            "in {FOLDER}, {} are not what the definitions say; run `cargo xtask solidity`",
            names.join(", ")
        );
    }
    let folder = folder();
    for name in found.keys().filter(|name| !wanted.contains_key(*name)) {
        let file = folder.join(name);
        fs::remove_file(&file).wrap_err_with(|| format!("{} stays", file.display()))?;
    }
    for (name, text) in wanted {
        let file = folder.join(name);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)
                .wrap_err_with(|| format!("{} cannot be made", parent.display()))?;
        }
        fs::write(&file, text).wrap_err_with(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

fn folder() -> PathBuf {
    workspace::root().join(FOLDER)
}

/// Every file by its path in the folder.
fn files() -> eyre::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for (path, place) in SOURCES {
        let source = source::read(path)?;
        for interface in &source.interfaces {
            let name = format!("{place}{}.sol", interface.name);
            let text = print::file(path, &source.docs, interface)
                .wrap_err_with(|| format!("{} of {path}", interface.name))?;
            files.insert(name, text);
        }
    }
    files.insert(
        "TaskStatus.sol".to_owned(),
        status::file(STATUS_SOURCE).wrap_err(STATUS_SOURCE)?,
    );
    Ok(files)
}

/// The same, as the folder holds them.
fn stored() -> eyre::Result<BTreeMap<String, String>> {
    let root = folder();
    let mut files = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        if !folder.exists() {
            continue;
        }
        for entry in fs::read_dir(&folder).wrap_err_with(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root)?.to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).wrap_err_with(|| path.display().to_string())?;
            files.insert(name, text);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_has_the_interfaces_as_they_are_defined() {
        run(&Options { check: true }).unwrap();
    }

    #[test]
    fn every_interface_of_the_protocol_is_in_the_package() {
        let listed: Vec<_> = SOURCES.iter().map(|(path, _)| *path).collect();
        let folder = workspace::root().join("protocol/src/interfaces");
        for entry in fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let path = format!("protocol/src/interfaces/{name}");
            // Those two hold none.
            let holds_one = !["definition.rs", "mod.rs"].contains(&name.as_str());
            assert!(!holds_one || listed.contains(&path.as_str()), "{path}");
        }
    }
}
