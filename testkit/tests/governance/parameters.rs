//! What a vote, and nothing but a vote, changes about governance itself.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use arbius_sdk::contracts::{IGovernor, ITimelock};

use crate::world::{Draft, World, aius, event, of_draft, refused, send, view};

/// Each setter with a value that is right.
fn setters(world: &World) -> Vec<Vec<u8>> {
    vec![
        IGovernor::setVotingDelayCall {
            newVotingDelay: alloy_primitives::Uint::from(7_200),
        }
        .abi_encode(),
        IGovernor::setVotingPeriodCall {
            newVotingPeriod: 172_800,
        }
        .abi_encode(),
        IGovernor::setProposalThresholdCall {
            newProposalThreshold: aius(5),
        }
        .abi_encode(),
        IGovernor::updateQuorumNumeratorCall {
            newQuorumNumerator: U256::from(10),
        }
        .abi_encode(),
        IGovernor::updateTimelockCall {
            newTimelock: world.timelock,
        }
        .abi_encode(),
        IGovernor::relayCall {
            target: world.silent.address,
            value: U256::ZERO,
            data: vec![].into(),
        }
        .abi_encode(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_timelock_sets_the_governor() {
    let world = World::new().await;
    let people = [&world.founder, &world.guardian, &world.whale, &world.silent];
    for calldata in setters(&world) {
        for person in people {
            let call = world.call(person, world.governor, calldata.clone().into());
            let error = call.await.unwrap_err();
            let error = error.as_decoded_error::<IGovernor::GovernorOnlyExecutor>();
            assert_eq!(error.expect("is refused").account, person.address);
        }
    }
    let own = [ITimelock::updateDelayCall {
        newDelay: U256::from(7_200),
    }
    .abi_encode()];
    for calldata in own {
        for person in people {
            let call = world.call(person, world.timelock, calldata.clone().into());
            let error = call.await.unwrap_err();
            let error = error.as_decoded_error::<ITimelock::TimelockUnauthorizedCaller>();
            assert_eq!(error.expect("is refused").caller, person.address);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_vote_sets_them_all() {
    let world = World::new().await;
    let mut draft = Draft {
        description: "Everything anew".to_owned(),
        ..Draft::default()
    };
    for calldata in setters(&world) {
        draft = draft.and(world.governor, 0, calldata);
    }
    let delay = ITimelock::updateDelayCall {
        newDelay: U256::from(7_200),
    };
    draft = draft.and(world.timelock, 0, delay.abi_encode());
    let receipt = world.enact(&draft).await;
    let governor = &world.whale.governor;
    assert_eq!(view!(governor.votingDelay()), U256::from(7_200));
    assert_eq!(view!(governor.votingPeriod()), U256::from(172_800));
    assert_eq!(view!(governor.proposalThreshold()), aius(5));
    assert_eq!(view!(governor.quorumNumerator_0()), U256::from(10));
    assert_eq!(view!(governor.timelock()), world.timelock);
    assert_eq!(view!(world.whale.timelock.getMinDelay()), U256::from(7_200));
    let event_of = event::<IGovernor::VotingDelaySet>(&receipt);
    assert_eq!(event_of.oldVotingDelay, U256::from(86_400));
    let event_of = event::<IGovernor::VotingPeriodSet>(&receipt);
    assert_eq!(event_of.oldVotingPeriod, U256::from(604_800));
    let event_of = event::<IGovernor::ProposalThresholdSet>(&receipt);
    assert_eq!(event_of.newProposalThreshold, aius(5));
    let event_of = event::<IGovernor::QuorumNumeratorUpdated>(&receipt);
    assert_eq!(event_of.oldQuorumNumerator, U256::from(4));
    let event_of = event::<IGovernor::TimelockChange>(&receipt);
    assert_eq!(event_of.newTimelock, world.timelock);
    let event_of = event::<ITimelock::MinDelayChange>(&receipt);
    assert_eq!(event_of.oldDuration, U256::from(86_400));

    // The next proposal goes by the new ones, those that went before by theirs.
    let next = Draft::of(world.governor, &IGovernor::nameCall {}, "next");
    let receipt = send!(crate::world::propose!(world.whale, next));
    let created = event::<IGovernor::ProposalCreated>(&receipt);
    assert_eq!(created.voteStart, U256::from(world.now() + 7_200));
    assert_eq!(created.voteEnd, created.voteStart + U256::from(172_800));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_vote_sets_what_would_end_all_votes() {
    let world = World::new().await;
    let one = U256::from(1);
    let governor = [
        IGovernor::setVotingDelayCall {
            newVotingDelay: alloy_primitives::Uint::from(30 * 86_400 + 1),
        }
        .abi_encode(),
        IGovernor::setVotingPeriodCall {
            newVotingPeriod: 86_399,
        }
        .abi_encode(),
        IGovernor::setProposalThresholdCall {
            newProposalThreshold: aius(10_000) + one,
        }
        .abi_encode(),
        IGovernor::updateQuorumNumeratorCall {
            newQuorumNumerator: U256::from(26),
        }
        .abi_encode(),
        IGovernor::updateQuorumNumeratorCall {
            newQuorumNumerator: U256::ZERO,
        }
        .abi_encode(),
    ];
    let calls = governor.into_iter().map(|call| (world.governor, call));
    // Beyond every number that the chain counts seconds or wei with as well.
    let beyond = [
        (
            world.timelock,
            ITimelock::updateDelayCall {
                newDelay: U256::MAX,
            }
            .abi_encode(),
        ),
        (
            world.governor,
            IGovernor::setProposalThresholdCall {
                newProposalThreshold: U256::MAX,
            }
            .abi_encode(),
        ),
        (
            world.governor,
            IGovernor::updateTimelockCall {
                newTimelock: Address::repeat_byte(0x77),
            }
            .abi_encode(),
        ),
    ];
    let drafts: Vec<Draft> = calls
        .chain(beyond)
        .enumerate()
        .map(|(i, (target, calldata))| {
            let draft = Draft {
                description: format!("too much, number {i}"),
                ..Draft::default()
            };
            draft.and(target, 0, calldata)
        })
        .collect();
    for draft in &drafts {
        send!(crate::world::propose!(world.whale, draft));
    }
    world.begin_vote();
    for draft in &drafts {
        send!(world.whale.governor.castVote(draft.id(), 1));
    }
    world.end_vote();
    for draft in &drafts {
        send!(of_draft!(world.silent, queue, draft));
    }
    world.wait_in_timelock();
    for (i, draft) in drafts.iter().enumerate() {
        let execute = of_draft!(world.silent, execute, draft);
        if draft.targets[0] == world.timelock {
            refused!(world.silent, ITimelock::TimelockDelayOutOfBounds, execute);
        } else if i + 1 == drafts.len() {
            refused!(world.silent, IGovernor::GovernorInvalidContract, execute);
        } else {
            type Bounds = IGovernor::GovernorParameterOutOfBounds;
            let error = refused!(world.silent, Bounds, execute);
            assert!(error.value < error.min || error.value > error.max, "{i}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_governor_keeps_nothing_that_is_sent_to_it() {
    let world = World::new().await;
    // Tokens can be sent to any address; a vote gets them back.
    send!(world.silent.token.transfer(world.governor, aius(3)));
    let call = arbius_sdk::contracts::IToken::transferCall {
        to: world.silent.address,
        value: aius(3),
    };
    let relay = IGovernor::relayCall {
        target: world.chain.token(),
        value: U256::ZERO,
        data: call.abi_encode().into(),
    };
    world
        .enact(&Draft::of(world.governor, &relay, "Give it back"))
        .await;
    assert_eq!(
        view!(world.silent.token.balanceOf(world.governor)),
        U256::ZERO
    );
    assert_eq!(
        view!(world.silent.token.balanceOf(world.silent.address)),
        aius(10_000)
    );
    // Ether alone is refused.
    let error = world
        .send_ether(&world.silent, world.governor, 5)
        .await
        .unwrap_err();
    let refused = error.as_decoded_error::<IGovernor::GovernorDisabledDeposit>();
    assert!(refused.is_some(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_timelock_takes_over_and_what_waits_in_the_old_one_is_canceled() {
    let world = World::new().await;
    let init = ITimelock::initializeCall {
        minDelay: U256::from(3_600),
        proposers: vec![world.governor],
        executors: vec![world.governor],
        admin: Address::ZERO,
    };
    let other =
        crate::world::proxy(&world.chain, "timelock", world.timelock, init.abi_encode()).await;
    let waiting = Draft::of(world.governor, &IGovernor::nameCall {}, "waiting");
    send!(crate::world::propose!(world.whale, waiting));
    let call = IGovernor::updateTimelockCall { newTimelock: other };
    let draft = Draft::of(world.governor, &call, "Another timelock");
    world.pass_vote(&draft).await;
    // Nobody voted on the first; so queue a third that passed, to see it canceled.
    let third = Draft::of(world.governor, &IGovernor::versionCall {}, "third");
    world.pass_vote(&third).await;
    send!(of_draft!(world.silent, queue, draft));
    send!(of_draft!(world.silent, queue, third));
    world.wait_in_timelock();
    send!(of_draft!(world.silent, execute, draft));
    use arbius_protocol::governance::ProposalState;
    assert_eq!(world.state(third.id()).await, ProposalState::Canceled);
    assert_eq!(world.state(waiting.id()).await, ProposalState::Defeated);
    // The governor's setters are the new one's now.
    let again = Draft::of(
        world.governor,
        &IGovernor::updateQuorumNumeratorCall {
            newQuorumNumerator: U256::from(5),
        },
        "by the new one",
    );
    world.enact(&again).await;
    assert_eq!(
        view!(world.whale.governor.quorumNumerator_0()),
        U256::from(5)
    );
}
