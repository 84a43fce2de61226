//! Reads ABI-encoded calldata in place.
//!
//! A generic ABI decoder copies every argument to the heap and brings code for every
//! type along; in a Stylus program both are paid for in each call, because the size of
//! a program is part of its start-up gas. The contracts here take words, addresses and
//! few dynamic values, so they read them where they lie.
//!
//! Decoding is strict: an address with dirty upper bytes, an offset or a length that
//! points outside the calldata is [`Malformed`], never truncated or padded.

#![no_std]

mod args;

pub use args::{Args, Blobs, Malformed, Tuples, split_selector};
