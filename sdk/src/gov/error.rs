//! What can go wrong with governing.

use alloy_primitives::{Address, U256};
use arbius_protocol::governance::ProposalState;

use crate::{chain::ChainError, deploy::DeploymentFileError};

/// An error of reading proposals or of acting on one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GovError {
    /// The chain, the endpoint or a contract refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The deployment is of no use.
    #[error(transparent)]
    Deployment(#[from] DeploymentFileError),
    /// No proposal has this identifier or number.
    #[error("there is no proposal {asked}; `arbius gov list` shows all {count} of them")]
    UnknownProposal {
        /// What was asked for.
        asked: String,
        /// How many there are.
        count: usize,
    },
    /// An event names actions or a description that its proposal's identifier does not come from.
    #[error(
        "the endpoint says of proposal {id} what its identifier shows to be false; ask another \
         endpoint"
    )]
    Untrue {
        /// The identifier.
        id: U256,
    },
    /// The contract gave a state that there is none of.
    #[error("the governor says that a proposal is in state {number}, which there is none of")]
    UnknownState {
        /// The number.
        number: u8,
    },
    /// The proposal does not take this now.
    #[error("proposal {id} is {}, and only one that is {} can be {done}", state_name(*state), names(needed))]
    WrongState {
        /// The identifier.
        id: U256,
        /// Its state.
        state: ProposalState,
        /// Those that would do.
        needed: &'static [ProposalState],
        /// What was to be done, as `queued`.
        done: &'static str,
    },
    /// The delay of the timelock is not over.
    #[error("proposal {id} can be executed from {eta} on (seconds since 1970), and it is {now}")]
    TooEarly {
        /// The identifier.
        id: U256,
        /// From when on, seconds since 1970.
        eta: u64,
        /// The chain's time.
        now: u64,
    },
    /// The account voted before.
    #[error("{voter} has voted on proposal {id} already; a vote cannot be changed")]
    Voted {
        /// The identifier.
        id: U256,
        /// The account.
        voter: Address,
    },
    /// The account has no votes that count.
    #[error(
        "{account} had no votes when the vote on proposal {id} began: votes count from when tokens are \
         delegated, also to oneself (`arbius gov delegate self`)"
    )]
    NoVotes {
        /// The identifier.
        id: U256,
        /// The account.
        account: Address,
    },
    /// The account has too few votes to propose.
    #[error(
        "{account} has {votes} wei of votes and a proposal takes {threshold}; delegate more to it, and \
         to itself what it holds (`arbius gov delegate self`)"
    )]
    Threshold {
        /// The account.
        account: Address,
        /// Its votes, wei of AIUS.
        votes: U256,
        /// What it takes, wei of AIUS.
        threshold: U256,
    },
    /// Only its proposer takes a proposal back.
    #[error("proposal {id} is {proposer}'s, and {account} cannot cancel it")]
    NotProposer {
        /// The identifier.
        id: U256,
        /// Whose it is.
        proposer: Address,
        /// Who tried.
        account: Address,
    },
    /// The same was proposed before.
    #[error(
        "the same actions with the same description were proposed before, as {id}: change the \
             description"
    )]
    Exists {
        /// The identifier.
        id: U256,
    },
}

/// The name of a proposal's state, in lower case.
#[must_use]
pub const fn state_name(state: ProposalState) -> &'static str {
    match state {
        ProposalState::Pending => "pending",
        ProposalState::Active => "active",
        ProposalState::Canceled => "canceled",
        ProposalState::Defeated => "defeated",
        ProposalState::Succeeded => "succeeded",
        ProposalState::Queued => "queued",
        ProposalState::Expired => "expired",
        ProposalState::Executed => "executed",
    }
}

fn names(states: &[ProposalState]) -> String {
    let names: Vec<_> = states.iter().map(|state| state_name(*state)).collect();
    names.join(" or ")
}
