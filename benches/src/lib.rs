//! Measurements that cross crates.
//!
//! - [`gas`]: what each step of the protocol costs on a local chain, beside the figures of
//!   the deployed reference; the binary `gas` writes and checks `benches/gas.json`.

pub mod gas;
