//! Single contracts as they run: WASM on a local chain, through JSON-RPC.

mod local;
mod proxy;
mod token;
mod vesting;
