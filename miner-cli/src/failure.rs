//! Errors in one line, and the exit code: 0 done, 1 failed, 2 used wrongly (clap's own),
//! 130 stopped before it was done, as shells have it.

use std::io;
use std::process::ExitCode;

/// Somebody stopped the program before its work was done.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stopped before it was done")
    }
}

impl std::error::Error for Interrupted {}

/// Ends the program.
pub(crate) fn exit(result: eyre::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has had enough, as `head` has.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", one_line(&error));
            if error.is::<Interrupted>() {
                return ExitCode::from(130);
            }
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &eyre::Report) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// An error and its causes. Many errors say their cause themselves; it is not said again.
fn one_line(error: &eyre::Report) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.contains(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use eyre::WrapErr as _;

    use super::*;

    #[test]
    fn a_cause_is_said_once_and_in_one_line() {
        let error = Err::<(), _>(io::Error::other("no\nspace"))
            .wrap_err("cannot write x: no\nspace")
            .wrap_err("the demo failed")
            .unwrap_err();
        assert_eq!(
            one_line(&error),
            "the demo failed: cannot write x: no space"
        );
    }
}
