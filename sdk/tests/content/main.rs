//! Content: equal to Kubo's, safe on disk, served and fetched without trust.

mod car;
mod fetch;
mod folder;
mod gateway;
mod memory;
mod node;
mod paths;
mod pinning;
mod redirects;
mod store;
mod unixfs;
mod vectors;

use std::sync::Arc;

use arbius_sdk::content::{BlockStore, MemoryStore};

/// Byte i is i mod 251, as in `unixfs.mjs`.
fn ramp(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|i| (i % 251) as u8).collect()
}

fn memory() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new())
}

fn shared(store: &Arc<MemoryStore>) -> Arc<dyn BlockStore> {
    Arc::clone(store) as Arc<dyn BlockStore>
}
