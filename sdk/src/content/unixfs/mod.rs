//! UnixFS: files as trees of dag-pb nodes, and directories, equal to what Kubo makes with
//! its settings for CIDv0 (`ipfs add`): dag-pb leaves, blocks of 262,144 bytes, a balanced
//! tree of at most 174 links a node.
//!
//! ```
//! use arbius_sdk::content::unixfs;
//!
//! let cid = unixfs::cid_of(b"hello world\n");
//! assert_eq!(cid.to_string(), "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o");
//! ```

mod directory;
mod export;
mod import;
mod layout;
mod message;

pub use directory::{DirectoryEntry, DirectoryError, MAX_DIRECTORY_BYTES, directory};
pub use export::{MAX_DEPTH, Node, ReadError, Resolved, export, head, read, resolve};
pub use import::{ImportError, Imported, cid_of_files, import, import_with, put_files};
pub use layout::{Layout, cid_of, cid_of_with};
pub use message::{Contents, MalformedError, Part, parse};
