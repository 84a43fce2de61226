//! The Arbius engine as Stylus contracts: models, tasks, solutions, validators, earnings,
//! parameters.
//!
//! One engine behind one proxy, with one address, one ABI and one storage layout, in two
//! programs that the features `hot` and `rest` choose between; see [`program`]. Every rule
//! is `arbius_protocol`'s; what is here keeps state, checks who asks and moves tokens.
//!
//! | module | what it holds |
//! |---|---|
//! | [`program`] | which program answers which function |
//! | [`layout`] | which room keeps its state where |
//! | [`state`] | configuration, ledger, who may what |
//! | [`admin`] | initialisation and offices |
//! | [`clock`] | pauses, and time that counts |
//! | [`params`] | the table of parameters |
//! | [`models`] | registration, fees, allow-lists, rates |
//! | [`tasks`] | submission, fee increase, retraction, status |
//! | [`solutions`] | commitments and reveals |
//! | [`solvers`] | solvers by number, with what their solutions earned |
//! | [`claims`] | fees and rewards of what stands |
//! | [`earnings`] | what is owed, and its payment |
//! | [`treasury`] | accrued fees, holdings, surplus |
//! | [`validators`] | stakes and withdrawals |
//! | [`contestations`] | contests, votes, settlements |
//! | [`consumers`] | contracts that are told an outcome |
//! | [`reentrancy`] | calls that come back into the engine |
//! | [`emission`] | the curve's views |
//! | [`hashes`] | identifiers and CIDs as views |
//! | `content` | content on its way through: hashed, then told |
//! | [`token`], [`arbsys`] | the contracts that the engine calls |
//! | [`abi`], [`router`], [`revert`], [`store`], [`host`] | what the rooms stand on |

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod abi;
pub mod admin;
pub mod arbsys;
pub mod claims;
pub mod clock;
pub mod consumers;
mod content;
pub mod contestations;
pub mod earnings;
pub mod emission;
pub mod hashes;
pub mod host;
pub mod layout;
pub mod models;
pub mod params;
pub mod program;
pub mod reentrancy;
pub mod revert;
pub mod router;
pub mod solutions;
pub mod solvers;
pub mod state;
pub mod store;
pub mod tasks;
pub mod token;
pub mod treasury;
pub mod validators;
