//! One program's files in the folder of artifacts.
//!
//! | file | what it is |
//! |---|---|
//! | `<name>.wasm` | the program, before compression |
//! | `<name>.1.code`, `<name>.2.code` … | the code of each account that holds it |
//! | `<name>.json` | its JSON ABI |

use std::{fs, path::Path};

use eyre::{Context as _, ensure};
use sha2::{Digest as _, Sha256};

use crate::contracts::{
    compile::compile,
    manifest::Entry,
    pack::Packed,
    source_hash::{hex, source_hash},
    spec::{Contract, Interface},
    toolchain::Toolchain,
};

/// A program with all that is stored of it.
pub(crate) struct Artifact {
    /// Its line in the manifest.
    pub(crate) entry: Entry,
    /// The program, before compression.
    wasm: Vec<u8>,
    /// The code of its accounts.
    packed: Packed,
    /// Its JSON ABI.
    abi: String,
}

impl Artifact {
    /// Builds `contract` with `toolchain`.
    pub(crate) fn build(contract: &Contract, toolchain: &Toolchain) -> eyre::Result<Self> {
        let wasm = compile(contract, toolchain)?;
        Self::assemble(
            contract,
            wasm,
            source_hash(contract)?,
            toolchain.version.clone(),
        )
    }

    /// Reads the artifact of `contract` in `folder` that `entry` describes.
    ///
    /// # Errors
    ///
    /// If a file is missing, or is not what `entry` says.
    pub(crate) fn read(contract: &Contract, folder: &Path, entry: &Entry) -> eyre::Result<Self> {
        let wasm = read(&folder.join(wasm_file(contract.name)))?;
        let artifact = Self::assemble(
            contract,
            wasm,
            entry.source_hash.clone(),
            entry.toolchain.clone(),
        )?;
        let name = contract.name;
        ensure!(
            artifact.entry == *entry,
            "{name}.wasm is not what the manifest describes; run `cargo xtask contracts {name}`"
        );
        let mut stored = vec![(abi_file(name), artifact.abi.as_bytes())];
        for (index, code) in artifact.packed.code.iter().enumerate() {
            stored.push((code_file(name, index), code));
        }
        for (file, expected) in stored {
            ensure!(
                read(&folder.join(&file))? == expected,
                "{file} does not belong to {name}.wasm and its interface; \
                 run `cargo xtask contracts {name}`"
            );
        }
        Ok(artifact)
    }

    fn assemble(
        contract: &Contract,
        wasm: Vec<u8>,
        source_hash: String,
        toolchain: String,
    ) -> eyre::Result<Self> {
        let packed = Packed::new(&wasm)?;
        Ok(Self {
            entry: Entry {
                name: contract.name.to_owned(),
                example: contract.is_example(),
                raw: wasm.len(),
                compressed: packed.len(),
                fragments: packed.code.len(),
                source_hash,
                toolchain,
                sha256: hex(&Sha256::digest(&wasm)),
            },
            abi: abi(contract)?,
            wasm,
            packed,
        })
    }

    /// Writes its files into `folder`, and removes fragments that it has no more.
    pub(crate) fn write(&self, folder: &Path) -> eyre::Result<()> {
        let name = &self.entry.name;
        fs::create_dir_all(folder)
            .wrap_err_with(|| format!("{} cannot be made", folder.display()))?;
        write(&folder.join(wasm_file(name)), &self.wasm)?;
        write(&folder.join(abi_file(name)), self.abi.as_bytes())?;
        for (index, code) in self.packed.code.iter().enumerate() {
            write(&folder.join(code_file(name, index)), code)?;
        }
        for index in self.packed.code.len().. {
            let stale = folder.join(code_file(name, index));
            if !stale.exists() {
                break;
            }
            fs::remove_file(&stale)
                .wrap_err_with(|| format!("{} cannot be removed", stale.display()))?;
        }
        Ok(())
    }
}

/// The JSON ABI of `contract`, from the definitions that it is compiled with.
fn abi(contract: &Contract) -> eyre::Result<String> {
    let (abi, name, source) = match contract.interface {
        Interface::Protocol(name) => (
            arbius_protocol::interfaces::abi(name),
            name,
            "arbius-protocol",
        ),
        Interface::Example(name) => (
            arbius_example_interfaces::abi(name),
            name,
            "arbius-example-interfaces",
        ),
    };
    let abi =
        abi.ok_or_else(|| eyre::eyre!("{source} has no interface {name}; see its function `abi`"))?;
    Ok(serde_json::to_string_pretty(&abi)? + "\n")
}

fn wasm_file(name: &str) -> String {
    format!("{name}.wasm")
}

fn abi_file(name: &str) -> String {
    format!("{name}.json")
}

/// The code of the account at `index`; file names count from 1.
fn code_file(name: &str, index: usize) -> String {
    format!("{name}.{}.code", index + 1)
}

fn read(file: &Path) -> eyre::Result<Vec<u8>> {
    fs::read(file).wrap_err_with(|| {
        format!(
            "{} cannot be read; run `cargo xtask contracts`",
            file.display()
        )
    })
}

fn write(file: &Path, content: &[u8]) -> eyre::Result<()> {
    fs::write(file, content).wrap_err_with(|| format!("{} cannot be written", file.display()))
}
