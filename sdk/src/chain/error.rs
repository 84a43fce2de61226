//! What can go wrong between this program and a chain.

use std::time::Duration;

use alloy::transports::{RpcError, TransportError, TransportErrorKind};
use alloy_primitives::{Address, B256, Bytes, U256};

use super::{
    JournalError, Revert, SignerError,
    pool::{Exhausted, Fault},
    revert::beginning,
};
use crate::http::{HttpError, excerpt};

/// An error of reading from or writing to a chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The text is no URL of an endpoint.
    #[error("`{url}` is no RPC URL: it must look like http://127.0.0.1:8545 ({reason})")]
    MalformedUrl {
        /// The text.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client could not be set up.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// No endpoint answers.
    #[error(
        "no JSON-RPC endpoint answers at {url}: {reason}; check that the node runs and that the URL is right"
    )]
    Unreachable {
        /// The endpoint, or all of them.
        url: String,
        /// What went wrong, at each.
        reason: String,
    },
    /// The endpoint serves another chain.
    #[error(
        "{url} serves chain {found}, but chain {expected} was asked for; use an endpoint of chain {expected}"
    )]
    WrongChain {
        /// The endpoint.
        url: String,
        /// The chain id asked for.
        expected: u64,
        /// The chain id that the endpoint reports.
        found: u64,
    },
    /// The chain is not the one that was read before: not even the block that reading began
    /// with is on it.
    #[error(
        "the chain at {url} is another than the one that was read up to now: its block {block} is not the one of before; use an endpoint of that chain, or begin anew in an empty folder"
    )]
    OtherChain {
        /// The endpoint.
        url: String,
        /// The oldest block that was compared.
        block: u64,
    },
    /// Two endpoints gave different answers to a question that money depends on.
    #[error(
        "the endpoints disagree about {purpose}: {}; nothing is done on such an answer; add an endpoint, or remove the wrong one", answers.join(", ")
    )]
    Disagreement {
        /// What was asked.
        purpose: String,
        /// Each endpoint and what it said.
        answers: Vec<String>,
    },
    /// Several endpoints are named, and too few of them answer to confirm what money depends
    /// on.
    #[error(
        "{purpose} needs the answer of two endpoints, but {reason}; it is asked again until they do"
    )]
    Unconfirmed {
        /// What was asked.
        purpose: String,
        /// Why it cannot be confirmed.
        reason: &'static str,
    },
    /// The endpoint has thrown away the history that was asked for.
    #[error(
        "{url} has no history at block {block} any more ({reason}); use an endpoint that keeps all history, or begin later with `--from-block` (`Settings::from_block`): tasks submitted before that block are not seen"
    )]
    Pruned {
        /// The endpoint.
        url: String,
        /// The first block that was asked for.
        block: u64,
        /// What the endpoint says.
        reason: String,
    },
    /// There are more events than are kept in memory at a time.
    #[error(
        "the events of {emitter} up to block {to} take more than {} MiB; read fewer blocks at a time", limit >> 20
    )]
    TooManyEvents {
        /// Whose events.
        emitter: Address,
        /// The last block that was asked for.
        to: u64,
        /// How much is kept at most, bytes.
        limit: usize,
    },
    /// An endpoint answered what cannot be true.
    #[error("{url} answered {method} with something that cannot be: {reason}")]
    Untrue {
        /// The endpoint.
        url: String,
        /// What was asked.
        method: &'static str,
        /// Why it cannot be.
        reason: String,
    },
    /// The endpoint answered with an error that is no revert.
    #[error("{method} was refused: {message} (code {code})")]
    Refused {
        /// What was asked.
        method: &'static str,
        /// The JSON-RPC error code.
        code: i64,
        /// Its message.
        message: String,
    },
    /// The endpoint's answer could not be read.
    #[error("{method} was answered with something unreadable: {reason}")]
    Unreadable {
        /// What was asked.
        method: &'static str,
        /// Why it could not be read.
        reason: String,
    },
    /// A call or a simulated transaction reverted; nothing was sent.
    #[error("{purpose} would revert with {revert}")]
    WouldRevert {
        /// What was to be done.
        purpose: String,
        /// The contract's answer.
        revert: Box<Revert>,
    },
    /// A transaction was included and reverted.
    #[error("{purpose} was included as {hash} and reverted with {revert}")]
    Reverted {
        /// What was to be done.
        purpose: String,
        /// The transaction.
        hash: B256,
        /// The contract's answer, as a replay of it says.
        revert: Box<Revert>,
    },
    /// A contract's answer does not decode as its interface says.
    #[error(
        "{address} answered {call} with {}, which does not decode; is there an Arbius contract at that address on this chain?",
        beginning(data)
    )]
    Undecodable {
        /// Whom was asked.
        address: Address,
        /// The signature of the call.
        call: &'static str,
        /// What came back.
        data: Bytes,
    },
    /// There is no code where a contract should be.
    #[error("there is no contract at {address} on chain {chain}; check the deployment's addresses")]
    NoCode {
        /// The address.
        address: Address,
        /// The chain.
        chain: u64,
    },
    /// The account cannot pay for gas and value.
    #[error(
        "{account} holds {balance} wei, but {purpose} needs {needed} wei; send it the difference"
    )]
    InsufficientFunds {
        /// The sender.
        account: Address,
        /// Its balance, wei.
        balance: U256,
        /// Gas at the fee ceiling plus value, wei.
        needed: U256,
        /// What was to be done.
        purpose: Box<str>,
    },
    /// Gas costs more than the ceiling that was set.
    #[error(
        "the base fee is {base_fee} wei a gas, above the ceiling of {ceiling}; wait, or raise the ceiling"
    )]
    FeeAboveCeiling {
        /// The latest block's base fee, wei.
        base_fee: u128,
        /// The ceiling, wei.
        ceiling: u128,
    },
    /// No receipt came in time. The transaction may still be included, until an empty one has
    /// taken its place.
    #[error(
        "{purpose}: transaction {hash} has no receipt after {waited:?}; it is called off, but may still be included"
    )]
    NoReceipt {
        /// What was to be done.
        purpose: String,
        /// The transaction.
        hash: B256,
        /// How long was waited.
        waited: Duration,
    },
    /// Another transaction of the same account took the nonce.
    #[error(
        "{purpose}: another transaction of {account} took nonce {nonce}, so {hash} can never be included; use a key in one program only"
    )]
    Superseded {
        /// What was to be done.
        purpose: String,
        /// The sender.
        account: Address,
        /// The nonce.
        nonce: u64,
        /// The transaction that lost.
        hash: B256,
    },
    /// The transaction was called off before it was included, and never will be.
    #[error("{purpose}: transaction {hash} was called off before it was included")]
    CalledOff {
        /// What was to be done.
        purpose: String,
        /// The transaction.
        hash: B256,
    },
    /// The lane only simulates, and the simulation succeeded.
    #[error("{purpose} would succeed, but nothing is sent in shadow mode")]
    Shadow {
        /// What was to be done.
        purpose: String,
    },
    /// The key cannot sign.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The intent could not be written down, so nothing was sent.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl ChainError {
    /// The revert, if this is one, simulated or included.
    #[must_use]
    pub fn revert(&self) -> Option<&Revert> {
        match self {
            Self::WouldRevert { revert, .. } | Self::Reverted { revert, .. } => Some(revert),
            _ => None,
        }
    }

    /// Whether this is a revert with the custom error of this name.
    #[must_use]
    pub fn is_revert(&self, name: &str) -> bool {
        self.revert().is_some_and(|revert| revert.is(name))
    }

    /// Whether the same request may succeed later without anybody changing anything:
    /// endpoints recover, fees fall and receipts arrive.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Unreadable { .. }
            | Self::Refused { .. }
            | Self::FeeAboveCeiling { .. }
            | Self::InsufficientFunds { .. }
            | Self::NoReceipt { .. }
            | Self::Superseded { .. }
            | Self::CalledOff { .. }
            | Self::Disagreement { .. }
            | Self::Unconfirmed { .. }
            | Self::Untrue { .. } => true,
            Self::MalformedUrl { .. }
            | Self::Http(_)
            | Self::WrongChain { .. }
            | Self::OtherChain { .. }
            | Self::Pruned { .. }
            | Self::TooManyEvents { .. }
            | Self::WouldRevert { .. }
            | Self::Reverted { .. }
            | Self::Undecodable { .. }
            | Self::NoCode { .. }
            | Self::Shadow { .. }
            | Self::Signer(_)
            | Self::Journal(_) => false,
        }
    }

    /// Reads a transport error: what is a revert becomes one, what is the network's fault
    /// names the endpoint.
    pub(super) fn from_rpc(
        error: TransportError,
        method: &'static str,
        purpose: &str,
        url: &str,
    ) -> Self {
        if let Some(payload) = error.as_error_resp() {
            if let Some(data) = payload.as_revert_data() {
                let purpose = purpose.to_owned();
                return Self::WouldRevert {
                    purpose,
                    revert: Box::new(Revert::decode(data)),
                };
            }
            // Geth answers a revert without data with this message and no data at all.
            if payload.message.contains("execution reverted") {
                let purpose = purpose.to_owned();
                return Self::WouldRevert {
                    purpose,
                    revert: Box::new(Revert::decode(Bytes::new())),
                };
            }
            let message = excerpt(payload.message.as_bytes());
            return Self::Refused {
                method,
                code: payload.code,
                message,
            };
        }
        match error {
            RpcError::Transport(TransportErrorKind::Custom(source)) => {
                match source.downcast_ref::<Exhausted>() {
                    Some(Exhausted(faults)) => Self::from_faults(faults, method),
                    None => Self::Unreachable {
                        url: url.to_owned(),
                        reason: source.to_string(),
                    },
                }
            }
            RpcError::Transport(source) => Self::Unreachable {
                url: url.to_owned(),
                reason: source.to_string(),
            },
            other => Self::Unreadable {
                method,
                // It holds the whole answer.
                reason: excerpt(other.to_string().as_bytes()),
            },
        }
    }

    /// What went wrong at each endpoint, by its name.
    pub(super) fn from_faults(faults: &[(String, Fault)], method: &'static str) -> Self {
        let wrong = faults.iter().find_map(|(name, fault)| match fault {
            Fault::WrongChain { expected, found } => Some((name.clone(), *expected, *found)),
            _ => None,
        });
        let barred = |(_, fault): &(String, Fault)| matches!(fault, Fault::WrongChain { .. });
        if let Some((url, expected, found)) = wrong
            && faults.iter().all(barred)
        {
            return Self::WrongChain {
                url,
                expected,
                found,
            };
        }
        match faults {
            [(_, Fault::Garbage(reason))] => Self::Unreadable {
                method,
                reason: reason.clone(),
            },
            [(url, fault)] => Self::Unreachable {
                url: url.clone(),
                reason: fault.to_string(),
            },
            _ => {
                let names: Vec<_> = faults.iter().map(|(name, _)| name.as_str()).collect();
                Self::Unreachable {
                    url: names.join(" or "),
                    reason: Exhausted(faults.to_vec()).to_string(),
                }
            }
        }
    }
}
