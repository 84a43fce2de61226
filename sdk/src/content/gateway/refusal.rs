//! Answers other than the content.

use std::io;
use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::answer::late;
use super::headers::set;
use crate::content::cids::CidError;
use crate::content::store::StoreError;
use crate::content::unixfs::{MalformedError, ReadError};

/// An answer other than the content: a status and a line of text that says why.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    reason: String,
    retry_after: Option<Duration>,
    /// The size of content of which a range behind the end was asked for.
    size: Option<u64>,
    /// Whether a block is not here, and the path may be right.
    is_absent: bool,
}

impl Refused {
    pub(super) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            retry_after: None,
            size: None,
            is_absent: false,
        }
    }

    pub(super) fn bad_request(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    /// Asking again later may help.
    pub(super) fn for_now(status: StatusCode, reason: impl Into<String>, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..Self::new(status, reason)
        }
    }

    /// A range was asked for that lies behind the end.
    pub(super) fn unsatisfiable(size: u64) -> Self {
        let reason = format!("there are {size} bytes: the range lies behind them");
        Self {
            size: Some(size),
            ..Self::new(StatusCode::RANGE_NOT_SATISFIABLE, reason)
        }
    }

    /// The status that it is answered with.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// For a visitor who asked for content only if it is here.
    pub(super) fn only_if_cached(self) -> Self {
        match self.is_absent {
            true => Self::new(StatusCode::PRECONDITION_FAILED, ""),
            false => self,
        }
    }
}

impl From<CidError> for Refused {
    fn from(error: CidError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Cid(error) => error.into(),
            StoreError::Io { source, .. } if source.kind() == io::ErrorKind::TimedOut => late(),
            error => {
                // Paths of this machine are nobody else's business.
                tracing::warn!(%error, "the gateway cannot read its store");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the store behind this gateway cannot read that content",
                )
            }
        }
    }
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        let status = match error {
            ReadError::Store(error) => return error.into(),
            ReadError::Cid(error) => return error.into(),
            ReadError::Missing { .. } | ReadError::NoEntry { .. } => StatusCode::NOT_FOUND,
            ReadError::IsDirectory { .. }
            | ReadError::NotDirectory { .. }
            | ReadError::Malformed {
                reason: MalformedError::Codec { .. },
                ..
            } => StatusCode::BAD_REQUEST,
            ReadError::TooLarge { .. }
            | ReadError::TooManyEntries { .. }
            | ReadError::TooManyLinks { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            // Content that is here and is no file: nothing of this gateway failed.
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self {
            is_absent: matches!(error, ReadError::Missing { .. }),
            ..Self::new(status, error.to_string())
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let text = match self.reason.is_empty() {
            true => String::new(),
            false => format!("{}\n", self.reason),
        };
        let mut response = (self.status, text).into_response();
        let headers = response.headers_mut();
        // It may be here in a moment.
        set(headers, header::CACHE_CONTROL, "no-store");
        if let Some(size) = self.size {
            set(headers, header::CONTENT_RANGE, &format!("bytes */{size}"));
        }
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs_f64().ceil().max(1.0);
            set(headers, header::RETRY_AFTER, &seconds.to_string());
        }
        response
    }
}
