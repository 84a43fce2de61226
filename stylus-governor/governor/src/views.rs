//! What only reads.

use alloc::vec::Vec;
use alloy_primitives::B256;
use alloy_sol_types::SolCall;
use arbius_frame::{Answer, Refused};
use arbius_host as host;
use arbius_protocol::cid;
use arbius_protocol::encoding::Encoder;
use arbius_protocol::governance::{NAME, ProposalState, VERSION};
use arbius_protocol::interfaces::governor::IGovernor as G;

use crate::layout::{self, Stored};
use crate::{others, proposals};

/// `eip712Domain()`.
pub fn domain() -> Vec<u8> {
    let mut encoder = Encoder::new(&[], 7);
    encoder
        // Name, version, chain and contract.
        .word(&B256::right_padding_from(&[0x0f]))
        .bytes(NAME.as_bytes())
        .bytes(VERSION.as_bytes())
        .number(host::chain_id().into())
        .word(&host::contract_address())
        .word(&B256::ZERO)
        .words([].into_iter());
    encoder.finish()
}

/// `proposalVotes(proposalId)`.
pub fn votes(id: &B256) -> Vec<u8> {
    let tally = Stored::at(id).tally();
    let mut encoder = Encoder::new(&[], 3);
    encoder
        .number(tally.against)
        .number(tally.in_favour)
        .number(tally.abstain);
    encoder.finish()
}

/// `proposalDetails(proposalId)`.
///
/// # Errors
///
/// `GovernorNonexistentProposal`.
pub fn details(id: &B256) -> Answer {
    let code = code(id)?;
    let record = proposals::read(&code)?;
    let words = [record.description_hash];
    Ok(arbius_protocol::governance::batch(
        &[],
        &record.actions,
        &words,
    ))
}

/// `getActions(proposalId)`.
///
/// # Errors
///
/// `GovernorNonexistentProposal`.
pub fn actions(id: &B256) -> Answer {
    let code = code(id)?;
    let record = proposals::read(&code)?;
    let mut encoder = Encoder::new(&[], 4);
    proposals::write_actions(&mut encoder, &record.actions);
    Ok(encoder.finish())
}

/// `proposalCid(proposalId)`.
///
/// # Errors
///
/// `GovernorNonexistentProposal`.
pub fn description_cid(id: &B256) -> Answer {
    let code = code(id)?;
    let record = proposals::read(&code)?;
    let mut encoder = Encoder::new(&[], 1);
    encoder.bytes(&cid::encode(record.cid));
    Ok(encoder.finish())
}

/// The record of a proposal that exists.
fn code(id: &B256) -> Result<Vec<u8>, Refused> {
    let stored = Stored::at(id);
    if !stored.proposal().exists() {
        return Err(proposals::nonexistent(id));
    }
    Ok(proposals::record_code(&stored.record().0))
}

/// `proposals(proposalId)`, as Governor Bravo has it.
///
/// # Errors
///
/// `GovernorNonexistentProposal`.
pub fn proposal(id: &B256) -> Answer {
    let (proposal, state) = proposals::find(id)?;
    let stored = Stored::at(id);
    let tally = stored.tally();
    let mut encoder = Encoder::new(&[], 10);
    encoder
        .word(id)
        .address(&proposal.proposer)
        .number(stored.record().1.into())
        .number(proposal.vote_start.into())
        .number(proposal.deadline().into())
        .number(tally.in_favour)
        .number(tally.against)
        .number(tally.abstain)
        .number((state == ProposalState::Canceled).into())
        .number((state == ProposalState::Executed).into());
    Ok(encoder.finish())
}

/// `getReceipt(proposalId, voter)`.
pub fn receipt(id: &B256, voter: &B256) -> Vec<u8> {
    let word = layout::receipt(id, voter).load();
    let mut encoder = Encoder::new(&[], 3);
    encoder
        .number(layout::VOTED.get(&word))
        .number(layout::SUPPORT.get(&word))
        .number(layout::WEIGHT.get(&word));
    encoder.finish()
}

/// `quorumVotes()`.
///
/// # Errors
///
/// The token's.
pub fn quorum_votes() -> Result<u128, Refused> {
    let time = others::time(host::timestamp().saturating_sub(1));
    proposals::quorum_at(&time)
}

/// Whether the governor speaks an interface: ERC-165, and OpenZeppelin's `IGovernor` with
/// and without `getProposalId`, which its first versions lacked.
#[must_use]
pub fn supports(interface: &B256) -> bool {
    const ERC165: u32 = selector::<G::supportsInterfaceCall>();
    const GOVERNOR: u32 = governor_interface();
    const BEFORE: u32 = GOVERNOR ^ selector::<G::getProposalIdCall>();
    let Some(id) = interface.first_chunk() else {
        return false;
    };
    matches!(u32::from_be_bytes(*id), ERC165 | GOVERNOR | BEFORE)
}

/// The identifier of OpenZeppelin's `IGovernor` (ERC-165): its selectors, exclusive-or.
const fn governor_interface() -> u32 {
    selector::<G::nameCall>()
        ^ selector::<G::versionCall>()
        ^ selector::<G::COUNTING_MODECall>()
        ^ selector::<G::hashProposalCall>()
        ^ selector::<G::getProposalIdCall>()
        ^ selector::<G::stateCall>()
        ^ selector::<G::proposalThresholdCall>()
        ^ selector::<G::proposalSnapshotCall>()
        ^ selector::<G::proposalDeadlineCall>()
        ^ selector::<G::proposalProposerCall>()
        ^ selector::<G::proposalEtaCall>()
        ^ selector::<G::proposalNeedsQueuingCall>()
        ^ selector::<G::votingDelayCall>()
        ^ selector::<G::votingPeriodCall>()
        ^ selector::<G::quorumCall>()
        ^ selector::<G::getVotesCall>()
        ^ selector::<G::getVotesWithParamsCall>()
        ^ selector::<G::hasVotedCall>()
        ^ selector::<G::proposeCall>()
        ^ selector::<G::queueCall>()
        ^ selector::<G::executeCall>()
        ^ selector::<G::cancelCall>()
        ^ selector::<G::castVoteCall>()
        ^ selector::<G::castVoteWithReasonCall>()
        ^ selector::<G::castVoteWithReasonAndParamsCall>()
        ^ selector::<G::castVoteBySigCall>()
        ^ selector::<G::castVoteWithReasonAndParamsBySigCall>()
}

/// A function's selector as a number.
pub(crate) const fn selector<C: SolCall>() -> u32 {
    u32::from_be_bytes(C::SELECTOR)
}
