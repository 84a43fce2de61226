//! A hash of everything that decides what a contract compiles to.
//!
//! It covers the sources of the contract and of the crates of this workspace that it is
//! built from, the other crates by version, features and checksum, and the build's own
//! switches; not the whole `Cargo.lock`, so an update of something else leaves it alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use eyre::{Context as _, ContextCompat as _};
use sha2::{Digest, Sha256};

use crate::{
    contracts::spec::{Contract, RUSTC_FLAGS, TARGET},
    process, workspace,
};

/// The hash of what `contract` is built from, in hex.
pub(crate) fn source_hash(contract: &Contract) -> eyre::Result<String> {
    let root = workspace::root();
    let lock = fs::read_to_string(root.join("Cargo.lock"))
        .wrap_err("Cargo.lock cannot be read; restore it from the repository")?;
    let closure = closure(&dependency_tree(contract)?, &checksums(&lock))?;

    let mut parts = BTreeMap::new();
    for package in &closure.external {
        parts.insert(format!("dependency {package}"), Vec::new());
    }
    for package in &closure.local {
        let folder = root.join(&package.folder);
        parts.insert(format!("package {}", package.key), Vec::new());
        for file in source_files(&folder)? {
            let name = file.strip_prefix(&root).unwrap_or(&file);
            let content =
                fs::read(&file).wrap_err_with(|| format!("{} cannot be read", file.display()))?;
            parts.insert(format!("file {}", slashes(name)), content);
        }
    }
    let switches = [
        contract.cargo_args(),
        RUSTC_FLAGS.iter().map(ToString::to_string).collect(),
        contract.final_flags(),
    ];
    parts.insert(
        "switches".to_owned(),
        switches.concat().join("\n").into_bytes(),
    );
    Ok(digest(&parts))
}

/// The crates that a program is built from.
#[derive(Debug, Default, PartialEq, Eq)]
struct Closure {
    /// Crates of this workspace.
    local: BTreeSet<LocalPackage>,
    /// All others: name, version, checksum and features.
    external: BTreeSet<String>,
}

/// A crate of this workspace.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LocalPackage {
    /// Where it lies, from the root of the workspace.
    folder: PathBuf,
    /// Its name, version and features.
    key: String,
}

/// What `cargo tree` says about `contract`: a crate a line, as `name vN [(where)]|features`.
///
/// Features are those of this program alone, unlike those of `cargo metadata`, which
/// unifies them over the workspace.
fn dependency_tree(contract: &Contract) -> eyre::Result<String> {
    let mut command = Command::new(workspace::cargo());
    command
        .current_dir(workspace::root())
        .args([
            "tree",
            "--locked",
            "--quiet",
            "--no-dedupe",
            "--prefix",
            "none",
        ])
        .args(["--edges", "normal,build", "--target", TARGET])
        .args(["--package", contract.package, "--no-default-features"])
        .args(["--format", "{p}|{f}"]);
    if !contract.features.is_empty() {
        command.args(["--features", &contract.features.join(",")]);
    }
    process::output(&mut command)
        .wrap_err_with(|| format!("the dependencies of {} are not known", contract.package))
}

/// Reads the lines of [`dependency_tree`].
fn closure(tree: &str, checksums: &BTreeMap<(String, String), String>) -> eyre::Result<Closure> {
    let root = workspace::root();
    let mut closure = Closure::default();
    for line in tree.lines().filter(|line| !line.trim().is_empty()) {
        let (package, features) = line.split_once('|').unwrap_or((line, ""));
        let mut words = package.split_whitespace();
        let name = words
            .next()
            .wrap_err("cargo tree printed a crate without a name")?;
        let version = words
            .next()
            .and_then(|word| word.strip_prefix('v'))
            .wrap_err_with(|| format!("cargo tree printed no version for {name}"))?;
        let features = features.trim_end_matches(" (*)");
        let folder = words
            .map(|word| word.trim_matches(['(', ')']))
            .find_map(|word| Path::new(word).strip_prefix(&root).ok());
        if let Some(folder) = folder {
            closure.local.insert(LocalPackage {
                folder: folder.to_owned(),
                key: format!("{name} {version} [{features}]"),
            });
        } else {
            let checksum = checksums
                .get(&(name.to_owned(), version.to_owned()))
                .wrap_err_with(|| {
                    format!("Cargo.lock has no checksum for {name} {version}; run cargo update")
                })?;
            closure
                .external
                .insert(format!("{name} {version} {checksum} [{features}]"));
        }
    }
    Ok(closure)
}

