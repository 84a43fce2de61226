//! The DAO's rules, each against the WASM of token, governor, timelock and engine on a
//! local chain, through JSON-RPC.

mod beside;
mod bravo;
mod guardian;
mod lifecycle;
mod network;
mod operations;
mod parameters;
mod proposing;
mod quorum;
mod reentrancy;
mod signatures;
mod start;
mod world;
