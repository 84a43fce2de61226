//! What went wrong with a fetch, and what each gateway did.

use std::time::Duration;

use reqwest::StatusCode;

use crate::content::Cid;
use crate::content::block::BlockError;
use crate::content::cids::CidError;
use crate::content::store::StoreError;
use crate::content::unixfs::{MAX_DEPTH, MalformedError, ReadError};
use crate::http::HttpError;

/// How long a gateway whose connection failed is left alone before it is asked once more.
const SECOND_CHANCE_AFTER: Duration = Duration::from_millis(250);

/// How long one that has too much to do is left alone, unless it says itself.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// The longest that such a one is waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Why a gateway did not give a block.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It sent other bytes.
    #[error("it sent bytes that are not the block ({0})")]
    Lie(BlockError),
    /// It does not have the block.
    #[error("it does not have it")]
    Absent,
    /// It answered with another status.
    #[error("it answered {0}")]
    Status(StatusCode),
    /// It could not be reached, or the connection broke.
    #[error("{0}")]
    Connection(String),
    /// It has too much to do, or limits how often it may be asked.
    #[error("it has too much to do{}", .0.map(|time| format!(", and says to come back in {} s", time.as_secs())).unwrap_or_default())]
    Busy(Option<Duration>),
    /// It lied before, so it was not asked.
    #[error("it was not asked, because it sent false bytes before; it is asked again in {} s", .0.as_secs() + 1)]
    Banished(Duration),
    /// It sent on to something that is no address of HTTP, or to a name that nobody knows.
    #[error("it sends on to `{0}`, which is no address to ask")]
    Redirect(String),
    /// It sent on to an address that is not of the public internet.
    #[error(
        "it sends on to {0}, which is an address of a private network; if that is where your gateway \
         is, name that one"
    )]
    Private(String),
    /// It sent on too often.
    #[error("it sends on more than {0} times")]
    Redirects(usize),
    /// It took too long.
    #[error("it did not give it within {} s", .0.as_secs_f64())]
    Late(Duration),
}

/// Content that could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No gateway was named.
    #[error("no gateway to fetch content from: name at least one, such as http://127.0.0.1:8080")]
    NoGateway,
    /// A gateway's address is no URL of HTTP.
    #[error("`{url}` is not a gateway's address ({reason}); one looks like https://ipfs.io")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No gateway gave the block.
    #[error("no gateway gave the block {cid}: {}", listed(refusals))]
    Unavailable {
        /// The block.
        cid: Cid,
        /// Who was asked, and what each did.
        refusals: Vec<(String, Refusal)>,
    },
    /// The content is larger than the limits allow.
    #[error("the content of {cid} is above the limit of {bytes} bytes in {blocks} blocks")]
    TooLarge {
        /// The content's root.
        cid: Cid,
        /// The limit in bytes.
        bytes: u64,
        /// The limit in blocks.
        blocks: usize,
    },
    /// The whole did not come in time.
    #[error("the content of {cid} did not come within {} s", time.as_secs_f64())]
    Late {
        /// The content's root.
        cid: Cid,
        /// The limit.
        time: Duration,
    },
    /// A block is what its CID says, and that is no file or directory.
    #[error("the block {cid} holds no file or directory: {reason}")]
    Malformed {
        /// The block.
        cid: Cid,
        /// Why.
        reason: MalformedError,
    },
    /// A tree is deeper than [`MAX_DEPTH`].
    #[error("the content of {cid} lies deeper than {MAX_DEPTH} levels")]
    TooDeep {
        /// The content's root.
        cid: Cid,
    },
    /// What came cannot be read as was asked.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The CID cannot be checked.
    #[error(transparent)]
    Cid(#[from] CidError),
    /// There is no HTTP client.
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl Refusal {
    /// After how long asking again may help, if it may.
    pub(super) fn again_in(&self) -> Option<Duration> {
        match self {
            Self::Connection(_) => Some(SECOND_CHANCE_AFTER),
            Self::Status(status) if status.is_server_error() => Some(SECOND_CHANCE_AFTER),
            Self::Busy(pause) => Some(pause.unwrap_or(BUSY_PAUSE).min(LONGEST_PAUSE)),
            _ => None,
        }
    }
}

fn listed(refusals: &[(String, Refusal)]) -> String {
    let said: Vec<_> = refusals
        .iter()
        .map(|(url, refusal)| format!("{url}: {refusal}"))
        .collect();
    said.join("; ")
}
