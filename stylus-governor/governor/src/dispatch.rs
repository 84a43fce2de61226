//! From a selector to the function that answers it.

use alloc::vec::Vec;
use alloy_primitives::B256;
use arbius_calldata::{Args, Malformed, split_selector};
use arbius_frame::{Answer, Lists, Refused, Unequal, address_of, refuse_value, text, word_of};
use arbius_host::{self as host, word};
use arbius_protocol::governance::{
    BALLOT_TYPEHASH, COUNTING_MODE, EXTENDED_BALLOT_TYPEHASH, NAME, QUORUM_DENOMINATOR, VERSION,
    proposal_id,
};
use arbius_protocol::interfaces::governor::{IGovernor as G, IGovernorBravo as B};

use crate::layout::{self, Stored};
use crate::signatures::Form;
use crate::views::{self, selector};
use crate::voting::{self, Ballot};
use crate::{others, proposals, settings, signatures};

/// Answers `calldata`.
///
/// # Errors
///
/// `UnknownFunction` and `MalformedCalldata` for calldata that no function takes,
/// `NotPayable` for value with a function that takes none, `GovernorDisabledDeposit` for
/// ether alone, and what the function refuses.
pub fn answer(calldata: &[u8]) -> Answer {
    if calldata.is_empty() {
        return Err(Refused::with::<G::GovernorDisabledDeposit>(&[]));
    }
    let (name, args) = split_selector(calldata).ok_or(Malformed)?;
    let name = u32::from_be_bytes(name);
    if let Some(data) = payable(name, &args)? {
        return Ok(data);
    }
    refuse_value()?;
    for answers in [vote, change, view, view_of_proposal] {
        if let Some(data) = answers(name, &args)? {
            return Ok(data);
        }
    }
    Err(Refused::with::<G::UnknownFunction>(&[
        B256::right_padding_from(&name.to_be_bytes()),
    ]))
}

/// What a function returns, or nothing if it is none of these.
type Found = Result<Option<Vec<u8>>, Refused>;

/// What takes value.
fn payable(name: u32, args: &Args<'_>) -> Found {
    Ok(Some(match name {
        EXECUTE => {
            let id = identifier(args)?;
            proposals::execute(&id)?;
            word(id)
        }
        EXECUTE_BY_ID => done(proposals::execute(args.word(0)?)?),
        RELAY => {
            let (target, value) = (args.account(0)?, args.word(1)?);
            done(settings::relay(target, value, args.bytes(2)?)?)
        }
        _ => return Ok(None),
    }))
}

/// Votes.
fn vote(name: u32, args: &Args<'_>) -> Found {
    // What has a reason and parameters, and where.
    let (reason, params) = match name {
        CAST_VOTE | CAST_VOTE_BY_SIG | CAST_VOTE_BY_BRAVO_SIG => (None, None),
        CAST_VOTE_WITH_REASON => (Some(2), None),
        CAST_VOTE_WITH_PARAMS => (Some(2), Some(3)),
        CAST_VOTE_WITH_PARAMS_BY_SIG => (Some(3), Some(4)),
        _ => return Ok(None),
    };
    let text = |place: Option<usize>| place.map_or(Ok(&[][..]), |i| args.bytes(i));
    let ballot = Ballot {
        proposal: args.word(0)?,
        support: u8::try_from(args.number(1)?).map_err(|_| Malformed)?,
        reason: text(reason)?,
        params: text(params)?,
    };
    let voter = match name {
        CAST_VOTE_BY_SIG => {
            let voter = args.account(2)?;
            signatures::check(&ballot, voter, Form::Plain, args.bytes(3)?)?;
            *voter
        }
        CAST_VOTE_WITH_PARAMS_BY_SIG => {
            let voter = args.account(2)?;
            signatures::check(&ballot, voter, Form::Extended, args.bytes(5)?)?;
            *voter
        }
        CAST_VOTE_BY_BRAVO_SIG => {
            let (v, r, s) = (args.word(2)?, args.word(3)?, args.word(4)?);
            signatures::bravo_voter(ballot.proposal, ballot.support, v, r, s)?
        }
        _ => host::sender(),
    };
    Ok(Some(word(voting::cast(&ballot, &voter)?)))
}

