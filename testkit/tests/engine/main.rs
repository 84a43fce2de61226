//! The engine's rules, each against the WASM on a local chain, through JSON-RPC.
//!
//! A file per room of the engine. Defects of the deployed reference network that the
//! protocol marks as learned have tests whose names begin with `learned_`. Every scenario
//! ends with its books balanced: what the token says that the engine has is what is left
//! to emit and what the engine holds.

mod admin;
mod calldata;
mod claims;
mod commitments;
mod consumers;
mod contestations;
mod emission;
mod errors;
mod functions;
mod hostile;
mod models;
mod parameters;
mod pause;
mod records;
mod reentrancy;
mod reference;
mod retraction;
mod solutions;
mod stake;
mod start;
mod tasks;
mod treasury;
mod upgrade;
mod world;
