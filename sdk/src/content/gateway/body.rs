//! The bytes of an answer: all of them, a range, or several ranges as one message.

use std::io;
use std::ops::Range;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, future, stream};
use tokio::io::DuplexStream;
use tokio_util::io::ReaderStream;

use super::headers::set;
use super::range::Wanted;
use super::refusal::Refused;
use crate::content::block::sha256;

/// Bytes on their way between store and connection.
const IN_FLIGHT: usize = 256 * 1024;

/// A body that `work` writes. Should it fail, the connection breaks: an answer whose length
/// was not said would otherwise look whole.
pub(super) fn piped<W, E>(work: impl FnOnce(DuplexStream) -> W) -> Body
where
    W: Future<Output = Result<(), E>> + Send + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    let (near, far) = tokio::io::duplex(IN_FLIGHT);
    let work = tokio::spawn(work(near));
    let outcome = stream::once(async move {
        let failed = match work.await {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => io::Error::other(error),
            Err(stopped) => io::Error::other(stopped),
        };
        tracing::debug!(error = %failed, "an answer could not be sent to its end");
        Some(Err(failed))
    });
    let sent = ReaderStream::with_capacity(far, IN_FLIGHT / 4);
    Body::from_stream(sent.chain(outcome.filter_map(future::ready)))
}

/// The body of an answer to HEAD whose length nobody knows; an empty one would say that it
/// is 0.
pub(super) fn unknown() -> Body {
    Body::from_stream(stream::empty::<Result<Bytes, io::Error>>())
}

/// A part of an answer's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Bytes between the parts of a message.
    Text(Bytes),
    /// These bytes of the content.
    Content(Range<u64>),
}

/// Which bytes an answer has, and the headers that say so.
#[derive(Debug)]
pub(super) struct Plan {
    status: StatusCode,
    media_type: String,
    content_range: Option<String>,
    pieces: Vec<Piece>,
    length: u64,
}

impl Plan {
    /// What the headers of a request ask for of content of `size` bytes with this entity tag.
    ///
    /// # Errors
    /// 416 if it lies behind the end.
    pub(super) fn of(
        headers: &HeaderMap,
        tag: &str,
        size: u64,
        media_type: &str,
    ) -> Result<Self, Refused> {
        let whole = |pieces: Vec<Piece>, length| Self {
            status: StatusCode::OK,
            media_type: media_type.to_owned(),
            content_range: None,
            pieces,
            length,
        };
        match Wanted::of(headers, tag, size) {
            Wanted::Whole => Ok(whole(vec![Piece::Content(0..size)], size)),
            Wanted::Nothing => Err(Refused::unsatisfiable(size)),
            Wanted::Parts(parts) => match &parts[..] {
                [part] => Ok(Self {
                    status: StatusCode::PARTIAL_CONTENT,
                    content_range: Some(content_range(part, size)),
                    ..whole(vec![Piece::Content(part.clone())], part.end - part.start)
                }),
                _ => Ok(several(&parts, tag, size, media_type)),
            },
        }
    }

    /// The longest stretch of content in it.
    pub(super) fn content_bytes(&self) -> u64 {
        let bytes = |piece: &Piece| match piece {
            Piece::Text(_) => 0,
            Piece::Content(range) => range.end - range.start,
        };
        self.pieces.iter().map(bytes).sum()
    }

    /// The answer; its body is made only if it is sent.
    pub(super) fn response(self, is_head: bool, body: impl FnOnce(Vec<Piece>) -> Body) -> Response {
        let body = match is_head {
            true => Body::empty(),
            false => body(self.pieces),
        };
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        set(headers, header::CONTENT_TYPE, &self.media_type);
        set(headers, header::CONTENT_LENGTH, &self.length.to_string());
        set(headers, header::ACCEPT_RANGES, "bytes");
        if let Some(range) = &self.content_range {
            set(headers, header::CONTENT_RANGE, range);
        }
        response
    }
}

fn content_range(part: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", part.start, part.end - 1)
}

/// Several ranges as `multipart/byteranges` (RFC 9110, section 14.6).
fn several(parts: &[Range<u64>], tag: &str, size: u64, media_type: &str) -> Plan {
    // Content cannot be made that has its own boundary in it: the tag is its hash.
    let digest = sha256(format!("boundary of {tag}").as_bytes());
    let boundary: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut pieces = Vec::with_capacity(2 * parts.len() + 1);
    for (index, part) in parts.iter().enumerate() {
        let before = if index == 0 { "" } else { "\r\n" };
        let head = format!(
            "{before}--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {}\r\n\r\n",
            content_range(part, size)
        );
        pieces.push(Piece::Text(head.into()));
        pieces.push(Piece::Content(part.clone()));
    }
    pieces.push(Piece::Text(format!("\r\n--{boundary}--\r\n").into()));
    let length = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => text.len() as u64,
        Piece::Content(range) => range.end - range.start,
    });
    Plan {
        status: StatusCode::PARTIAL_CONTENT,
        media_type: format!("multipart/byteranges; boundary={boundary}"),
        content_range: None,
        length: length.sum(),
        pieces,
    }
}
