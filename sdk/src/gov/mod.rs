//! The DAO by its contracts (protocol section 11): proposals from files, votes, and their way
//! through the timelock.
//!
//! - [`Contracts`]: the contracts of a deployment by name, with what they can do;
//! - [`Draft`]: a proposal as a file has it, checked and encoded;
//! - [`Action`]: one call of a proposal, and what it says in words ([`Decoded`]);
//! - [`Governance`]: what the governor says, without an account: settings, [`Proposal`]s,
//!   [`CastVote`]s;
//! - [`Voter`]: an account that delegates, proposes, votes, queues, executes and cancels.
//!
//! A proposal's identifier is a hash of its actions and its description, so nobody has to be
//! believed about either: what an endpoint says of them is held against it.

mod action;
mod contracts;
mod draft;
mod error;
mod governance;
mod proposal;
mod value;
mod voter;

pub use arbius_protocol::governance::{ProposalState, Support};

pub use action::{Action, Decoded, DecodedArgument};
pub use contracts::{Contracts, FunctionError};
pub use draft::{Draft, DraftError};
pub use error::{GovError, state_name};
pub use governance::{Governance, Settings};
pub use proposal::{CastVote, Proposal};
pub use voter::{Power, Voter};
