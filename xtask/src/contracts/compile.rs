//! Compiling one contract to the WASM that is deployed.

use std::{fs, path::Path, process::Command};

use eyre::Context as _;

use crate::{
    contracts::{
        spec::{Contract, PROFILE, RUSTC_FLAGS, TARGET},
        toolchain::Toolchain,
        wasm,
    },
    process, workspace,
};

/// Separates the flags in `CARGO_ENCODED_RUSTFLAGS`.
const FLAG_SEPARATOR: &str = "\u{1f}";

/// Builds `contract` by itself and returns the WASM as it goes on-chain, before
/// compression.
///
/// The same sources give the same bytes with the same toolchain, wherever they lie.
pub(crate) fn compile(contract: &Contract, toolchain: &Toolchain) -> eyre::Result<Vec<u8>> {
    let target_dir = workspace::target_dir().join("contracts");
    let mut command = Command::new(&toolchain.cargo);
    command
        .current_dir(workspace::root())
        .args(contract.cargo_args())
        .arg("--target-dir")
        .arg(&target_dir)
        .arg("--quiet")
        .arg("--")
        .args(contract.final_flags())
        // Unstable switches on a stable compiler: see `spec`.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTC", &toolchain.rustc)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(toolchain)?)
        // What cargo and rustup set for this program would confuse another toolchain.
        .env_remove("CARGO")
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTDOC")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("CARGO_TARGET_DIR");
    if let Some(linker) = &toolchain.linker {
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    }
    process::run(&mut command)
        .wrap_err_with(|| format!("the contract {} did not build", contract.name))?;

    let built = target_dir
        .join(TARGET)
        .join(PROFILE)
        .join(format!("{}.wasm", contract.package.replace('-', "_")));
    let wasm =
        fs::read(&built).wrap_err_with(|| format!("cargo left no WASM at {}", built.display()))?;
    wasm::convert(&wasm).wrap_err_with(|| format!("the WASM of {} is not sound", contract.name))
}

/// The flags for rustc, with every path of this machine mapped to a fixed one.
fn flags(toolchain: &Toolchain) -> eyre::Result<String> {
    let mut flags: Vec<String> = RUSTC_FLAGS.iter().map(ToString::to_string).collect();
    let root = workspace::root();
    let mut map = |from: &Path, to: &str| {
        flags.push(format!("--remap-path-prefix={}={to}", from.display()));
    };
    map(&root, "/arbius");
    map(&toolchain.sources, "/rust");
    map(&cargo_home()?, "/cargo");
    Ok(flags.join(FLAG_SEPARATOR))
}

/// Where cargo keeps the sources of dependencies.
fn cargo_home() -> eyre::Result<std::path::PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    std::env::home_dir()
        .map(|home| home.join(".cargo"))
        .ok_or_else(|| eyre::eyre!("no home folder is known; set CARGO_HOME"))
}
