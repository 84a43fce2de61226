//! An ERC-721 collection whose pictures the network draws.
//!
//! Minting submits a task; the picture is the solution, once it is final. The minter owns the
//! task, so that the engine refunds a fee to it, and the collection holds no money that could be
//! taken or stuck. What a token says of itself, status and picture, is read from the engine
//! whenever it is asked: nothing has to be told for it to be true.
//!
//! - [`contract`]: the entry points, in the order of `ICollection`;
//! - [`erc721`]: who owns what and who may transfer it;
//! - [`network`]: calls of the engine and its token;
//! - [`prompt`]: which prompts are taken, and the input that they make;
//! - [`metadata`]: what a token says of itself, as JSON.
//!
//! A call may come back in wherever the contract calls out, as ERC-721 wants it: receivers ask
//! who owns a token while they are given it. So everything is written before anything is called
//! that is not the engine or its token.

// The SDK's macros ask for features of its own tooling, and generate entry points that
// cannot carry documentation.
#![allow(missing_docs, unexpected_cfgs)]

// The SDK's macros name it.
extern crate alloc;

mod contract;
mod erc721;
mod metadata;
mod network;
mod prompt;

pub use contract::Collection;
