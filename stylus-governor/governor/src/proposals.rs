//! Proposals: made, queued, executed, taken back.

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolCall;
use arbius_frame::{Refused, call, event, word_of};
use arbius_host as host;
use arbius_protocol::cid;
use arbius_protocol::governance::{
    Action, Proposal, ProposalState, Record, batch, may_propose, operation_id, operation_salt,
    proposal_id, quorum,
};
use arbius_protocol::interfaces::{governor::IGovernor, timelock::ITimelock};

use crate::layout::{self, Stored};
use crate::{description, others, settings};

/// `propose(targets, values, calldatas, description)` and Bravo's form with signatures;
/// returns the proposal's identifier.
///
/// # Errors
///
/// `GovernorRestrictedProposer`, `GovernorInsufficientProposerVotes`,
/// `GovernorInvalidProposalLength` without actions, `GovernorUnexpectedProposalState` if it
/// was proposed before, `GovernorDescriptionTooLong`, `GovernorProposalTooLarge`,
/// `GovernorOutOfGas`.
///
/// # Events
///
/// `ProposalCreated`, `ProposalDescriptionCid`.
pub fn propose(actions: Vec<Action<'_>>, text: &[u8]) -> Result<B256, Refused> {
    let (proposer, now) = (host::sender(), host::timestamp());
    if !may_propose(Address::from_word(proposer), text) {
        return Err(Refused::with::<IGovernor::GovernorRestrictedProposer>(&[
            proposer,
        ]));
    }
    let threshold = layout::THRESHOLD.get(&layout::TOKEN.load());
    if threshold > 0 {
        let votes = others::votes(&proposer, &others::time(now - 1))?;
        if votes < threshold {
            return Err(
                Refused::with::<IGovernor::GovernorInsufficientProposerVotes>(&[
                    proposer,
                    word_of(votes),
                    word_of(threshold),
                ]),
            );
        }
    }
    if actions.is_empty() {
        return Err(Refused::with::<IGovernor::GovernorInvalidProposalLength>(
            &[B256::ZERO; 3],
        ));
    }
    let description_hash = host::keccak(text);
    let id = proposal_id(&actions, description_hash);
    let stored = Stored::at(&id);
    let existing = stored.proposal();
    if existing.exists() {
        return Err(unexpected(&id, state_of(&id, &existing)?, B256::ZERO));
    }

    let (delay, period) = settings::voting_times();
    let proposal = Proposal {
        proposer: Address::from_word(proposer),
        vote_start: now + delay,
        vote_duration: period,
        ..Proposal::default()
    };
    let record = Record {
        description_hash,
        cid: description::digest(text)?,
        actions,
    };
    let code = record.creation_code().map_err(|error| {
        Refused::with::<IGovernor::GovernorProposalTooLarge>(&[
            word_of(error.size as u128),
            word_of(Record::MAX as u128),
        ])
    })?;
    let account =
        host::create(&code).ok_or_else(|| Refused::with::<IGovernor::GovernorOutOfGas>(&[]))?;
    stored.set_proposal(&proposal);
    stored.set_record(&account, 0);

    let mut event = event!(IGovernor::ProposalCreated, &[], 9);
    let arguments = event.arguments();
    arguments.word(&id).word(&proposer);
    write_actions(arguments, &record.actions);
    arguments
        .number(proposal.vote_start.into())
        .number(proposal.deadline().into())
        .bytes(text);
    event.emit();
    let mut event = event!(IGovernor::ProposalDescriptionCid, &[id], 1);
    event.arguments().bytes(&cid::encode(record.cid));
    event.emit();
    Ok(id)
}

