//! What a third party runs to verify an agent's log: it needs an endpoint and three numbers.
//!
//! Each endpoint is asked by itself, and all have to say the same. The program ends with
//! status 0 if every period that was asked for is proven, with 1 otherwise.
//!
//! ```text
//! cargo run --release -p arbius-examples --example verify_worklog -- \
//!     --rpc URL --rpc ANOTHER_URL --engine ADDRESS --worklog ADDRESS --log 1
//! ```

use std::process::ExitCode;

use alloy_primitives::{Address, U256};
use arbius_examples::worklog::{Log, verify_with_all};
use clap::Parser;
use eyre::Result;

/// Verifies an agent's log of tasks from the chain alone.
#[derive(Parser)]
struct Options {
    /// An endpoint to ask; several have to say the same.
    #[arg(long, required = true)]
    rpc: Vec<String>,
    /// The engine of the network that you trust.
    #[arg(long)]
    engine: Address,
    /// The contract that keeps the log.
    #[arg(long)]
    worklog: Address,
    /// The log's number there.
    #[arg(long)]
    log: U256,
    /// The first period to verify: its start, in seconds since 1970, divided by its length. The
    /// log's own first if not given.
    #[arg(long)]
    first: Option<u64>,
    /// The last period to verify; the last one that is over if not given.
    #[arg(long)]
    last: Option<u64>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let log = Log {
        engine: options.engine,
        worklog: options.worklog,
        id: options.log,
    };
    let report = verify_with_all(&options.rpc, log, options.first, options.last).await?;
    print!("{report}");
    println!(
        "{} of {} periods are proven, by {} endpoint(s)",
        report.proven(),
        report.entries.len(),
        options.rpc.len()
    );
    Ok(if report.is_complete() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
