//! `cargo xtask gas`: the gas table.

use std::process::Command;

use crate::{process, workspace};

/// Options of `cargo xtask gas`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Arguments for the program that measures.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Lets the benches measure each step and write `benches/gas.json`.
///
/// They are a program of their own, so that this one builds in seconds.
pub(crate) fn run(options: &Options) -> eyre::Result<()> {
    process::run(
        Command::new(workspace::cargo())
            .current_dir(workspace::root())
            .args([
                "run",
                "--quiet",
                "-p",
                "arbius-benches",
                "--bin",
                "gas",
                "--",
            ])
            .args(&options.arguments),
    )
}
