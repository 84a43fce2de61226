//! `manifest.json`: what the artifacts are and what they were built from.

use std::{collections::BTreeMap, fs, path::Path};

use eyre::Context as _;
use serde::{Deserialize, Serialize};

/// The file's name in the folder of artifacts.
const FILE: &str = "manifest.json";

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// One entry for each program, by name.
    pub(crate) contracts: Vec<Entry>,
}

/// One program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) name: String,
    /// Whether it is an example, which is embedded only where examples are wanted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) example: bool,
    /// Bytes of WASM.
    pub(crate) raw: usize,
    /// Bytes of code on-chain, prefixes included.
    pub(crate) compressed: usize,
    /// Accounts that hold the code; from 2 on there is a root account as well.
    pub(crate) fragments: usize,
    /// What it was built from: see `source_hash`.
    pub(crate) source_hash: String,
    /// The compiler and linker that built it.
    pub(crate) toolchain: String,
    /// SHA-256 of the WASM, in hex.
    pub(crate) sha256: String,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // What serde calls with.
fn is_false(value: &bool) -> bool {
    !value
}

impl Manifest {
    /// Reads the manifest in `folder`; an empty one if there is none.
    pub(crate) fn read(folder: &Path) -> eyre::Result<Self> {
        let file = folder.join(FILE);
        match fs::read(&file) {
            Ok(json) => serde_json::from_slice(&json).wrap_err_with(|| {
                format!(
                    "{} is damaged; restore it from the repository",
                    file.display()
                )
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).wrap_err_with(|| format!("{} cannot be read", file.display())),
        }
    }

    /// Writes the manifest into `folder`.
    pub(crate) fn write(&self, folder: &Path) -> eyre::Result<()> {
        let file = folder.join(FILE);
        let json = serde_json::to_string_pretty(self)? + "\n";
        fs::write(&file, json).wrap_err_with(|| format!("{} cannot be written", file.display()))
    }

    /// The entry of the program called `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.contracts.iter().find(|entry| entry.name == name)
    }

    /// What the programs were built with, as the first entry tells it.
    pub(crate) fn toolchain(&self) -> Option<&str> {
        Some(self.contracts.first()?.toolchain.as_str())
    }

    /// Replaces the entries that have a new one, adds the others, sorts by name, and
    /// forgets programs that are not in `known`.
    pub(crate) fn update(&mut self, entries: Vec<Entry>, known: &[&str]) {
        let mut by_name: BTreeMap<_, _> = std::mem::take(&mut self.contracts)
            .into_iter()
            .chain(entries)
            .map(|entry| (entry.name.clone(), entry))
            .collect();
        by_name.retain(|name, _| known.contains(&name.as_str()));
        self.contracts = by_name.into_values().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, raw: usize) -> Entry {
        Entry {
            name: name.to_owned(),
            example: false,
            raw,
            compressed: 1,
            fragments: 1,
            source_hash: String::new(),
            toolchain: String::new(),
            sha256: String::new(),
        }
    }

    #[test]
    fn replaces_adds_sorts_and_forgets() {
        let mut manifest = Manifest {
            contracts: vec![entry("gone", 1), entry("token", 1)],
        };
        manifest.update(
            vec![entry("token", 2), entry("engine", 3)],
            &["engine", "token"],
        );
        assert_eq!(manifest.contracts, [entry("engine", 3), entry("token", 2)]);
        assert_eq!(manifest.get("token"), Some(&entry("token", 2)));
        assert_eq!(manifest.get("gone"), None);
    }
}
