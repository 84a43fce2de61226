//! The interfaces of the contracts, by `sol!`: the one place where functions, events and
//! errors are declared, with what they mean.
//!
//! | module | contracts |
//! |---|---|
//! | [`engine`] | the engine |
//! | [`consumer`] | what a contract implements to be told a task's outcome |
//! | [`token`] | AIUS: ERC-20, permit, votes, the bridge's side |
//! | [`vesting`] | AIUS that a beneficiary gets over time |
//! | [`governor`] | proposals and votes |
//! | [`timelock`] | what waits before it is executed; the treasury |
//! | [`proxy`] | the ERC-1967 proxy in front of each contract |
//! | [`arbos`] | what is used of Arbitrum's own contracts |
//!
//! With the feature `abi` every interface has its JSON ABI (`IEngine::abi::contract()`),
//! with `rpc` an instance over a provider (`IEngine::new`), both from these definitions.
//! [`interface!`](crate::interface) defines others in the same way.

// Instances and events take what the contract's functions and events take.
#![allow(clippy::too_many_arguments)]

pub mod arbos;
pub mod consumer;
mod definition;
pub mod engine;
pub mod governor;
pub mod proxy;
pub mod timelock;
pub mod token;
pub mod vesting;

use crate::interface;

/// The JSON ABI of one of our contracts by the name of its artifact, such as `engine`;
/// nothing for any other name.
#[cfg(feature = "abi")]
pub fn abi(contract: &str) -> Option<alloy_json_abi::JsonAbi> {
    match contract {
        "engine" => Some(engine::IEngine::abi::contract()),
        "token" => Some(merged([
            token::IToken::abi::contract(),
            token::IPermit::abi::contract(),
            token::IVotes::abi::contract(),
            token::IBridgedToken::abi::contract(),
        ])),
        "vesting" => Some(vesting::IVesting::abi::contract()),
        "governor" => Some(merged([
            governor::IGovernor::abi::contract(),
            governor::IGovernorBravo::abi::contract(),
        ])),
        "timelock" => Some(timelock::ITimelock::abi::contract()),
        "proxy" => Some(proxy::IProxy::abi::contract()),
        _ => None,
    }
}

/// The ABI of a contract that answers several interfaces.
#[cfg(feature = "abi")]
fn merged<const N: usize>(interfaces: [alloy_json_abi::JsonAbi; N]) -> alloy_json_abi::JsonAbi {
    let mut all = alloy_json_abi::JsonAbi::new();
    for interface in interfaces {
        for (name, functions) in interface.functions {
            all.functions.entry(name).or_default().extend(functions);
        }
        for (name, events) in interface.events {
            all.events.entry(name).or_default().extend(events);
        }
        for (name, errors) in interface.errors {
            all.errors.entry(name).or_default().extend(errors);
        }
        all.receive = all.receive.or(interface.receive);
    }
    all
}
