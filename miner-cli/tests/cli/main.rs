//! The binary as its users meet it.

mod bad_input;
mod by_hand;
mod containers;
mod demo;
mod deploy;
mod devnet;
mod endpoints;
mod gov;
mod ipfs;
#[path = "../../../sdk/tests/content/pinning/kubo_server.rs"]
#[allow(dead_code, reason = "the sdk's tests use more of it")]
mod kubo_server;
mod models;
mod operator;
#[path = "../../../sdk/tests/parts/mod.rs"]
mod parts;
mod program;
mod snapshot;
