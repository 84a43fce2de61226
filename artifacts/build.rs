//! Writes the list of artifacts from the manifest beside it.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// Names another folder to embed, in the place of this crate's own.
const FOLDER_VARIABLE: &str = "ARBIUS_ARTIFACTS";

/// `manifest.json`, as `cargo xtask contracts` writes it.
#[derive(Deserialize)]
struct Manifest {
    contracts: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    example: bool,
    raw: u32,
    fragments: usize,
    source_hash: String,
    toolchain: String,
    sha256: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed={FOLDER_VARIABLE}");
    println!("cargo::rerun-if-changed=build.rs");
    let folder = match env::var_os(FOLDER_VARIABLE) {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env::var("CARGO_MANIFEST_DIR")?),
    };
    let list = list(&folder).map_err(|error| {
        format!(
            "the artifacts in {} are not complete ({error}); restore them from the repository \
             or run `cargo xtask contracts`",
            folder.display()
        )
    })?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("all.rs"), list)?;
    Ok(())
}

/// The Rust source of the list of all artifacts in `folder`.
fn list(folder: &Path) -> Result<String, Box<dyn Error>> {
    let manifest = embedded(folder, "manifest.json")?;
    let manifest: Manifest = serde_json::from_slice(&fs::read(manifest)?)?;
    // What cargo sets for the feature of this name.
    let examples = env::var_os("CARGO_FEATURE_EXAMPLES").is_some();
    let mut list =
        String::from("/// All artifacts, sorted by name.\npub static ALL: &[Artifact] = &[\n");
    for entry in manifest.contracts {
        let Entry {
            name,
            example,
            raw,
            fragments,
            source_hash,
            toolchain,
            sha256,
        } = entry;
        if example && !examples {
            continue;
        }
        let abi = embedded(folder, &format!("{name}.json"))?;
        let mut code = String::new();
        for number in 1..=fragments {
            let file = embedded(folder, &format!("{name}.{number}.code"))?;
            write!(code, "include_bytes!({file:?}), ")?;
        }
        writeln!(
            list,
            "    Artifact {{ name: {name:?}, code: &[{code}], raw_len: {raw}, \
             abi: include_str!({abi:?}), sha256: {sha256:?}, source_hash: {source_hash:?}, \
             toolchain: {toolchain:?} }},"
        )?;
    }
    list.push_str("];\n");
    Ok(list)
}

/// The absolute path of a file that has to be in `folder`; cargo looks out for changes.
fn embedded(folder: &Path, name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let file = folder
        .join(name)
        .canonicalize()
        .map_err(|error| format!("{name}: {error}"))?;
    println!("cargo::rerun-if-changed={}", file.display());
    Ok(file)
}
