//! Contracts and apps that use Arbius.
//!
//! Contracts, each a crate that `cargo xtask contracts` builds, but for the one in Solidity:
//!
//! | folder | what it is |
//! |---|---|
//! | `requester/` | submits tasks for its callers |
//! | `collection/` | an ERC-721 collection whose pictures the network draws |
//! | `solidity/` | the same in Solidity, on an npm package of interfaces |
//! | `competition/` | escrows a prize for the best task |
//! | `worklog/` | lists an agent's tasks, one a period |
//! | `composition/` | lets two models work on one story, by what `notifyConsumer` tells it |
//! | `interfaces/` | functions, events and errors of all of them, which contracts and apps share |
//! | `calls/` | what they do with the engine and its token, by typed calls |
//!
//! Apps: `cargo run --release -p arbius-examples --example NAME`. Each but `verify_worklog`, which
//! asks the endpoints that it is given, brings along the network that it runs on. Each ends by itself.
//!
//! | name | what it shows |
//! |---|---|
//! | `ask_through_contract` | asking through `requester`, waiting, fetching, verifying |
//! | `collection` | minting a picture, checking where it comes from, having a fee refunded |
//! | `competition` | a prize, entries, a winner |
//! | `worklog`, `verify_worklog` | an agent that works every hour; a third party that verifies it |
//! | `tell_story` | a story that two models tell and draw |
//! | `embedded_miner` | mining in a program of one's own: start, watch, stop, choose models |
//! | `requester_service` | `service/`: prompts over HTTP, states as they come, verified results |
//!
//! `ethers/` is an app on ethers-rs, which brings its network along too; `javascript/` has one on
//! viem and one on ethers.js, which run beside `arbius devnet` and `arbius mine`.
//!
//! The library holds what the apps share: [`network`], a local network to run them on,
//! [`amount`], how they print AIUS, and a module for each contract that deploys it.

pub mod amount;
pub mod collection;
pub mod competition;
pub mod composition;
pub mod network;
pub mod worklog;

#[cfg(doctest)]
mod book;
