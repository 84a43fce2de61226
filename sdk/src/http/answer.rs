//! Answers of strangers.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{
    Response,
    header::{HeaderMap, RETRY_AFTER},
};

/// How much of what a stranger says is kept for an error.
const EXCERPT: usize = 500;

/// Room that is made for a body before any of it has come, bytes: who announces much and sends
/// nothing shall not fill the memory.
const FIRST_ROOM: usize = 1 << 18;

/// A body that was not read to its end.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It is longer than it may be: so many bytes were announced, or had come.
    TooLong(usize),
    /// The connection broke.
    Broken(reqwest::Error),
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn body(response: &mut Response, limit: usize) -> Result<Bytes, BodyError> {
    let announced = response.content_length().unwrap_or_default();
    let announced = usize::try_from(announced).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(BodyError::TooLong(announced));
    }
    let mut body = BytesMut::with_capacity(announced.min(FIRST_ROOM));
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLong(body.len() + chunk.len()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// How long to wait before asking again, as the answer says: in seconds. The form with a date
/// is hardly in use.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// The beginning of a text, on one line and without what a terminal would obey.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(EXCERPT)]);
    let text: String = text
        .chars()
        .map(|character| match character.is_control() {
            true => ' ',
            false => character,
        })
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What lies at the bottom of an error: reqwest's own text says only that a request to a URL
/// failed, and the URL may hold a key; the reason, connection refused or unknown host, is at
/// the end.
pub(crate) fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_line_that_a_terminal_does_not_obey() {
        let page = b"<h1>\r\n No \x1b[2J\x07 way</h1>";
        assert_eq!(excerpt(page), "<h1> No [2J way</h1>");
        assert_eq!(excerpt(&[b'x'; 5000]).len(), 500);
        assert_eq!(excerpt(&[0xff, 0xfe]), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_pause_is_read_in_seconds() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        headers.insert(RETRY_AFTER, "7".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
        let date = "Wed, 21 Oct 2026 07:28:00 GMT".parse().unwrap();
        headers.insert(RETRY_AFTER, date);
        assert_eq!(retry_after(&headers), None);
    }
}
