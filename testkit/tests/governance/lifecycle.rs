//! The life of a proposal, and what each of its states takes.

use alloy_primitives::{Address, U256};
use arbius_protocol::governance::{ProposalState, Setting};
use arbius_sdk::contracts::{IEngine, IGovernor, ITimelock};

use crate::world::{
    Draft, World, aius, event, events, of_draft, propose, refused, seconds, send, view,
};

/// A proposal to change a parameter of the engine.
fn draft(world: &World, description: &str) -> Draft {
    let call = IEngine::setMinRewardFeeCall {
        amount: U256::from(7),
    };
    Draft::of(world.chain.engine(), &call, description)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_goes_from_its_proposer_to_its_execution() {
    let world = World::new().await;
    let (whale, governor) = (&world.whale, &world.whale.governor);
    let draft = draft(&world, "Ask a fee of rewarded tasks");
    let id = draft.id();
    assert_eq!(view!(of_draft!(whale, hashProposal, draft)), id);
    assert_eq!(view!(of_draft!(whale, getProposalId, draft)), id);

    let receipt = send!(propose!(whale, draft));
    let start = world.now() + seconds(Setting::VOTING_DELAY);
    let end = start + seconds(Setting::VOTING_PERIOD);
    let created = event::<IGovernor::ProposalCreated>(&receipt);
    let expected = IGovernor::ProposalCreated {
        proposalId: id,
        proposer: whale.address,
        targets: draft.targets.clone(),
        values: draft.values.clone(),
        signatures: vec![String::new()],
        calldatas: draft.calldatas.clone(),
        voteStart: U256::from(start),
        voteEnd: U256::from(end),
        description: draft.description.clone(),
    };
    assert_eq!(created, expected);
    assert_eq!(world.state(id).await, ProposalState::Pending);
    assert_eq!(view!(governor.proposalSnapshot(id)), U256::from(start));
    assert_eq!(view!(governor.proposalDeadline(id)), U256::from(end));
    assert_eq!(view!(governor.proposalProposer(id)), whale.address);
    assert_eq!(view!(governor.proposalEta(id)), U256::ZERO);
    assert!(view!(governor.proposalNeedsQueuing(id)));
    let details = view!(governor.proposalDetails(id));
    assert_eq!(details.targets, draft.targets);
    assert_eq!(details.values, draft.values);
    assert_eq!(details.calldatas, draft.calldatas);
    assert_eq!(details.descriptionHash, draft.description_hash());

    // At the snapshot itself nobody votes yet; from the next second on everybody does.
    world.pass(start - world.now());
    assert_eq!(world.state(id).await, ProposalState::Pending);
    world.pass(1);
    assert_eq!(world.state(id).await, ProposalState::Active);
    let receipt = send!(governor.castVoteWithReason(id, 1, "it is time".to_owned()));
    let expected = IGovernor::VoteCast {
        voter: whale.address,
        proposalId: id,
        support: 1,
        weight: aius(40_000),
        reason: "it is time".to_owned(),
    };
    assert_eq!(event::<IGovernor::VoteCast>(&receipt), expected);
    let call = world.attacker.governor.castVoteWithReasonAndParams(
        id,
        0,
        "no".to_owned(),
        vec![1, 2].into(),
    );
    let against = event::<IGovernor::VoteCastWithParams>(&send!(call));
    assert_eq!((against.support, against.weight), (0, aius(30_000)));
    assert_eq!(against.params.to_vec(), [1, 2]);
    send!(world.voter.governor.castVote(id, 2));
    let votes = view!(governor.proposalVotes(id));
    assert_eq!(
        (votes.againstVotes, votes.forVotes, votes.abstainVotes),
        (aius(30_000), aius(40_000), aius(10_000))
    );
    for (person, voted) in [(whale, true), (&world.silent, false)] {
        assert_eq!(view!(governor.hasVoted(id, person.address)), voted);
    }
    world.pass(end - world.now());
    assert_eq!(world.state(id).await, ProposalState::Active);
    world.pass(1);
    assert_eq!(world.state(id).await, ProposalState::Succeeded);

    let receipt = send!(of_draft!(world.silent, queue, draft));
    let eta = U256::from(world.now() + seconds(Setting::TIMELOCK_DELAY));
    let queued = event::<IGovernor::ProposalQueued>(&receipt);
    assert_eq!((queued.proposalId, queued.etaSeconds), (id, eta));
    let scheduled = event::<ITimelock::CallScheduled>(&receipt);
    assert_eq!(scheduled.id, draft.operation(world.governor));
    assert_eq!(view!(governor.proposalEta(id)), eta);
    assert_eq!(world.state(id).await, ProposalState::Queued);
    let early = of_draft!(world.silent, execute, draft);
    let error = refused!(
        world.silent,
        ITimelock::TimelockUnexpectedOperationState,
        early
    );
    assert_eq!(error.operationId, scheduled.id);
    world.wait_in_timelock();

    let receipt = send!(of_draft!(world.silent, execute, draft));
    assert_eq!(
        event::<IGovernor::ProposalExecuted>(&receipt).proposalId,
        id
    );
    let executed = event::<ITimelock::CallExecuted>(&receipt);
    assert_eq!(
        (executed.id, executed.target),
        (scheduled.id, world.chain.engine())
    );
    assert_eq!(events::<IEngine::MinRewardFeeChanged>(&receipt).len(), 1);
    assert_eq!(view!(world.founder.engine.minRewardFee()), U256::from(7));
    assert_eq!(world.state(id).await, ProposalState::Executed);
}

/// What may be tried with a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Try {
    Propose,
    Vote,
    Queue,
    Execute,
    Cancel,
}

