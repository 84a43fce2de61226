//! Chores of this repository: `cargo xtask contracts`, `cargo xtask figures`, `cargo xtask
//! gas`, `cargo xtask layout` and `cargo xtask solidity`.

mod contracts;
mod figures;
mod gas;
mod layout;
mod process;
mod solidity;
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
    /// Draws the figures of emission in the book, or checks that they are fresh.
    Figures(figures::Options),
    /// Measures the gas of each protocol step on a local chain into benches/gas.json.
    Gas(gas::Options),
    /// Writes the engine's storage layout down, or checks that it is; no field ever moves.
    Layout(layout::Options),
    /// Writes the interfaces for Solidity into examples/solidity, or checks that they are fresh.
    Solidity(solidity::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().chore {
        Chore::Contracts(options) => contracts::run(&options),
        Chore::Figures(options) => figures::run(&options),
        Chore::Gas(options) => gas::run(&options),
        Chore::Layout(options) => layout::run(&options),
        Chore::Solidity(options) => solidity::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
