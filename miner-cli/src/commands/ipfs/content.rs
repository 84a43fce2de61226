//! Which content is meant.

use arbius_sdk::content::{Cid, cids};

/// A CID and the way to something below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) root: Cid,
    /// `a/b.png`, or empty for the root itself.
    pub(super) path: String,
}

impl Content {
    /// Reads `CID`, `CID/a/b.png`, `/ipfs/CID/…` or `ipfs://CID/…`.
    pub(super) fn parse(text: &str) -> eyre::Result<Self> {
        let plain = text
            .strip_prefix("ipfs://")
            .or_else(|| text.strip_prefix("/ipfs/"))
            .unwrap_or(text);
        let (root, path) = plain.split_once('/').unwrap_or((plain, ""));
        Ok(Self {
            root: cids::parse(root)?,
            path: path.trim_matches('/').to_owned(),
        })
    }

    /// What to call it on disk: the last name of the path, or the CID.
    pub(super) fn name(&self) -> String {
        match self.path.rsplit('/').next() {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => self.root.to_string(),
        }
    }
}

impl std::fmt::Display for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "{}", self.root),
            path => write!(f, "{}/{path}", self.root),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_named_as_elsewhere() {
        let cid = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH";
        for (text, path, name) in [
            (cid.to_owned(), "", cid),
            (format!("/ipfs/{cid}/"), "", cid),
            (format!("ipfs://{cid}/a/b.png"), "a/b.png", "b.png"),
            (format!("{cid}/a b/"), "a b", "a b"),
        ] {
            let content = Content::parse(&text).unwrap();
            assert_eq!(
                (content.path.as_str(), content.name().as_str()),
                (path, name)
            );
            assert_eq!(content.root.to_string(), cid);
        }
        assert!(Content::parse("pictures/seven.png").is_err());
    }
}
