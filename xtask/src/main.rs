//! Chores of this repository: `cargo xtask contracts`, `cargo xtask gas` and `cargo xtask
//! layout`.

mod contracts;
mod gas;
mod layout;
mod process;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of the Arbius repository.
#[derive(Parser)]
#[command(name = "cargo xtask", version, about)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Builds the contracts into artifacts/, or checks that what is there is fresh.
    Contracts(contracts::Options),
    /// Measures the gas of each protocol step on a local chain into benches/gas.json.
    Gas(gas::Options),
    /// Writes the engine's storage layout down, or checks that it is; no field ever moves.
    Layout(layout::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().chore {
        Chore::Contracts(options) => contracts::run(&options),
        Chore::Gas(options) => gas::run(&options),
        Chore::Layout(options) => layout::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
