//! The interfaces of the example contracts, by `sol!`: what a contract and the apps that
//! call it share.
//!
//! | module | contract |
//! |---|---|
//! | [`collection`] | an ERC-721 collection of pictures that the network draws |
//! | [`competition`] | competitions in which tasks compete for an escrowed prize |
//! | [`composition`] | lets a text model and a picture model work on one story |
//! | [`requester`] | submits tasks for whoever calls it |
//! | [`worklog`] | an agent's tasks, one a period, for anyone to verify |
//!
//! With the feature `abi` every interface has its JSON ABI (`abi("requester")`), with `rpc`
//! an instance over a provider (`IRequester::new`), both from these definitions, as
//! [`interface!`] makes them.

#![no_std]
// Instances and events take what the contract's functions and events take.
#![allow(clippy::too_many_arguments)]

pub mod collection;
pub mod competition;
pub mod composition;
pub mod requester;
pub mod worklog;

use arbius_protocol::interface;

/// The JSON ABI of an example contract by the name of its artifact, such as `requester`;
/// nothing for any other name.
#[cfg(feature = "abi")]
pub fn abi(contract: &str) -> Option<alloy_json_abi::JsonAbi> {
    match contract {
        "collection" => Some(collection::ICollection::abi::contract()),
        "competition" => Some(competition::ICompetition::abi::contract()),
        "composition" => Some(composition::IComposition::abi::contract()),
        "requester" => Some(requester::IRequester::abi::contract()),
        "worklog" => Some(worklog::IWorklog::abi::contract()),
        _ => None,
    }
}
