//! Running other programs.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use eyre::{Context as _, bail};

/// Runs `command` with its output on the terminal.
///
/// # Errors
///
/// If it cannot be started or fails; the error names the command.
pub(crate) fn run(command: &mut Command) -> eyre::Result<()> {
    let status = command
        .status()
        .wrap_err_with(|| format!("could not start {}", line(command)))?;
    if !status.success() {
        bail!(
            "{} ended with {status}; its messages are above",
            line(command)
        );
    }
    Ok(())
}

/// Runs `command` and returns what it writes to standard output.
///
/// # Errors
///
/// If it cannot be started or fails; the error names the command and holds its messages.
pub(crate) fn output(command: &mut Command) -> eyre::Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .wrap_err_with(|| format!("could not start {}", line(command)))?;
    if !output.status.success() {
        bail!(
            "{} ended with {}: {}",
            line(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    String::from_utf8(output.stdout)
        .wrap_err_with(|| format!("{} wrote something that is not UTF-8", line(command)))
}

/// The command in short: the program, and the first of its arguments.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(name)
        .chain(command.get_args().take(1))
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
