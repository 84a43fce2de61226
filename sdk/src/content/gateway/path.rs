//! Where a path leads.

use super::source::Source;
use crate::content::Cid;
use crate::content::unixfs::{ReadError, follow};

/// The end of a path, and the way there.
#[derive(Debug)]
pub(super) struct Found {
    /// What the path leads to.
    pub(super) cid: Cid,
    /// The root that the path begins with, and what each of its names leads to.
    pub(super) roots: Vec<Cid>,
    /// The blocks that were read on the way, of sharded directories too; the end is not among
    /// them.
    pub(super) through: Vec<Cid>,
}

impl Found {
    /// Follows names from a root.
    ///
    /// # Errors
    /// [`ReadError::NoEntry`] if the way leads nowhere, and the others as they say.
    pub(super) async fn at(
        root: Cid,
        names: &[String],
        source: &Source,
    ) -> Result<Self, ReadError> {
        let mut found = Self {
            cid: root,
            roots: vec![root],
            through: Vec::new(),
        };
        // One name at a time, because each leads to a root that the answer names.
        for name in names {
            let step = follow(&found.cid, name, source).await?;
            found.cid = step.cid;
            found.roots.push(step.cid);
            found.through.extend(step.through);
        }
        Ok(found)
    }
}
