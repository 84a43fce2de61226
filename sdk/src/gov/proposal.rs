//! Proposals and the votes on them.

use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_protocol::governance::{self, ProposalState, Support};

use super::{Action, error};
use crate::content::Cid;

/// A proposal and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proposal {
    /// Which one it is in the order of their making, from 1 on.
    pub number: usize,
    /// Its identifier: a hash of its actions and its description.
    pub id: U256,
    /// Who made it.
    pub proposer: Address,
    /// What it is about.
    pub description: String,
    /// The CID of the description.
    pub cid: Cid,
    /// What is done if it passes.
    pub actions: Vec<Action>,
    /// When votes are looked up, seconds since 1970; voting begins a second later.
    pub vote_start: u64,
    /// The last second in which one can vote, seconds since 1970.
    pub vote_end: u64,
    /// The block that it was made in.
    pub block: u64,
    /// How it stands.
    pub state: ProposalState,
    /// Votes against it, wei of AIUS.
    pub against: U256,
    /// Votes for it, wei of AIUS.
    pub in_favour: U256,
    /// Votes that abstain, wei of AIUS.
    pub abstain: U256,
    /// What votes for it and abstaining have to reach together, wei of AIUS. Before the vote
    /// begins it is what it would be now.
    pub quorum: U256,
    /// When it can be executed, seconds since 1970, once it is queued.
    pub eta: Option<u64>,
}

/// A vote that was cast.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CastVote {
    /// Who.
    pub voter: Address,
    /// What for.
    pub support: Support,
    /// With how many votes, wei of AIUS.
    pub weight: U256,
    /// Why; may be empty.
    pub reason: String,
    /// The block.
    pub block: u64,
}

impl Proposal {
    /// The first line of the description that is not empty, without the marks of a heading.
    #[must_use]
    pub fn title(&self) -> &str {
        let line = self
            .description
            .lines()
            .map(|line| line.trim_start_matches('#').trim())
            .find(|line| !line.is_empty());
        line.unwrap_or_default()
    }

    /// The state's name, in lower case.
    #[must_use]
    pub const fn state_name(&self) -> &'static str {
        error::state_name(self.state)
    }

    /// Whether votes for it and abstaining reach the quorum.
    #[must_use]
    pub fn has_quorum(&self) -> bool {
        self.in_favour.saturating_add(self.abstain) >= self.quorum
    }
}

/// The identifier of a proposal of these actions and this description's keccak-256.
pub(super) fn identifier(actions: &[Action], description_hash: B256) -> U256 {
    let actions: Vec<_> = actions.iter().map(borrowed).collect();
    governance::proposal_id(&actions, description_hash).into()
}

fn borrowed(action: &Action) -> governance::Action<'_> {
    governance::Action {
        target: action.target,
        value: action.value,
        signature: b"",
        data: &action.data,
    }
}

/// The lists that the governor takes actions as.
pub(super) fn lists(actions: &[Action]) -> (Vec<Address>, Vec<U256>, Vec<Bytes>) {
    (
        actions.iter().map(|action| action.target).collect(),
        actions.iter().map(|action| action.value).collect(),
        actions.iter().map(|action| action.data.clone()).collect(),
    )
}
