//! The example contracts as WASM on the local chain, through JSON-RPC.
//!
//! | file | what it holds |
//! |---|---|
//! | `world` | a chain with the protocol, a model, validators, and people |
//! | `competition` | who may open, enter, choose and vote, and where the prize goes |
//! | `worklog` | an agent's log, what the contract refuses, and being told outcomes |
//! | `verification` | what a third party finds out about a log |

mod competition;
mod verification;
mod worklog;
mod world;
