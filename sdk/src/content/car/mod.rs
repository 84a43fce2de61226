//! CAR version 1: blocks as one stream, headed by the CIDs that matter in it (the IPLD
//! specification "Content Addressable aRchives").
//!
//! - [`export`] writes what lies beneath some roots, [`import`] brings a stream into a store.
//! - [`CarWriter`] and [`CarReader`] do so block by block, in constant memory.
//!
//! A block of a stream is believed as little as one from a gateway: it is hashed first.
//! Blocks named by another hash than sha2-256 are refused, those of the identity hash passed
//! over, since the CID itself holds what is in them. Version 2, which wraps version 1 in an
//! index, is refused.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use arbius_sdk::content::{MemoryStore, car, unixfs};
//!
//! let (here, there) = (MemoryStore::new(), MemoryStore::new());
//! let root = unixfs::import(&b"a picture"[..], &here).await?.cid;
//! let mut bytes = Vec::new();
//! car::export(&[root], &here, &mut bytes).await?;
//!
//! let imported = car::import(&bytes[..], &there, car::CarLimits::default()).await?;
//! assert_eq!(imported.roots, [root]);
//! assert_eq!(unixfs::read(&root, &there, 1024).await?, b"a picture");
//! # Ok(())
//! # }
//! ```

mod header;
mod read;
mod transfer;
mod write;

pub use header::HeaderError;
pub use read::{CarError, CarLimits, CarReader};
pub use transfer::{CarExported, CarImported, CarTransferError, export, import};
pub use write::CarWriter;

/// The media type of a CAR of version 1.
pub const CONTENT_TYPE: &str = "application/vnd.ipld.car; version=1";
