//! Content that an operator does not serve.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::StatusCode;
use multihash::Multihash;

use super::refusal::Refused;
use crate::content::Cid;
use crate::content::cids::{self, CidError};

/// CIDs that a gateway answers with 410 (Gone), and so everything whose path leads through
/// them.
///
/// One a line, as the compact denylist format of IPFS (IPIP-383) has them: a CID, `/ipfs/CID`
/// or `/ipfs/CID/*`. Blank lines and those that begin with `#` say nothing. Content is told by
/// its hash: a CID of another version or base names the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeniedContent {
    hashes: HashSet<Multihash<32>>,
}

/// A line of a [`DeniedContent`] that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the list of denied content is no CID: {reason}")]
pub struct DeniedContentError {
    /// Its number, from 1.
    line: usize,
    /// What is wrong with it.
    reason: CidError,
}

impl DeniedContent {
    /// Reads a list.
    ///
    /// # Errors
    /// [`DeniedContentError`] names the first line that is none.
    pub fn parse(text: &str) -> Result<Self, DeniedContentError> {
        let mut list = Self::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let cid = line.strip_prefix("/ipfs/").unwrap_or(line);
            let cid = cid.strip_suffix("/*").unwrap_or(cid);
            let cid = cids::parse(cid).map_err(|reason| DeniedContentError {
                line: number + 1,
                reason,
            })?;
            list.hashes.insert(*cid.hash());
        }
        Ok(list)
    }

    /// How much content it names.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether it names nothing.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }
}

/// The list that is in force, which may be replaced.
#[derive(Debug, Clone, Default)]
pub(super) struct Denied {
    list: Arc<RwLock<DeniedContent>>,
}

impl Denied {
    pub(super) fn replace(&self, list: DeniedContent) {
        *self.list.write().unwrap_or_else(PoisonError::into_inner) = list;
    }

    pub(super) fn contains(&self, cid: &Cid) -> bool {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        list.hashes.contains(cid.hash())
    }

    /// # Errors
    /// 410 if one of the CIDs that a path leads through is denied.
    pub(super) fn allow(&self, roots: &[Cid]) -> Result<(), Refused> {
        match roots.iter().find(|cid| self.contains(cid)) {
            None => Ok(()),
            Some(cid) => Err(Refused::new(
                StatusCode::GONE,
                format!("the operator of this gateway does not serve {cid}"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::unixfs::cid_of;

    #[test]
    fn content_is_denied_whatever_the_form_of_its_cid() {
        let (one, other) = (cid_of(b"one"), cid_of(b"other"));
        let text = format!("# because\n\n/ipfs/{}/*\n", one.into_v1().unwrap());
        let denied = Denied::default();
        denied.allow(&[one]).unwrap();
        denied.replace(DeniedContent::parse(&text).unwrap());
        let refused = denied.allow(&[other, one]).unwrap_err();
        assert_eq!(refused.status(), StatusCode::GONE);
        denied.allow(&[other]).unwrap();
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let error = DeniedContent::parse("\n/ipfs/nonsense").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(DeniedContent::parse("").unwrap().is_empty());
        assert_eq!(
            DeniedContent::parse(&cid_of(b"x").to_string())
                .unwrap()
                .len(),
            1
        );
    }
}