/// What else changes something.
fn change(name: u32, args: &Args<'_>) -> Found {
    Ok(Some(match name {
        PROPOSE => {
            let actions = Lists::read(args)?.actions(unequal)?;
            word(proposals::propose(actions, args.bytes(3)?)?)
        }
        PROPOSE_SIGNED => {
            let actions = Lists::read_signed(args)?.actions(unequal)?;
            word(proposals::propose(actions, args.bytes(4)?)?)
        }
        QUEUE => {
            let id = identifier(args)?;
            proposals::queue(&id)?;
            word(id)
        }
        CANCEL => {
            let id = identifier(args)?;
            proposals::cancel(&id)?;
            word(id)
        }
        QUEUE_BY_ID => done(proposals::queue(args.word(0)?)?),
        CANCEL_BY_ID => done(proposals::cancel(args.word(0)?)?),
        SET_VOTING_DELAY => done(settings::set_voting_delay(args.word(0)?)?),
        SET_VOTING_PERIOD => done(settings::set_voting_period(args.word(0)?)?),
        SET_THRESHOLD => done(settings::set_threshold(args.word(0)?)?),
        SET_QUORUM => done(settings::set_quorum(args.word(0)?)?),
        SET_TIMELOCK => done(settings::set_timelock(args.account(0)?)?),
        INITIALIZE => done(settings::initialize(args)?),
        _ => return Ok(None),
    }))
}

/// What is said of the governor.
fn view(name: u32, args: &Args<'_>) -> Found {
    Ok(Some(match name {
        NAME_OF => text(NAME),
        VERSION_OF => text(VERSION),
        COUNTING => text(COUNTING_MODE),
        CLOCK_MODE => text("mode=timestamp"),
        CLOCK => word(others::time(host::timestamp())),
        DOMAIN => views::domain(),
        NONCES => word(layout::nonce(args.account(0)?).load()),
        BALLOT => word(word!(BALLOT_TYPEHASH)),
        EXTENDED_BALLOT => word(word!(EXTENDED_BALLOT_TYPEHASH)),
        SUPPORTS_INTERFACE => number(views::supports(args.word(0)?)),
        TOKEN => word(address_of(&layout::TOKEN.load()).into_word()),
        TIMELOCK => word(others::timelock().into_word()),
        VOTING_DELAY => number(settings::voting_times().0),
        VOTING_PERIOD => number(settings::voting_times().1),
        THRESHOLD => number(layout::THRESHOLD.get(&layout::TOKEN.load())),
        QUORUM => number(proposals::quorum_at(args.word(0)?)?),
        QUORUM_NUMERATOR => number(layout::change_in(&layout::QUORUM.load()).value),
        QUORUM_NUMERATOR_AT => number(settings::quorum_numerator(args.word(0)?)),
        QUORUM_DENOMINATOR_OF => number(QUORUM_DENOMINATOR),
        QUORUM_VOTES => number(views::quorum_votes()?),
        // The second has parameters besides, which are not read.
        GET_VOTES => number(others::votes(args.account(0)?, args.word(1)?)?),
        GET_VOTES_WITH_PARAMS => {
            args.bytes(2)?;
            number(others::votes(args.account(0)?, args.word(1)?)?)
        }
        _ => return Ok(None),
    }))
}

/// What is said of a proposal.
fn view_of_proposal(name: u32, args: &Args<'_>) -> Found {
    Ok(Some(match name {
        HASH_PROPOSAL | GET_PROPOSAL_ID => word(identifier(args)?),
        STATE => number(proposals::find(args.word(0)?)?.1 as u8),
        SNAPSHOT => number(Stored::at(args.word(0)?).proposal().vote_start),
        DEADLINE => number(Stored::at(args.word(0)?).proposal().deadline()),
        PROPOSER => word(Stored::at(args.word(0)?).proposal().proposer.into_word()),
        ETA => number(Stored::at(args.word(0)?).record().1),
        NEEDS_QUEUING => {
            args.word(0)?;
            number(true)
        }
        VOTES => views::votes(args.word(0)?),
        DETAILS => views::details(args.word(0)?)?,
        CID => views::description_cid(args.word(0)?)?,
        HAS_VOTED => {
            let receipt = layout::receipt(args.word(0)?, args.account(1)?).load();
            number(layout::VOTED.get(&receipt))
        }
        PROPOSALS => views::proposal(args.word(0)?)?,
        GET_ACTIONS => views::actions(args.word(0)?)?,
        GET_RECEIPT => views::receipt(args.word(0)?, args.account(1)?),
        _ => return Ok(None),
    }))
}

/// The identifier of the proposal that targets, values, calldatas and the description's
/// hash say.
fn identifier(args: &Args<'_>) -> Result<B256, Refused> {
    let actions = Lists::read(args)?.actions(unequal)?;
    Ok(proposal_id(&actions, *args.word(3)?))
}

/// The refusal of lists that differ in length.
fn unequal(lists: Unequal) -> Refused {
    Refused::with::<G::GovernorInvalidProposalLength>(
        &[lists.targets, lists.calldatas, lists.values].map(|n| word_of(n as u128)),
    )
}

/// What a function without results returns.
const fn done((): ()) -> Vec<u8> {
    Vec::new()
}

#[inline(never)]
fn word(word: B256) -> Vec<u8> {
    word.to_vec()
}

