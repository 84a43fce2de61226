//! `cargo xtask layout`: the engine's storage layout.

use std::process::Command;

use crate::{process, workspace};

/// Options of `cargo xtask layout`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only says whether the file is what the code says.
    #[arg(long)]
    check: bool,
}

/// Lets the engine's own tests, which see its private types, compare the layout with
/// `stylus-engine/layout.json`, and add to the file what is new.
pub(crate) fn run(options: &Options) -> eyre::Result<()> {
    let mut command = Command::new(workspace::cargo());
    command.current_dir(workspace::root()).args([
        "test",
        "--quiet",
        "-p",
        "arbius-engine",
        "--lib",
        "layout::",
    ]);
    if !options.check {
        command.env("ARBIUS_WRITE_LAYOUT", "1");
    }
    process::run(&mut command)
}