/// The checksums in a `Cargo.lock`, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let value = |block: &str, key: &str| {
        block.lines().find_map(|line| {
            let rest = line.strip_prefix(key)?.strip_prefix(" = \"")?;
            rest.strip_suffix('"').map(str::to_owned)
        })
    };
    lock.split("[[package]]")
        .filter_map(|block| {
            Some((
                (value(block, "name")?, value(block, "version")?),
                value(block, "checksum")?,
            ))
        })
        .collect()
}

/// The files of a crate that can change what it compiles to.
fn source_files(folder: &Path) -> eyre::Result<Vec<PathBuf>> {
    let mut files = vec![folder.join("Cargo.toml")];
    files.extend(
        [folder.join("build.rs")]
            .into_iter()
            .filter(|file| file.is_file()),
    );
    let mut folders = vec![folder.join("src")];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)
            .wrap_err_with(|| format!("{} cannot be read", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    Ok(files)
}

/// A path as it is written on every system.
fn slashes(path: &Path) -> String {
    path.iter()
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// SHA-256 over names and contents, each preceded by its length, in the order of names.
fn digest(parts: &BTreeMap<String, Vec<u8>>) -> String {
    let mut hasher = Sha256::new();
    for (name, content) in parts {
        for bytes in [name.as_bytes(), content] {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        }
    }
    hex(&hasher.finalize())
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "arbius-protocol"
version = "0.1.0"

[[package]]
name = "ruint"
version = "1.21.1"
source = "registry+https://example.org/index"
checksum = "abc"
"#;

    fn tree(lines: &[&str]) -> String {
        lines
            .join("\n")
            .replace("ROOT", &workspace::root().display().to_string())
    }

    #[test]
    fn tells_crates_of_the_workspace_from_others() {
        let tree = tree(&[
            "arbius-token v0.1.0 (ROOT/stylus-governor/token)|",
            "arbius-protocol v0.1.0 (ROOT/protocol)|abi,std",
            "ruint v1.21.1|alloc",
            "ruint v1.21.1|alloc (*)",
        ]);
        let closure = closure(&tree, &checksums(LOCK)).unwrap();
        let local: Vec<_> = closure
            .local
            .iter()
            .map(|one| slashes(&one.folder))
            .collect();
        assert_eq!(local, ["protocol", "stylus-governor/token"]);
        assert_eq!(
            closure.external.into_iter().collect::<Vec<_>>(),
            ["ruint 1.21.1 abc [alloc]"]
        );
    }

    #[test]
    fn depends_on_the_features_that_are_on() {
        let with = |features: &str| {
            closure(&format!("ruint v1.21.1|{features}"), &checksums(LOCK)).unwrap()
        };
        assert_ne!(with("alloc"), with("alloc,std"));
    }

    #[test]
    fn names_a_crate_that_the_lock_does_not_pin() {
        let error = closure("ruint v9.9.9|", &checksums(LOCK))
            .unwrap_err()
            .to_string();
        assert!(error.contains("ruint 9.9.9"), "{error}");
    }

    #[test]
    fn changes_with_any_name_and_any_content() {
        let hash = |name: &str, content: &str| {
            digest(&BTreeMap::from([(
                name.to_owned(),
                content.as_bytes().to_vec(),
            )]))
        };
        assert_eq!(hash("a", "bc"), hash("a", "bc"));
        assert_ne!(hash("a", "bc"), hash("a", "bd"));
        assert_ne!(hash("a", "bc"), hash("ab", "c"));
    }
}
