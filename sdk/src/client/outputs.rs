//! A solution's files.

use super::ClientError;
use crate::content::{Cid, Fetcher, MemoryStore, unixfs};

/// One file of a solution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Its name, as the model's template gives it.
    pub name: String,
    /// Its bytes, which hash to what the chain holds.
    pub bytes: Vec<u8>,
}

/// The files of a solution, every block of them checked against the on-chain CID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// The CID of the directory.
    pub cid: Cid,
    /// Its files, in the directory's order.
    pub files: Vec<OutputFile>,
}

impl Outputs {
    /// Fetches all files of a solution from the fetcher's gateways.
    ///
    /// # Errors
    ///
    /// [`ClientError::Fetch`] if no gateway has the content, or what they have is not what
    /// the CID says.
    pub async fn fetch(fetcher: &Fetcher, cid: Cid) -> Result<Self, ClientError> {
        let store = MemoryStore::new();
        let failed = |reason: String| ClientError::Fetch {
            cid: cid.to_string(),
            reason,
        };
        fetcher
            .fetch(&cid, &store)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let root = unixfs::resolve(&cid, "", &store)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let unixfs::Node::Directory { entries } = root.node else {
            return Err(failed(
                "it is a file, but a solution is a directory of files".to_owned(),
            ));
        };
        let mut files = Vec::with_capacity(entries.len());
        for entry in entries {
            let bytes = unixfs::read(&entry.cid, &store, u64::MAX)
                .await
                .map_err(|error| failed(error.to_string()))?;
            files.push(OutputFile {
                name: entry.name,
                bytes,
            });
        }
        Ok(Self { cid, files })
    }
}
