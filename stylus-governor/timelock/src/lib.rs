//! The timelock of the DAO (protocol section 11), as a Stylus program behind a proxy: the
//! interface and the identifiers of OpenZeppelin 5's `TimelockController`, and a guardian.
//!
//! It owns the engine, the treasury and every upgrade. What happens to them is an
//! operation: calls that a proposer schedules, that everybody can see for at least the
//! least delay, and that an executor then makes. It administers its own roles and delay.
//!
//! An operation is marked done before its calls are made, and everything is written out
//! before each of them. So whoever is called may call back: it finds the operation done,
//! and has here the rights that it has anyhow. Program code and rules are separate: the
//! latter are `arbius_protocol::governance`.
//!
//! | module | what is in it |
//! |---|---|
//! | [`operations`] | scheduling, cancelling, executing |
//! | [`roles`] | who may what |
//! | [`guardian`] | who may cancel in the first time |
//! | [`settings`] | initialisation and the least delay |
//! | [`dispatch`] | from a selector to a function |
//! | [`layout`] | where everything lies in storage |

#![no_std]

extern crate alloc;

pub mod dispatch;
pub mod guardian;
pub mod layout;
pub mod operations;
pub mod roles;
pub mod settings;

/// What the host calls.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
extern "C" fn user_entrypoint(len: usize) -> usize {
    arbius_frame::run(len, dispatch::answer)
}
