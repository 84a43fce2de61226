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
#[cfg(target_arch = "wasm32")]
mod scratch;
mod signature;

pub use constant::{limbs, word_of};
pub use hooks::{
    cache, call, chain_id, code, code_size, contract_address, create, delegate_call, emit, flush,
    has_value, import_memory_payment, keccak, load, log, read_calldata, read_returned, sender,
    static_call, timestamp, value, write_result,
};
#[cfg(target_arch = "wasm32")]
pub use scratch::Scratch;
pub use signature::recover;
