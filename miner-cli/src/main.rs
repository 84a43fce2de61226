//! The command `arbius`: see `arbius --help`.
//!
//! | file | what it holds |
//! |---|---|
//! | `args` | the command line |
//! | `amount` | AIUS as people write it |
//! | `failure` | errors in one line, and the exit code |
//! | `key` | which key signs |
//! | `models` | which model is meant, and the bundles in this binary |
//! | `solver` | what solves a miner's tasks |
//! | `show` | lines, tables and JSON on standard output |
//! | `commands` | one file a command |

mod amount;
mod args;
mod commands;
mod failure;
mod key;
mod models;
mod pin_stores;
mod show;
mod solver;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    failure::exit(commands::run(args::Cli::parse()))
}
