//! Compiling one contract to the WASM that is deployed, and linting it as it is compiled.

use std::{fs, path::Path, process::Command};

use eyre::{Context as _, bail};

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

/// Whether the names of functions stay in what is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbols {
    /// They do, in a custom section.
    Kept,
    /// They do not.
    Stripped,
}

/// Builds `contract` by itself and returns the WASM as it goes on-chain, before
/// compression.
///
/// The same sources give the same bytes with the same toolchain, wherever they lie.
pub(crate) fn compile(contract: &Contract, toolchain: &Toolchain) -> eyre::Result<Vec<u8>> {
    let linked = link(contract, toolchain, Symbols::Stripped)?;
    wasm::convert(&linked).wrap_err_with(|| format!("the WASM of {} is not sound", contract.name))
}

/// Builds `contract` by itself and returns the WASM as the linker makes it.
pub(crate) fn link(
    contract: &Contract,
    toolchain: &Toolchain,
    symbols: Symbols,
) -> eyre::Result<Vec<u8>> {
    let target_dir = workspace::target_dir().join("contracts");
    let mut command = command(&toolchain.cargo, toolchain);
    command
        .args(contract.cargo_args())
        .arg("--target-dir")
        .arg(&target_dir)
        .arg("--quiet")
        .arg("--")
        .args(contract.final_flags())
        .env("CARGO_ENCODED_RUSTFLAGS", flags(toolchain)?)
        .env_remove("CARGO");
    if symbols == Symbols::Kept {
        command.arg("-Cstrip=none");
    }
    if let Some(linker) = &toolchain.linker {
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    }
    process::run(&mut command)
        .wrap_err_with(|| format!("the contract {} did not build", contract.name))?;

    let built = target_dir
        .join(TARGET)
        .join(PROFILE)
        .join(format!("{}.wasm", contract.package.replace('-', "_")));
    fs::read(&built).wrap_err_with(|| format!("cargo left no WASM at {}", built.display()))
}

/// Reads the code of `contract` as it is built, for its target and with its features, with
/// clippy, and refuses what that warns of.
pub(crate) fn lint(contract: &Contract, toolchain: &Toolchain) -> eyre::Result<()> {
    let Some(clippy) = &toolchain.clippy else {
        bail!(
            "{} has no clippy here: run `cargo xtask contracts --install`",
            toolchain.version
        );
    };
    let target_dir = workspace::target_dir().join("contracts/lint");
    let mut command = command(clippy, toolchain);
    command
        .args(contract.lint_args())
        .arg("--target-dir")
        .arg(target_dir)
        .args(["--", "-Dwarnings"])
        // Which cargo its clippy calls.
        .env("CARGO", &toolchain.cargo);
    process::run(&mut command)
        .wrap_err_with(|| format!("clippy refuses the contract {}", contract.name))
}

/// A program of `toolchain`, with unstable switches on a stable compiler (see `spec`) and
/// without what cargo and rustup set for this one, which would confuse another toolchain.
fn command(program: &Path, toolchain: &Toolchain) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(workspace::root())
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTC", &toolchain.rustc);
    for variable in [
        "RUSTFLAGS",
        "RUSTDOC",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_TARGET_DIR",
    ] {
        command.env_remove(variable);
    }
    command
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
