//! Stores beyond this machine: that they speak the APIs, and that none of them is believed.

mod faults;
mod kubo;
mod kubo_server;
mod peers;
mod pinata;
mod replicas;
mod service;

use std::sync::Arc;
use std::time::Duration;

use arbius_sdk::content::pinning::{PinTimes, Token};
use arbius_sdk::content::unixfs::put_files;
use arbius_sdk::content::{BlockStore, Cid, MemoryStore};

use crate::ramp;

/// For stores that answer, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

fn times() -> PinTimes {
    PinTimes {
        answer: PATIENCE,
        slowest: 1 << 20,
    }
}

fn token() -> Token {
    Token::new("hunter2").unwrap()
}

/// A directory with a file of several blocks, as a result is.
async fn result() -> (Cid, Arc<dyn BlockStore>) {
    let store = MemoryStore::new();
    let large = ramp(600_000);
    let files = [("out.bin", large.as_slice()), ("info.json", b"{}")];
    let root = put_files(&files, &store).await.unwrap().cid;
    (root, Arc::new(store))
}