/// Asserts that a proposal in `state` takes `allowed` and nothing else. By its proposer,
/// who has not voted.
async fn takes(world: &World, draft: &Draft, state: ProposalState, allowed: &[Try]) {
    let (id, proposer) = (draft.id(), &world.voter);
    assert_eq!(world.state(id).await, state);
    for attempt in [
        Try::Propose,
        Try::Vote,
        Try::Queue,
        Try::Execute,
        Try::Cancel,
    ] {
        let what = format!("{attempt:?} of what is {state:?}");
        let governor = &proposer.governor;
        let calldata = match attempt {
            Try::Propose => propose!(proposer, draft).calldata().clone(),
            Try::Vote => governor.castVote(id, 1).calldata().clone(),
            Try::Queue => of_draft!(proposer, queue, draft).calldata().clone(),
            Try::Execute => of_draft!(proposer, execute, draft).calldata().clone(),
            Try::Cancel => of_draft!(proposer, cancel, draft).calldata().clone(),
        };
        let answer = world.call(proposer, world.governor, calldata).await;
        if allowed.contains(&attempt) {
            answer.unwrap_or_else(|error| panic!("{what}: {error}"));
            continue;
        }
        let error = answer.expect_err(&what);
        if attempt == Try::Cancel {
            let error = error.as_decoded_error::<IGovernor::GovernorUnableToCancel>();
            assert_eq!(error.expect(&what).proposalId, id);
            continue;
        }
        let error = error
            .as_decoded_error::<IGovernor::GovernorUnexpectedProposalState>()
            .unwrap_or_else(|| panic!("{what}: {error}"));
        assert_eq!(error.proposalId, id, "{what}");
        assert_eq!(error.current as u8, state as u8, "{what}");
        let expected = match attempt {
            Try::Vote => ProposalState::Active.bit(),
            Try::Queue => ProposalState::Succeeded.bit(),
            Try::Execute => ProposalState::Queued.bit(),
            // A proposal must not exist to be made.
            Try::Propose | Try::Cancel => alloy_primitives::B256::ZERO,
        };
        assert_eq!(error.expectedStates, expected, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_takes_what_leads_to_the_next_and_nothing_else() {
    let world = World::new().await;
    let passing = draft(&world, "passes");
    let failing = draft(&world, "fails");
    let withdrawn = draft(&world, "is withdrawn");
    let vetoed = draft(&world, "is vetoed");
    for draft in [&passing, &failing, &withdrawn, &vetoed] {
        send!(propose!(world.voter, draft));
    }
    takes(&world, &passing, ProposalState::Pending, &[Try::Cancel]).await;
    let receipt = send!(of_draft!(world.voter, cancel, withdrawn));
    let canceled = event::<IGovernor::ProposalCanceled>(&receipt);
    assert_eq!(canceled.proposalId, withdrawn.id());
    takes(&world, &withdrawn, ProposalState::Canceled, &[]).await;

    world.begin_vote();
    takes(&world, &passing, ProposalState::Active, &[Try::Vote]).await;
    for draft in [&passing, &vetoed] {
        send!(world.whale.governor.castVote(draft.id(), 1));
    }
    send!(world.attacker.governor.castVote(failing.id(), 1));
    world.end_vote();
    takes(&world, &failing, ProposalState::Defeated, &[]).await;
    takes(&world, &withdrawn, ProposalState::Canceled, &[]).await;
    takes(&world, &passing, ProposalState::Succeeded, &[Try::Queue]).await;
    // It waits to be queued without limit of time.
    world.pass(100 * 86_400);
    takes(&world, &passing, ProposalState::Succeeded, &[Try::Queue]).await;
    for draft in [&passing, &vetoed] {
        send!(of_draft!(world.silent, queue, draft));
    }
    world.wait_in_timelock();
    takes(&world, &passing, ProposalState::Queued, &[Try::Execute]).await;
    let operation = vetoed.operation(world.governor);
    send!(world.guardian.timelock.cancel(operation));
    takes(&world, &vetoed, ProposalState::Canceled, &[]).await;
    send!(of_draft!(world.silent, execute, passing));
    takes(&world, &passing, ProposalState::Executed, &[]).await;
    world.pass(100 * 86_400);
    takes(&world, &passing, ProposalState::Executed, &[]).await;
    takes(&world, &vetoed, ProposalState::Canceled, &[]).await;
    takes(&world, &failing, ProposalState::Defeated, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_proposed_is_refused_by_name() {
    let world = World::new().await;
    let (whale, unknown) = (&world.whale, draft(&world, "never proposed"));
    let (governor, id) = (&whale.governor, unknown.id());
    type Nonexistent = IGovernor::GovernorNonexistentProposal;
    assert_eq!(
        refused!(whale, Nonexistent, governor.state(id)).proposalId,
        id
    );
    refused!(whale, Nonexistent, governor.castVote(id, 1));
    refused!(whale, Nonexistent, of_draft!(whale, queue, unknown));
    refused!(whale, Nonexistent, of_draft!(whale, execute, unknown));
    refused!(whale, Nonexistent, of_draft!(whale, cancel, unknown));
    refused!(whale, Nonexistent, governor.proposalDetails(id));
    refused!(whale, Nonexistent, governor.proposalCid(id));
    refused!(whale, Nonexistent, whale.bravo.queue(id));
    refused!(whale, Nonexistent, whale.bravo.getActions(id));
    refused!(whale, Nonexistent, whale.bravo.proposals(id));
    assert_eq!(view!(governor.proposalSnapshot(id)), U256::ZERO);
    assert_eq!(view!(governor.proposalDeadline(id)), U256::ZERO);
    assert_eq!(view!(governor.proposalProposer(id)), Address::ZERO);
    assert!(!view!(governor.hasVoted(id, whale.address)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_fails_leaves_the_proposal_queued() {
    let world = World::new().await;
    // The bound of the parameter is the engine's.
    let call = IEngine::setSolutionFeePercentageCall {
        percentage: aius(2),
    };
    let broken = Draft::of(world.chain.engine(), &call, "too much");
    let id = world.queue(&broken).await;
    refused!(
        world.silent,
        IEngine::PercentageTooHigh,
        of_draft!(world.silent, execute, broken)
    );
    assert_eq!(world.state(id).await, ProposalState::Queued);
    // Nobody has sent the timelock the ether that this needs.
    let nothing = Draft::default().and(world.chain.token(), 1, vec![]);
    let id = world.queue(&nothing).await;
    let error = world
        .call(
            &world.silent,
            world.governor,
            of_draft!(world.silent, execute, nothing).calldata().clone(),
        )
        .await
        .unwrap_err();
    assert!(
        error.as_decoded_error::<ITimelock::FailedCall>().is_some(),
        "{error}"
    );
    assert_eq!(world.state(id).await, ProposalState::Queued);
}
