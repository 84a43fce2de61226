//! The functions of the Stylus host behind safe wrappers.
//!
//! For contracts that every call pays for, and that therefore do without an SDK, a
//! generated router and an allocator: the program's free memory is one buffer, the
//! [`Scratch`], and all else lies on the stack.
//!
//! Shapes and prices of the functions: the `vm_hooks` module of ArbOS. They exist on chain
//! alone; elsewhere the crate compiles, and whatever calls them does not link.

#![no_std]

mod constant;
mod hooks;
mod number;
mod place;
mod refusal;
#[cfg(target_arch = "wasm32")]
mod scratch;
#[cfg(target_arch = "wasm32")]
mod serve;
mod signature;

pub use constant::{limbs, selector, word_of};
pub use hooks::{
    cache, call, chain_id, code, code_size, contract_address, create, delegate_call, emit, flush,
    has_value, import_memory_payment, keccak, keccak_words, load, log, read_calldata,
    read_returned, sender, static_call, timestamp, value, write_result, write_words,
};
pub use number::{narrow, number, part};
pub use place::entry;
pub use refusal::Refused;
#[cfg(target_arch = "wasm32")]
pub use scratch::Scratch;
#[cfg(target_arch = "wasm32")]
pub use serve::serve;
pub use signature::recover;
