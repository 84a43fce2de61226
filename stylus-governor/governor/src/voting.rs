//! Votes and their count.

use alloy_primitives::B256;
use arbius_frame::{Refused, event, word_of};
use arbius_protocol::governance::{ProposalState, Support};
use arbius_protocol::interfaces::governor::IGovernor;

use crate::layout::{self, Stored};
use crate::{others, proposals};

/// A vote as a call carries it.
#[derive(Clone, Copy, Debug)]
pub struct Ballot<'a> {
    /// The proposal.
    pub proposal: &'a B256,
    /// 0 (against), 1 (for) or 2 (abstain).
    pub support: u8,
    /// Why.
    pub reason: &'a [u8],
    /// Parameters, which counting does not read.
    pub params: &'a [u8],
}

/// Counts the vote of `voter`, a word; returns its votes at the proposal's snapshot.
///
/// # Errors
///
/// `GovernorNonexistentProposal`, `GovernorUnexpectedProposalState` unless voting goes on,
/// `GovernorAlreadyCastVote`, `GovernorInvalidVoteType`.
///
/// # Events
///
/// `VoteCast`, or `VoteCastWithParams` if there are parameters.
pub fn cast(ballot: &Ballot<'_>, voter: &B256) -> Result<B256, Refused> {
    let id = ballot.proposal;
    let proposal = proposals::expect(id, ProposalState::Active)?;
    let weight = others::votes(voter, &others::time(proposal.vote_start))?;
    let receipt = layout::receipt(id, voter);
    let mut word = receipt.load();
    if layout::VOTED.get(&word) != 0 {
        return Err(Refused::with::<IGovernor::GovernorAlreadyCastVote>(&[
            *voter,
        ]));
    }
    let support = Support::from_number(ballot.support)
        .ok_or_else(|| Refused::with::<IGovernor::GovernorInvalidVoteType>(&[]))?;
    layout::VOTED.set(&mut word, 1);
    layout::SUPPORT.set(&mut word, ballot.support.into());
    layout::WEIGHT.set(&mut word, weight);
    receipt.store(&word);
    let stored = Stored::at(id);
    stored.set_tally(&stored.tally().with(support, weight));

    let with_params = !ballot.params.is_empty();
    let mut event = if with_params {
        event!(IGovernor::VoteCastWithParams, &[*voter], 5)
    } else {
        event!(IGovernor::VoteCast, &[*voter], 4)
    };
    let arguments = event.arguments();
    arguments
        .word(id)
        .number(ballot.support.into())
        .number(weight)
        .bytes(ballot.reason);
    if with_params {
        arguments.bytes(ballot.params);
    }
    event.emit();
    Ok(word_of(weight))
}
