//! What the governor and the timelock stand on: the entry of a program, its storage, the
//! lists of calls that it takes, and the calls that it makes.
//!
//! | module | what is in it |
//! |---|---|
//! | `entry` | from the host's entry point to a function that answers calldata |
//! | `refusal` | errors as data |
//! | `storage` | words, mappings, and parts of a word |
//! | `lists` | lists of calls as arguments |
//! | `outward` | calls of other contracts |
//! | `event` | logs |
//!
//! Programs that are built on it have a heap, which is never freed: a program's memory
//! lives as long as one call.

#![no_std]

extern crate alloc;

mod entry;
mod event;
mod lists;
mod outward;
mod refusal;
mod storage;

pub use alloc::vec::Vec;
#[cfg(target_arch = "wasm32")]
pub use entry::run;
pub use entry::{Answer, is_behind_proxy, refuse_value, text};
pub use event::Event;
pub use lists::{Lists, Unequal};
pub use outward::{ask, ask_word, call};
pub use refusal::Refused;
pub use storage::{Part, Slot, address_of, word_of};
