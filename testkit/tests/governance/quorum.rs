//! When a vote passes: the quorum, the majority, and whose votes count.

use alloy_primitives::U256;
use arbius_protocol::governance::{ProposalState, Setting};
use arbius_sdk::contracts::{IEngine, IGovernor, IVotes};

use crate::world::{Draft, World, aius, propose, refused, seconds, send, view};

fn draft(world: &World, description: &str) -> Draft {
    let call = IEngine::setMinRewardFeeCall {
        amount: U256::from(7),
    };
    Draft::of(world.chain.engine(), &call, description)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_fails_at_3_99_percent_and_succeeds_at_4() {
    let world = World::new().await;
    let whale = &world.whale;
    let short = draft(&world, "3.99 percent");
    // The whale has 4 %: 100 AIUS less are 3.99 %.
    send!(whale.token.transfer(world.silent.address, aius(100)));
    send!(propose!(whale, short));
    world.begin_vote();
    send!(whale.governor.castVote(short.id(), 1));
    send!(world.silent.token.transfer(whale.address, aius(100)));
    world.pass(1);
    let enough = draft(&world, "4 percent");
    send!(propose!(whale, enough));
    world.begin_vote();
    send!(whale.governor.castVote(enough.id(), 1));
    world.end_vote();
    let votes = view!(whale.governor.proposalVotes(short.id()));
    assert_eq!(votes.forVotes, aius(39_900));
    assert_eq!(world.state(short.id()).await, ProposalState::Defeated);
    assert_eq!(world.state(enough.id()).await, ProposalState::Succeeded);
    let snapshot = view!(whale.governor.proposalSnapshot(enough.id()));
    assert_eq!(view!(whale.governor.quorum(snapshot)), aius(40_000));
    assert_eq!(view!(whale.bravo.quorumVotes()), aius(40_000));
    let at_last = draft(&world, "a wei less than 4 percent");
    send!(whale.token.transfer(world.silent.address, U256::from(1)));
    send!(propose!(whale, at_last));
    world.begin_vote();
    send!(whale.governor.castVote(at_last.id(), 1));
    world.end_vote();
    assert_eq!(world.state(at_last.id()).await, ProposalState::Defeated);
}

#[tokio::test(flavor = "multi_thread")]
async fn abstaining_counts_for_the_quorum_and_votes_against_do_not() {
    let world = World::new().await;
    let (whale, attacker, voter) = (&world.whale, &world.attacker, &world.voter);
    let abstained = draft(&world, "30 for, 10 abstain");
    let opposed = draft(&world, "30 for, 10 against");
    let tied = draft(&world, "40 abstain, none for");
    for draft in [&abstained, &opposed, &tied] {
        send!(propose!(whale, draft));
    }
    world.begin_vote();
    send!(attacker.governor.castVote(abstained.id(), 1));
    send!(voter.governor.castVote(abstained.id(), 2));
    send!(attacker.governor.castVote(opposed.id(), 1));
    send!(voter.governor.castVote(opposed.id(), 0));
    send!(whale.governor.castVote(tied.id(), 2));
    world.end_vote();
    assert_eq!(world.state(abstained.id()).await, ProposalState::Succeeded);
    assert_eq!(world.state(opposed.id()).await, ProposalState::Defeated);
    assert_eq!(world.state(tied.id()).await, ProposalState::Defeated);
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_are_those_of_the_snapshot() {
    let world = World::new().await;
    let (whale, silent) = (&world.whale, &world.silent);
    let draft = draft(&world, "whose votes");
    send!(propose!(whale, draft));
    world.begin_vote();
    // Who gets tokens or delegates after the snapshot has no votes in this.
    send!(whale.token.transfer(silent.address, aius(40_000)));
    send!(silent.votes.delegate(silent.address));
    world.pass(1);
    let receipt = send!(whale.governor.castVote(draft.id(), 1));
    let weight = crate::world::event::<IGovernor::VoteCast>(&receipt).weight;
    assert_eq!(weight, aius(40_000));
    let receipt = send!(silent.governor.castVote(draft.id(), 0));
    let weight = crate::world::event::<IGovernor::VoteCast>(&receipt).weight;
    assert_eq!(weight, U256::ZERO);
    for (support, person) in [(0, whale), (1, silent)] {
        let again = person.governor.castVote(draft.id(), support);
        let error = refused!(person, IGovernor::GovernorAlreadyCastVote, again);
        assert_eq!(error.voter, person.address);
    }
    let nonsense = world.voter.governor.castVote(draft.id(), 3);
    refused!(world.voter, IGovernor::GovernorInvalidVoteType, nonsense);
    let snapshot = view!(whale.governor.proposalSnapshot(draft.id()));
    let past = whale.governor.getVotes(whale.address, snapshot);
    assert_eq!(view!(past), aius(40_000));
    let params = vec![1].into();
    let past = whale
        .governor
        .getVotesWithParams(whale.address, snapshot, params);
    assert_eq!(view!(past), aius(40_000));
    let future = U256::from(world.now() + 1_000);
    let votes = whale.governor.getVotes(whale.address, future);
    refused!(whale, IVotes::ERC5805FutureLookup, votes);
    refused!(
        whale,
        IVotes::ERC5805FutureLookup,
        whale.governor.quorum(future)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_quorum_is_for_votes_that_begin_later() {
    let world = World::new().await;
    let governor = &world.whale.governor;
    let call = IGovernor::updateQuorumNumeratorCall {
        newQuorumNumerator: U256::from(3),
    };
    let lower = Draft::of(world.governor, &call, "three percent");
    world.queue(&lower).await;
    // Two votes by 3 %, one before the change and one after it.
    let before = draft(&world, "before");
    send!(propose!(world.attacker, before));
    world.begin_vote();
    send!(crate::world::of_draft!(world.silent, execute, lower));
    let changed = world.now();
    let after = draft(&world, "after");
    send!(propose!(world.attacker, after));
    send!(world.attacker.governor.castVote(before.id(), 1));
    world.pass(seconds(Setting::VOTING_DELAY) + 1);
    send!(world.attacker.governor.castVote(after.id(), 1));
    world.end_vote();
    assert_eq!(world.state(before.id()).await, ProposalState::Defeated);
    assert_eq!(world.state(after.id()).await, ProposalState::Succeeded);
    assert_eq!(view!(governor.quorumNumerator_0()), U256::from(3));
    for (time, numerator) in [(0, 0), (changed - 1, 4), (changed, 3), (changed + 9, 3)] {
        let at = view!(governor.quorumNumerator_1(U256::from(time)));
        assert_eq!(at, U256::from(numerator), "{time}");
    }
    assert_eq!(view!(governor.quorumDenominator()), U256::from(100));
}
