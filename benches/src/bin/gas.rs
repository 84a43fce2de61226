//! Measures the gas of every step: `cargo xtask gas` writes `benches/gas.json`,
//! `cargo xtask gas --check` compares with it.

use std::{path::PathBuf, process::ExitCode};

use arbius_benches::gas::{Cache, Table, measure};
use eyre::{Context, bail};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> eyre::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.as_slice() {
        [] => false,
        [flag] if flag == "--check" => true,
        other => bail!(
            "unknown arguments {}; the only one is --check",
            other.join(" ")
        ),
    };
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("gas.json");
    let cached = measure(Cache::Warm).await.wrap_err("cached programs")?;
    let uncached = measure(Cache::Cold).await.wrap_err("uncached programs")?;
    let table = Table::new(&cached, &uncached)?;
    print!("{table}");
    if check {
        table.check(&Table::load(&path)?)?;
        println!("no step rose by more than the snapshot allows");
    } else {
        table.save(&path)?;
        println!("wrote {}", path.display());
    }
    Ok(())
}
