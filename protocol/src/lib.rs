//! The rules of the Arbius protocol as pure functions, and the interfaces of its
//! contracts.
//!
//! Everything that is arithmetic or a decision is here and nowhere else: contracts keep
//! state and move tokens, miners and apps plan and verify, and all of them ask this
//! crate. It has no I/O and no state, needs no `std`, and never panics.
//!
//! | module | rules | protocol section |
//! |---|---|---|
//! | [`fixed`] | fixed-point arithmetic with 18 decimals | 2 |
//! | [`emission`] | target supply, difficulty, reward, what a claim emits | 2 |
//! | [`cid`] | content identifiers of what is on-chain | 3 |
//! | [`ids`] | identifiers of models and tasks, commitments, seeds | 3 |
//! | [`splits`] | who gets what of fees and rewards | 2, 5, 6 |
//! | [`tasks`] | status, retraction, commit and reveal, claim | 5, 6 |
//! | [`validators`] | minimum, slash amount, stake | 7 |
//! | [`contestation`] | who may contest and vote, locks, settlement | 8 |
//! | [`solvency`] | what the engine's balance must cover | 9 |
//! | [`clock`] | time without pauses | 10 |
//! | [`vesting`] | what has vested, and the schedules of genesis | 1 |
//! | [`governance`] | proposals, votes, the timelock, the guardian | 11 |
//! | [`encoding`] | argument lists as the ABI has them | 11 |
//! | [`params`] | every parameter with its default and bounds, as data | 2, 6–8, 11 |
//! | [`interfaces`] | functions, events and errors of the contracts | 13 |
//!
//! Amounts, rates and percentages are `u128` (wei of AIUS, fractions of 1e18), times
//! `u64` seconds, identifiers `B256`. A million AIUS is below 2^80 wei, and 128 bits
//! cost a WASM program far less than 256. The interfaces speak the ABI's own types.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

/// The example of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod cid;
pub mod clock;
pub mod contestation;
pub mod emission;
pub mod encoding;
pub mod fixed;
pub mod governance;
pub mod ids;
pub mod interfaces;
pub mod params;
pub mod solvency;
pub mod splits;
pub mod tasks;
pub mod validators;
pub mod vesting;

/// What [`interface!`] expands to names these.
#[doc(hidden)]
pub mod __private {
    #[cfg(feature = "rpc")]
    pub use alloy_contract;
    pub use alloy_sol_types::{self, sol};
}