/// Writes targets, values, signatures and calldatas as they were proposed.
#[inline(never)]
pub fn write_actions(encoder: &mut arbius_protocol::encoding::Encoder, actions: &[Action<'_>]) {
    encoder
        .words(actions.iter().map(|action| action.target.into_word()))
        .words(actions.iter().map(|action| action.value.into()))
        .blobs(actions.iter().map(|action| (action.signature, &[][..])))
        .blobs(actions.iter().map(|action| (action.data, &[][..])));
}

/// `queue`: hands a proposal that passed to the timelock.
///
/// # Errors
///
/// `GovernorNonexistentProposal`, `GovernorUnexpectedProposalState`, and the timelock's.
///
/// # Events
///
/// `ProposalQueued`.
pub fn queue(id: &B256) -> Result<(), Refused> {
    let mut proposal = expect(id, ProposalState::Succeeded)?;
    let stored = Stored::at(id);
    let (account, _) = stored.record();
    let code = record_code(&account);
    let record = read(&code)?;
    let delay = others::least_delay()?;
    let eta = host::timestamp().saturating_add(delay);
    proposal.queued = true;
    stored.set_proposal(&proposal);
    stored.set_record(&account, eta);
    let words = [B256::ZERO, salt(&record), others::time(delay)];
    let selector = ITimelock::scheduleBatchCall::SELECTOR;
    let calldata = batch(&selector, &record.actions, &words);
    call(&others::timelock(), &calldata, &B256::ZERO)?;
    let mut event = event!(IGovernor::ProposalQueued, &[], 2);
    event.arguments().word(id).number(eta.into());
    event.emit();
    Ok(())
}

/// `execute`: lets the timelock make the calls of a queued proposal, with the value that
/// came along.
///
/// # Errors
///
/// `GovernorNonexistentProposal`, `GovernorUnexpectedProposalState`, and the timelock's:
/// `TimelockUnexpectedOperationState` before its delay is over, and what a call reverts
/// with.
///
/// # Events
///
/// `ProposalExecuted`.
pub fn execute(id: &B256) -> Result<(), Refused> {
    let mut proposal = expect(id, ProposalState::Queued)?;
    let stored = Stored::at(id);
    let code = record_code(&stored.record().0);
    let record = read(&code)?;
    proposal.executed = true;
    stored.set_proposal(&proposal);
    let selector = ITimelock::executeBatchCall::SELECTOR;
    let calldata = batch(&selector, &record.actions, &[B256::ZERO, salt(&record)]);
    call(&others::timelock(), &calldata, &host::value())?;
    let mut event = event!(IGovernor::ProposalExecuted, &[], 1);
    event.arguments().word(id);
    event.emit();
    Ok(())
}

/// `cancel`: takes a proposal back before its vote begins.
///
/// # Errors
///
/// `GovernorNonexistentProposal`, `GovernorUnableToCancel` for anybody but the proposer,
/// and once the vote has begun.
///
/// # Events
///
/// `ProposalCanceled`.
pub fn cancel(id: &B256) -> Result<(), Refused> {
    let (mut proposal, state) = find(id)?;
    let sender = host::sender();
    if state != ProposalState::Pending || proposal.proposer.into_word() != sender {
        return Err(Refused::with::<IGovernor::GovernorUnableToCancel>(&[
            *id, sender,
        ]));
    }
    proposal.canceled = true;
    Stored::at(id).set_proposal(&proposal);
    let mut event = event!(IGovernor::ProposalCanceled, &[], 1);
    event.arguments().word(id);
    event.emit();
    Ok(())
}

/// A proposal and its state.
///
/// # Errors
///
/// `GovernorNonexistentProposal`, and those of token and timelock.
#[inline(never)]
pub fn find(id: &B256) -> Result<(Proposal, ProposalState), Refused> {
    let proposal = Stored::at(id).proposal();
    if !proposal.exists() {
        return Err(nonexistent(id));
    }
    let state = state_of(id, &proposal)?;
    Ok((proposal, state))
}

/// A proposal that must be in one state.
///
/// # Errors
///
/// Those of [`find`], and `GovernorUnexpectedProposalState`.
pub fn expect(id: &B256, expected: ProposalState) -> Result<Proposal, Refused> {
    let (proposal, state) = find(id)?;
    if state != expected {
        return Err(unexpected(id, state, expected.bit()));
    }
    Ok(proposal)
}

fn state_of(id: &B256, proposal: &Proposal) -> Result<ProposalState, Refused> {
    let now = host::timestamp();
    let stored = Stored::at(id);
    proposal.state(
        now,
        || {
            let quorum = quorum_at(&others::time(proposal.vote_start))?;
            Ok(stored.tally().passes(quorum))
        },
        || {
            let code = record_code(&stored.record().0);
            let record = read(&code)?;
            let operation = operation_id(&record.actions, B256::ZERO, salt(&record));
            others::operation(&operation, now)
        },
    )
}

/// The votes for or abstaining that a vote with a snapshot at `time` takes, wei.
///
/// # Errors
///
/// The token's: `ERC5805FutureLookup` for a time that is not past.
pub fn quorum_at(time: &B256) -> Result<u128, Refused> {
    Ok(quorum(
        others::supply(time)?,
        settings::quorum_numerator(time),
    ))
}

/// The salt of a proposal's operation.
fn salt(record: &Record<'_>) -> B256 {
    let governor = Address::from_word(host::contract_address());
    operation_salt(governor, record.description_hash)
}

/// The code of the account that holds a record.
#[must_use]
pub fn record_code(account: &Address) -> Vec<u8> {
    let mut code = vec![0; host::code_size(account)];
    host::code(account, 0, &mut code);
    code
}

/// What was proposed.
///
/// # Errors
///
/// `GovernorUnexpectedAnswer` if it cannot be read, which does not happen to what
/// [`propose`] wrote.
pub fn read(code: &[u8]) -> Result<Record<'_>, Refused> {
    Record::read(code).ok_or_else(|| {
        Refused::with::<IGovernor::GovernorUnexpectedAnswer>(&[host::contract_address()])
    })
}

/// The refusal of a proposal that does not exist.
#[must_use]
pub fn nonexistent(id: &B256) -> Refused {
    Refused::with::<IGovernor::GovernorNonexistentProposal>(&[*id])
}

fn unexpected(id: &B256, state: ProposalState, expected: B256) -> Refused {
    Refused::with::<IGovernor::GovernorUnexpectedProposalState>(&[
        *id,
        word_of(state as u128),
        expected,
    ])
}
