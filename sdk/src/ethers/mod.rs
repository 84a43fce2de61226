//! The contracts for programs that are still on ethers-rs 2 (feature `ethers`): the same
//! calls, events and errors as [`contracts`](crate::contracts) has, as ethers' types, made
//! from the same definitions when this crate is built.
//!
//! | module | type | alloy's |
//! |---|---|---|
//! | [`engine`] | [`IEngine`](engine::IEngine) | [`contracts::IEngine`](crate::contracts::IEngine) |
//! | [`consumer`] | [`ITaskConsumer`](consumer::ITaskConsumer) | [`contracts::ITaskConsumer`](crate::contracts::ITaskConsumer) |
//! | [`token`], [`permit`], [`votes`], [`bridged_token`] | [`IToken`](token::IToken), [`IPermit`](permit::IPermit), [`IVotes`](votes::IVotes), [`IBridgedToken`](bridged_token::IBridgedToken) | of the same names |
//! | [`vesting`] | [`IVesting`](vesting::IVesting) | of the same name |
//! | [`governor`], [`governor_bravo`] | [`IGovernor`](governor::IGovernor), [`IGovernorBravo`](governor_bravo::IGovernorBravo) | of the same names |
//! | [`timelock`] | [`ITimelock`](timelock::ITimelock) | of the same name |
//! | [`proxy`] | [`IProxy`](proxy::IProxy) | of the same name |
//! | [`arb_sys`], [`arb_wasm`], [`arb_wasm_cache`], [`arb_gas_info`], [`arb_owner_public`], [`cache_manager`], [`stylus_deployer`] | [`IArbWasm`](arb_wasm::IArbWasm) and so on | of the same names |
//!
//! In `engine`, `SubmitTaskCall` is a call, `TaskSubmittedFilter` an event, `IEngineErrors`
//! all errors; the method `submit_task` of `IEngine` makes a call and `task_submitted_filter`
//! a filter of events. A function that is overloaded has a method for each form, such as
//! `quorum_numerator` and `quorum_numerator_with_timepoint`.
//!
#![doc = include_str!("example.md")]
//! [`ToEthers`] and [`ToAlloy`] lead from the rest of this crate, which is on alloy, to
//! ethers and back. Over `https` an ethers provider needs the feature `rustls` (or
//! `openssl`) of the program's own dependency on `ethers`; this crate asks for neither.

mod convert;

pub use convert::{ToAlloy, ToEthers};

include!(concat!(env!("OUT_DIR"), "/ethers.rs"));
