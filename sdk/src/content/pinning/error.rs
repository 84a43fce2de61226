//! What can go wrong with a store.

use std::time::Duration;

use reqwest::StatusCode;

use crate::content::Cid;
use crate::content::block::BlockError;
use crate::content::car::CarTransferError;
use crate::content::cids::CidError;
use crate::content::fetch::FetchError;
use crate::content::store::StoreError;
use crate::content::unixfs::{MalformedError, ReadError};
use crate::http::HttpError;

/// A store that did not do what it was asked for. Names stores without credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// It could not be reached, or the connection broke.
    #[error("{store} cannot be reached: {reason}")]
    Unreachable {
        /// The store.
        store: String,
        /// Why.
        reason: String,
    },
    /// It did not answer in time.
    #[error("{store} did not answer within {} s", time.as_secs_f64())]
    Late {
        /// The store.
        store: String,
        /// How long was waited.
        time: Duration,
    },
    /// It did not accept the token, or wants one.
    #[error("{store} refuses the token ({status}: {message}); give it one that is valid")]
    Denied {
        /// The store.
        store: String,
        /// 401 or 403.
        status: StatusCode,
        /// What it says.
        message: String,
    },
    /// It is asked too often.
    #[error("{store} is asked too often{}", pause.map(|time| format!(", and says to come back in {} s", time.as_secs())).unwrap_or_default())]
    Busy {
        /// The store.
        store: String,
        /// How long it says to wait.
        pause: Option<Duration>,
    },
    /// It sends on to somewhere else.
    #[error(
        "{store} answers with a redirect ({status}), which is not followed, since the token would go \
         with it; give the address that it leads to"
    )]
    Redirect {
        /// The store.
        store: String,
        /// The status.
        status: StatusCode,
    },
    /// It answered with an error of its own.
    #[error("{store} answered {status}: {message}")]
    Status {
        /// The store.
        store: String,
        /// The status.
        status: StatusCode,
        /// What it says.
        message: String,
    },
    /// It will not keep this content.
    #[error("{store} does not keep {cid}: {message}")]
    Refused {
        /// The store.
        store: String,
        /// The content.
        cid: Box<Cid>,
        /// What it says.
        message: String,
    },
    /// Its answer is none that it should give.
    #[error("{store} gave an answer that makes no sense: {reason}")]
    Garbage {
        /// The store.
        store: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Its answer does not end.
    #[error("{store} gave an answer of more than {limit} bytes")]
    Endless {
        /// The store.
        store: String,
        /// How much is read, bytes.
        limit: usize,
    },
    /// It has given up.
    #[error("{store} says that it failed to fetch {cid}")]
    Failed {
        /// The store.
        store: String,
        /// The content.
        cid: Box<Cid>,
    },
    /// It keeps something else than it was given.
    #[error("{store} made {found} of {cid}: it does not keep the content as it is")]
    OtherContent {
        /// The store.
        store: String,
        /// What it was given.
        cid: Box<Cid>,
        /// The CID that it names.
        found: String,
    },
    /// It gave other bytes than the block that was asked for.
    #[error("{store} lies: {reason}")]
    Lie {
        /// The store.
        store: String,
        /// What came.
        reason: Box<BlockError>,
    },
    /// It says that it keeps the content, and does not give it.
    #[error("{store} says that it keeps {root}, and does not give its block {cid}")]
    Withheld {
        /// The store.
        store: String,
        /// The content.
        root: Box<Cid>,
        /// The block.
        cid: Box<Cid>,
    },
    /// The content is larger than the store's API takes at a time.
    #[error("{cid} has {bytes} bytes; {store} takes {limit} in one upload")]
    TooLarge {
        /// The store.
        store: String,
        /// The content.
        cid: Box<Cid>,
        /// Its bytes.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Fewer stores keep it than the policy wants.
    #[error("{kept} of {wanted} stores keep {cid}: {}", reasons.join("; "))]
    Quorum {
        /// The content.
        cid: Box<Cid>,
        /// How many keep it, or are at it.
        kept: usize,
        /// How many have to.
        wanted: usize,
        /// What the others say.
        reasons: Vec<String>,
    },
    /// An address is of no use.
    #[error("`{url}` is no address of {kind} ({reason}); one looks like {example}")]
    Url {
        /// What was given.
        url: String,
        /// What it should be.
        kind: &'static str,
        /// What is wrong with it.
        reason: String,
        /// What would be right.
        example: &'static str,
    },
    /// What a gateway gave cannot be used, or none gave anything.
    #[error(transparent)]
    Gateway(Box<FetchError>),
    /// What is to be uploaded cannot be read.
    #[error("the content cannot be read here: {0}")]
    Source(Box<CarTransferError>),
    /// A block of our own store, or of the folder that is to keep it, cannot be used.
    #[error(transparent)]
    Blocks(Box<StoreError>),
    /// A block that is what its CID says holds nothing that can be followed.
    #[error("the block {cid} holds no file or directory: {reason}")]
    Malformed {
        /// The block.
        cid: Box<Cid>,
        /// Why.
        reason: Box<MalformedError>,
    },
    /// The CID cannot be checked.
    #[error(transparent)]
    Cid(#[from] CidError),
    /// There is no HTTP client.
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl PinError {
    /// Whether the same would have happened with any other content: the store is away, denies
    /// everything, or is asked too often.
    #[must_use]
    pub const fn concerns_store(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Late { .. }
            | Self::Denied { .. }
            | Self::Busy { .. }
            | Self::Redirect { .. }
            | Self::Http(_) => true,
            Self::Status { status, .. } => {
                status.as_u16() >= 500 || status.as_u16() == 402 || status.as_u16() == 404
            }
            _ => false,
        }
    }

    /// How long the store says to wait.
    #[must_use]
    pub const fn pause(&self) -> Option<Duration> {
        match self {
            Self::Busy { pause, .. } => *pause,
            _ => None,
        }
    }
}

impl From<StoreError> for PinError {
    fn from(error: StoreError) -> Self {
        Self::Blocks(Box::new(error))
    }
}

impl From<CarTransferError> for PinError {
    fn from(error: CarTransferError) -> Self {
        Self::Source(Box::new(error))
    }
}

impl From<ReadError> for PinError {
    fn from(error: ReadError) -> Self {
        Self::Source(Box::new(error.into()))
    }
}
