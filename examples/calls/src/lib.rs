//! What contracts on Stylus do with Arbius: typed calls to the engine, its token, and any
//! other contract.
//!
//! | module | what it does |
//! |---|---|
//! | [`engine`] | is it an engine, may it take fees, has it a model, does it call |
//! | [`token`] | takes AIUS from who pays, pays it to who is owed |
//! | [`call`] | calls by the types of an interface |
//!
//! What another contract reverts with is handed on as it is, so that whoever called sees the
//! engine's own errors.

#![no_std]

extern crate alloc;

pub mod call;
pub mod engine;
pub mod token;
