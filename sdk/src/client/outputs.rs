//! A solution's files.

use super::ClientError;
use crate::content::{
    Cid, Fetcher, MemoryStore,
    unixfs::{self, ReadError},
};

/// One file of a solution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Its name, as the model's template gives it.
    pub name: String,
    /// Its bytes, which hash to what the chain holds.
    pub bytes: Vec<u8>,
}

/// The files of a solution, every block of them checked against the on-chain CID.
///
/// ```
/// # #[cfg(not(feature = "gateway"))]
/// # fn main() {}
/// # #[cfg(feature = "gateway")]
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::sync::Arc;
/// use arbius_sdk::{
///     client::Outputs,
///     content::{FetchLimits, Fetcher},
/// };
/// # use arbius_sdk::content::{Gateway, MemoryStore, unixfs::{self, Layout}};
/// # let store = MemoryStore::new();
/// # let cid = unixfs::import_files(Layout::KUBO, &[("out.txt", "seven")], &store).await?.cid;
/// # let gateway = Gateway::start(([127, 0, 0, 1], 0).into(), Arc::new(store)).await?;
/// # let gateways = [gateway.url()];
/// # struct Solution { cid: arbius_sdk::content::Cid }
/// # let solution = Solution { cid };
///
/// let limits = FetchLimits { bytes: 1 << 20, ..FetchLimits::default() };
/// let fetcher = Fetcher::new(gateways, limits)?;
/// for file in Outputs::fetch(&fetcher, solution.cid).await?.files {
///     println!("{}: {} bytes", file.name, file.bytes.len());
/// #   assert_eq!(file.bytes, b"seven");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// The CID of the directory.
    pub cid: Cid,
    /// Its files, in the directory's order.
    pub files: Vec<OutputFile>,
}

impl Outputs {
    /// Fetches all files of a solution from the fetcher's gateways, into memory: together
    /// they may have as many bytes as the fetcher's [limits](crate::content::FetchLimits::bytes)
    /// allow, however few blocks they are made of.
    ///
    /// # Errors
    ///
    /// [`ClientError::Fetch`] if no gateway has the content, what they have is not what
    /// the CID says, or it is larger.
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
        let limit = fetcher.limits().bytes;
        let mut left = limit;
        let mut files = Vec::new();
        for entry in entries {
            // A directory may name one file a thousand times, and a file one block.
            let bytes = match unixfs::read(&entry.cid, &store, left).await {
                Ok(bytes) => bytes,
                Err(ReadError::TooLarge { .. }) => {
                    return Err(failed(format!(
                        "its files have more than {limit} bytes together"
                    )));
                }
                Err(error) => return Err(failed(error.to_string())),
            };
            left = left.saturating_sub(bytes.len() as u64);
            files.push(OutputFile {
                name: entry.name,
                bytes,
            });
        }
        Ok(Self { cid, files })
    }
}
