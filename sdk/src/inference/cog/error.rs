//! What can go wrong with a Cog server.

use std::io;
use std::time::Duration;

use thiserror::Error;

use crate::inference::Blame;

/// Why a Cog server gave no output.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CogError {
    /// The address is none.
    #[error("{url:?} is no address of a Cog server; give one such as http://127.0.0.1:5000")]
    Url {
        /// What was given.
        url: String,
    },
    /// No HTTP client can be set up.
    #[error(transparent)]
    Client(#[from] crate::http::HttpError),
    /// The server cannot be started.
    #[error(
        "cannot start the Cog server {program}: {source}. `python -m cog.server.http` needs the PyPI package cog"
    )]
    Start {
        /// The program.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// The server of our own has ended.
    #[error("the Cog server ended ({status}){stderr}")]
    Died {
        /// Exit code or signal.
        status: String,
        /// The end of what it wrote to standard error, if anything.
        stderr: String,
    },
    /// It cannot be reached, or the connection broke.
    #[error("the Cog server at {url} cannot be reached: {reason}. Is it running?")]
    Unreachable {
        /// Its address.
        url: String,
        /// What the client says.
        reason: String,
    },
    /// Its model failed to set itself up.
    #[error(
        "the model of the Cog server at {url} could not be set up: {logs}. Does the server's machine have what the model needs?"
    )]
    Setup {
        /// Its address.
        url: String,
        /// The end of what it logged.
        logs: String,
    },
    /// It was not ready, or did not answer, in time.
    #[error(
        "the Cog server at {url} did not {what} within {limit:?}; raise the time limit if the model is that slow, or restart the server"
    )]
    TimedOut {
        /// Its address.
        url: String,
        /// What was waited for.
        what: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// It refuses the input (422), although that fits the template.
    #[error(
        "the Cog server refuses the input, which fits the template: {reason}. Does it run the model's image?"
    )]
    Refused {
        /// What it says.
        reason: String,
    },
    /// It answers with an error.
    #[error("the Cog server at {url} answers {status}: {reason}. Look at its logs")]
    Status {
        /// Its address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What it says.
        reason: String,
    },
    /// The model failed, or was cancelled.
    #[error("the prediction {status}: {reason}. The Cog server's logs may say more")]
    Failed {
        /// `failed` or `canceled`.
        status: String,
        /// What the model says.
        reason: String,
    },
    /// What it says is not what a Cog server says.
    #[error(
        "the Cog server at {url} answers with something else than a prediction: {reason}. Is that the address of the model's server?"
    )]
    Garbage {
        /// Its address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// It sends more than may be.
    #[error(
        "the Cog server at {url} sends more than {limit} bytes; raise the limit of outputs if the model makes that much"
    )]
    TooLarge {
        /// Its address.
        url: String,
        /// The limit, bytes.
        limit: u64,
    },
    /// The outputs are not those of the template.
    #[error("output `{file}`: {reason}. Does the server run the image that the model names?")]
    Output {
        /// The template's file.
        file: String,
        /// What is wrong.
        reason: String,
    },
}

impl CogError {
    /// Whose fault it is. A model that fails is this machine's affair: it may have run out of
    /// memory, and nobody is accused for what a stranger's program says.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Refused { .. } => Blame::Input,
            Self::Output { .. } => Blame::Model,
            _ => Blame::Machine,
        }
    }
}
