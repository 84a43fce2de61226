//! What opens a service.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use reqwest::header::HeaderValue;

/// A token above this is none, bytes.
const LONGEST: u64 = 16 * 1024;

/// A bearer token. It is never shown: not by `Debug`, and not in a header that is logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(HeaderValue);

/// A token that is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// There is nothing.
    #[error("the token is empty")]
    Empty,
    /// It cannot be sent.
    #[error("the token has characters that no token has: give it alone, on one line")]
    Characters,
    /// The file cannot be read.
    #[error("the file with the token, {}, cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Token {
    /// A token, with the white space around it left out.
    ///
    /// # Errors
    /// [`TokenError`] if it is none.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.len() as u64 > LONGEST {
            return Err(TokenError::Characters);
        }
        let header = HeaderValue::from_str(&format!("Bearer {text}"));
        let mut header = header.map_err(|_| TokenError::Characters)?;
        header.set_sensitive(true);
        Ok(Self(header))
    }

    /// The token in a file.
    ///
    /// # Errors
    /// [`TokenError`] if the file cannot be read or holds none.
    pub fn from_file(path: &Path) -> Result<Self, TokenError> {
        let failed = |source| TokenError::File {
            path: path.to_owned(),
            source,
        };
        let mut text = String::new();
        let file = File::open(path).map_err(failed)?;
        file.take(LONGEST + 1)
            .read_to_string(&mut text)
            .map_err(failed)?;
        Self::new(&text)
    }

    /// The value of an `Authorization` header.
    pub(super) const fn header(&self) -> &HeaderValue {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_never_shown() {
        let token = Token::new(" hunter2\n").unwrap();
        assert_eq!(token.header().to_str().unwrap(), "Bearer hunter2");
        let shown = format!("{token:?} {:?}", token.header());
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn what_is_none_is_refused_without_being_shown() {
        for text in ["", " \n", "two words", "hunter2\nhunter3", "pässword"] {
            let refused = Token::new(text).unwrap_err().to_string();
            assert!(!refused.contains("hunter"), "{refused}");
        }
        let long = "x".repeat(LONGEST as usize + 1);
        assert!(Token::new(&long).is_err());
        let missing = Token::from_file(Path::new("/nowhere/token")).unwrap_err();
        assert!(missing.to_string().contains("/nowhere/token"), "{missing}");
    }
}
