//! Content by its hash: CIDs, UnixFS, block stores, the gateway that serves blocks and the
//! fetcher that believes none of them before it has hashed them.
//!
//! What a task asks and what a solver answers lies off-chain; the chain holds the CID
//! (protocol section 3). So one rule runs through this module: a [`Block`] exists only if its
//! bytes were hashed and found to be what its CID says. A gateway, a disk or a peer can
//! withhold content; it cannot change it.
//!
//! - [`cids`]: CIDs as text, as the 34 bytes that the contracts hold, and as digests.
//! - [`Block`], [`dag_pb`]: verified blocks and the node format inside them.
//! - [`unixfs`]: files of any size and directories, equal to what Kubo makes of them.
//! - [`Traversal`]: the blocks of a file or directory, each once, depth first.
//! - [`car`]: blocks as one stream, CAR version 1.
//! - [`BlockStore`]: [`FolderStore`] on disk, [`MemoryStore`] for what is passing.
//! - [`Gateway`]: serves a store over HTTP, as blocks and as files (feature `gateway`).
//! - [`Fetcher`]: brings content from a list of gateways into a store.
//! - [`pinning`]: places that keep content for others to fetch, beyond this machine
//!   (feature `pinning`).

mod block;
pub mod car;
pub mod cids;
pub mod dag_pb;
mod fetch;
mod folder;
#[cfg(feature = "gateway")]
mod gateway;
#[cfg(feature = "pinning")]
pub mod pinning;
mod store;
mod traversal;
pub mod unixfs;
mod wire;

pub use block::{Block, BlockError, MAX_BLOCK_BYTES};
pub use fetch::{FetchError, FetchLimits, Fetched, Fetcher, GatewayHealth, Refusal};
pub use folder::{
    Checked, Collected, DamagedBlock, FolderLimits, FolderStore, GcOptions, Hold, Pin, PinMode,
    Repair, StoredBlock,
};
#[cfg(feature = "gateway")]
pub use gateway::{DeniedContent, DeniedContentError, Gateway, GatewayError, GatewayLimits};
pub use store::{BlockStore, MemoryStore, StoreError, StoreFuture};
pub use traversal::{MAX_AHEAD, Scope, Traversal};

/// A CID with a digest of at most 32 bytes, which is all that sha2-256 needs.
pub type Cid = cid::CidGeneric<32>;

/// The version of a CID: 0, which is for dag-pb nodes alone, or 1.
pub use cid::Version as CidVersion;
