//! What contracts on Stylus do with Arbius: typed calls to the engine, its token, and any
//! other contract, and inputs of tasks from what strangers write.
//!
//! | module | what it does |
//! |---|---|
//! | [`engine`] | is it an engine, may it take fees, has it a model, does it call |
//! | [`token`] | takes AIUS from who pays, pays it to who is owed |
//! | [`call`] | calls by the types of an interface |
//! | [`input`] | which text a task's input can hold, and how |
//!
//! What another contract reverts with is handed on as it is, so that whoever called sees the
//! engine's own errors.

#![no_std]

extern crate alloc;

pub mod call;
pub mod engine;
pub mod input;
pub mod token;
