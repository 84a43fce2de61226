//! The binary as its users meet it.

mod bad_input;
mod by_hand;
mod demo;
mod devnet;
mod endpoints;
mod ipfs;
mod models;
mod operator;
mod program;
mod snapshot;
