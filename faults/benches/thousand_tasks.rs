//! A thousand tasks at once, or as many as `--tasks N` says: tasks a minute, and where the
//! time goes. With `--check` it fails where a goal is missed: 4 requests a task, 400 MB.

use std::process::ExitCode;

use arbius_faults::Load;

#[tokio::main]
async fn main() -> eyre::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().collect();
    let tasks = match arguments.iter().position(|a| a == "--tasks") {
        Some(place) => arguments.get(place + 1).map(|n| n.parse()).transpose()?,
        None => None,
    };
    let load = Load::run(env!("CARGO_BIN_EXE_miner_process"), tasks.unwrap_or(1_000)).await?;
    println!("{load}");
    let missed = load.requests_per_task() > 4.0 || load.memory > 400_000_000 / 1024;
    if missed && arguments.iter().any(|argument| argument == "--check") {
        println!("a goal is missed: 4 requests a task, 400 MB");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
