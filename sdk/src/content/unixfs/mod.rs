//! UnixFS: files as trees of dag-pb nodes, and directories, equal to what Kubo makes of them
//! (`ipfs add`, with or without `--cid-version`, `--raw-leaves`, `--chunker size-…`).
//!
//! - [`Layout`]: the settings; [`Layout::KUBO`] makes the CIDs that go on-chain.
//! - [`import`], [`import_files`], [`import_path`]: bytes, several files in memory, or what
//!   lies on disk, into a store.
//! - [`follow`], [`resolve`], [`list`]: from a CID by a path to a file or directory.
//! - [`export`], [`export_range`], [`export_path`]: the bytes of a file, a part of them, or
//!   a whole tree onto the disk.
//! - [`parse`]: what one block holds.
//!
//! Balanced trees of chunks of one size are made; whatever else there is of UnixFS (trickle
//! trees, chunks cut by content, files inlined into their CID) is read. Names are UTF-8 and
//! have no slash or backslash.
//!
//! Mode and modification time, which newer writers may add, are passed over: they say
//! nothing about the bytes, and two readers would otherwise get two CIDs.
//!
//! ```
//! use arbius_sdk::content::unixfs;
//!
//! let cid = unixfs::cid_of(b"hello world\n");
//! assert_eq!(cid.to_string(), "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o");
//! ```

mod directory;
mod export;
mod export_path;
mod hamt;
mod import;
mod import_path;
mod layout;
mod leaf;
mod message;
mod pair;
mod progress;
mod resolve;

pub use directory::{Directory, DirectoryEntry, DirectoryError, SHARDED_ABOVE, directory};
pub use export::{MAX_DEPTH, export, export_range, head, read};
pub use export_path::{ExportLimits, ExportPathError, Exported, export_path};
pub use hamt::{Held, Lookup, Shard, ShardError, Step};
pub use import::{
    ImportError, Imported, cid_of_files, import, import_files, import_with, put_files,
};
pub use import_path::{ImportOptions, Symlinks, import_path};
pub use layout::{Layout, cid_of, cid_of_with};
pub use message::{Contents, MalformedError, Part, parse};
pub use progress::Progress;
pub use resolve::{Followed, MAX_ENTRIES, Node, ReadError, Resolved, follow, list, resolve};
