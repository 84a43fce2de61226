//! The contract that composes two models (`examples/composition`), as WASM on the local chain.
//!
//! | file | what it holds |
//! |---|---|
//! | `world` | a chain, the contract, and people around it |
//! | `stories` | how a story goes on, and how it ends |
//! | `outcomes` | who tells the contract what, how often, with how much gas |
//! | `refusals` | what cannot be begun, stopped or withdrawn |
//! | `models` | the same with the models that ship and a miner that tells by itself |

mod models;
mod outcomes;
mod refusals;
mod stories;
mod world;