fn number(number: impl Into<u128>) -> Vec<u8> {
    word(word_of(number.into()))
}

const INITIALIZE: u32 = selector::<G::initializeCall>();
const NAME_OF: u32 = selector::<G::nameCall>();
const VERSION_OF: u32 = selector::<G::versionCall>();
const DOMAIN: u32 = selector::<G::eip712DomainCall>();
const NONCES: u32 = selector::<G::noncesCall>();
const BALLOT: u32 = selector::<G::BALLOT_TYPEHASHCall>();
const EXTENDED_BALLOT: u32 = selector::<G::EXTENDED_BALLOT_TYPEHASHCall>();
const COUNTING: u32 = selector::<G::COUNTING_MODECall>();
const CLOCK: u32 = selector::<G::clockCall>();
const CLOCK_MODE: u32 = selector::<G::CLOCK_MODECall>();
const SUPPORTS_INTERFACE: u32 = selector::<G::supportsInterfaceCall>();
const TOKEN: u32 = selector::<G::tokenCall>();
const TIMELOCK: u32 = selector::<G::timelockCall>();
const VOTING_DELAY: u32 = selector::<G::votingDelayCall>();
const VOTING_PERIOD: u32 = selector::<G::votingPeriodCall>();
const THRESHOLD: u32 = selector::<G::proposalThresholdCall>();
const QUORUM: u32 = selector::<G::quorumCall>();
const QUORUM_NUMERATOR: u32 = selector::<G::quorumNumerator_0Call>();
const QUORUM_NUMERATOR_AT: u32 = selector::<G::quorumNumerator_1Call>();
const QUORUM_DENOMINATOR_OF: u32 = selector::<G::quorumDenominatorCall>();
const SET_VOTING_DELAY: u32 = selector::<G::setVotingDelayCall>();
const SET_VOTING_PERIOD: u32 = selector::<G::setVotingPeriodCall>();
const SET_THRESHOLD: u32 = selector::<G::setProposalThresholdCall>();
const SET_QUORUM: u32 = selector::<G::updateQuorumNumeratorCall>();
const SET_TIMELOCK: u32 = selector::<G::updateTimelockCall>();
const RELAY: u32 = selector::<G::relayCall>();
const HASH_PROPOSAL: u32 = selector::<G::hashProposalCall>();
const GET_PROPOSAL_ID: u32 = selector::<G::getProposalIdCall>();
const STATE: u32 = selector::<G::stateCall>();
const SNAPSHOT: u32 = selector::<G::proposalSnapshotCall>();
const DEADLINE: u32 = selector::<G::proposalDeadlineCall>();
const PROPOSER: u32 = selector::<G::proposalProposerCall>();
const ETA: u32 = selector::<G::proposalEtaCall>();
const NEEDS_QUEUING: u32 = selector::<G::proposalNeedsQueuingCall>();
const VOTES: u32 = selector::<G::proposalVotesCall>();
const DETAILS: u32 = selector::<G::proposalDetailsCall>();
const CID: u32 = selector::<G::proposalCidCall>();
const GET_VOTES: u32 = selector::<G::getVotesCall>();
const GET_VOTES_WITH_PARAMS: u32 = selector::<G::getVotesWithParamsCall>();
const HAS_VOTED: u32 = selector::<G::hasVotedCall>();
const PROPOSE: u32 = selector::<G::proposeCall>();
const QUEUE: u32 = selector::<G::queueCall>();
const EXECUTE: u32 = selector::<G::executeCall>();
const CANCEL: u32 = selector::<G::cancelCall>();
const CAST_VOTE: u32 = selector::<G::castVoteCall>();
const CAST_VOTE_WITH_REASON: u32 = selector::<G::castVoteWithReasonCall>();
const CAST_VOTE_WITH_PARAMS: u32 = selector::<G::castVoteWithReasonAndParamsCall>();
const CAST_VOTE_BY_SIG: u32 = selector::<G::castVoteBySigCall>();
const CAST_VOTE_WITH_PARAMS_BY_SIG: u32 = selector::<G::castVoteWithReasonAndParamsBySigCall>();
const PROPOSE_SIGNED: u32 = selector::<B::proposeCall>();
const QUEUE_BY_ID: u32 = selector::<B::queueCall>();
const EXECUTE_BY_ID: u32 = selector::<B::executeCall>();
const CANCEL_BY_ID: u32 = selector::<B::cancelCall>();
const CAST_VOTE_BY_BRAVO_SIG: u32 = selector::<B::castVoteBySigCall>();
const PROPOSALS: u32 = selector::<B::proposalsCall>();
const GET_ACTIONS: u32 = selector::<B::getActionsCall>();
const GET_RECEIPT: u32 = selector::<B::getReceiptCall>();
const QUORUM_VOTES: u32 = selector::<B::quorumVotesCall>();
