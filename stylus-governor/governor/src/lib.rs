//! The governor of the DAO (protocol section 11), as a Stylus program behind a proxy:
//! OpenZeppelin 5's `IGovernor`, and the calls of Governor Bravo on top.
//!
//! Whoever has the votes proposes a list of calls; whoever has votes at the proposal's
//! snapshot votes; a proposal that passes is queued in the timelock and executed from
//! there, by anybody. The governor's own parameters are changed by the timelock alone, so
//! by vote alone. Every rule is `arbius_protocol::governance`'s.
//!
//! A proposal's actions are stored, so that it can be queued, executed and shown by its
//! identifier. Nothing is kept in memory across a call of another contract, and a proposal
//! is marked before the timelock is called: whoever is called in an execution may call back
//! and finds it executed.
//!
//! | module | what is in it |
//! |---|---|
//! | [`proposals`] | propose, queue, execute, cancel; states |
//! | [`voting`] | votes and their count |
//! | [`signatures`] | votes that were signed |
//! | [`settings`] | initialisation, and what a vote can change |
//! | [`description`] | the content identifier of a description |
//! | [`others`] | what is asked of token and timelock |
//! | [`views`] | what only reads |
//! | [`dispatch`] | from a selector to a function |
//! | [`layout`] | where everything lies in storage |

#![no_std]

extern crate alloc;

pub mod description;
pub mod dispatch;
pub mod layout;
pub mod others;
pub mod proposals;
pub mod settings;
pub mod signatures;
pub mod views;
pub mod voting;

/// What the host calls.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
extern "C" fn user_entrypoint(len: usize) -> usize {
    arbius_frame::run(len, dispatch::answer)
}
