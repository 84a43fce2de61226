//! The calls of Governor Bravo, as existing governance sites make them.

use alloy_primitives::{Bytes, U256};
use alloy_sol_types::{SolCall, SolValue};
use arbius_protocol::governance::ProposalState;
use arbius_sdk::contracts::{IEngine, IGovernor, IGovernorBravo};

use crate::world::{Draft, World, aius, event, of_draft, refused, send, view};

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_lives_by_bravo_s_calls_alone() {
    let world = World::new().await;
    let (whale, bravo) = (&world.whale, &world.whale.bravo);
    let engine = world.chain.engine();
    let fee = IEngine::setMinRewardFeeCall {
        amount: U256::from(9),
    };
    let signatures = vec!["setVersion(uint256)".to_owned(), String::new()];
    let calldatas: Vec<Bytes> = vec![U256::from(5).abi_encode().into(), fee.abi_encode().into()];
    let call = bravo.propose(
        vec![engine; 2],
        vec![U256::ZERO; 2],
        signatures.clone(),
        calldatas.clone(),
        "Two at once".to_owned(),
    );
    let receipt = send!(call);
    let created = event::<IGovernor::ProposalCreated>(&receipt);
    assert_eq!(
        (&created.signatures, &created.calldatas),
        (&signatures, &calldatas)
    );
    // The identifier is of the calls as they will be made.
    let version = IEngine::setVersionCall {
        version: U256::from(5),
    };
    let same = Draft::of(engine, &version, "Two at once").and(engine, 0, fee.abi_encode());
    let id = created.proposalId;
    assert_eq!(id, same.id());
    let actions = view!(bravo.getActions(id));
    assert_eq!(actions.targets, [engine; 2]);
    assert_eq!(
        (actions.signatures, actions.calldatas),
        (signatures, calldatas)
    );
    assert_eq!(
        view!(whale.governor.proposalDetails(id)).calldatas,
        same.calldatas
    );

    world.begin_vote();
    send!(whale.governor.castVote(id, 1));
    send!(world.attacker.governor.castVote(id, 0));
    send!(world.voter.governor.castVote(id, 2));
    let receipt = view!(bravo.getReceipt(id, world.attacker.address));
    let expected = IGovernorBravo::Receipt {
        hasVoted: true,
        support: 0,
        votes: alloy_primitives::Uint::from(30_000 * crate::world::AIUS),
    };
    assert_eq!(receipt, expected);
    assert!(!view!(bravo.getReceipt(id, world.silent.address)).hasVoted);
    world.end_vote();
    send!(world.silent.bravo.queue(id));
    let eta = view!(whale.governor.proposalEta(id));
    let told = view!(bravo.proposals(id));
    assert_eq!((told.id, told.proposer, told.eta), (id, whale.address, eta));
    assert_eq!(
        (told.startBlock, told.endBlock),
        (created.voteStart, created.voteEnd)
    );
    assert_eq!(
        (told.forVotes, told.againstVotes, told.abstainVotes),
        (aius(40_000), aius(30_000), aius(10_000))
    );
    assert!(!told.canceled && !told.executed);
    world.wait_in_timelock();
    send!(world.silent.bravo.execute(id));
    assert!(view!(bravo.proposals(id)).executed);
    assert_eq!(view!(whale.engine.version()), U256::from(5));
    assert_eq!(view!(whale.engine.minRewardFee()), U256::from(9));
    assert_eq!(world.state(id).await, ProposalState::Executed);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_ways_of_naming_a_proposal_are_one() {
    let world = World::new().await;
    let whale = &world.whale;
    let draft = Draft::of(world.governor, &IGovernor::nameCall {}, "one");
    // Proposed by one form, the other finds it there.
    let call = whale.bravo.propose(
        draft.targets.clone(),
        draft.values.clone(),
        vec!["name()".to_owned()],
        vec![Bytes::new()],
        draft.description.clone(),
    );
    send!(call.clone());
    refused!(
        whale,
        IGovernor::GovernorUnexpectedProposalState,
        crate::world::propose!(whale, draft)
    );
    refused!(whale, IGovernor::GovernorUnexpectedProposalState, call);
    refused!(
        world.attacker,
        IGovernor::GovernorUnableToCancel,
        world.attacker.bravo.cancel(draft.id())
    );
    send!(whale.bravo.cancel(draft.id()));
    assert!(view!(whale.bravo.proposals(draft.id())).canceled);
    refused!(
        whale,
        IGovernor::GovernorUnableToCancel,
        of_draft!(whale, cancel, draft)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_signatures_and_calldatas_are_of_one_length() {
    let world = World::new().await;
    let call = world.whale.bravo.propose(
        vec![world.governor],
        vec![U256::ZERO],
        vec![],
        vec![Bytes::new()],
        "uneven".to_owned(),
    );
    refused!(world.whale, IGovernor::GovernorInvalidProposalLength, call);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_value_of_an_execution_goes_to_the_calls() {
    let world = World::new().await;
    let receiver = alloy_primitives::Address::repeat_byte(0x5e);
    let draft = Draft {
        description: "Pay from outside".to_owned(),
        ..Draft::default()
    }
    .and(receiver, 7, vec![]);
    let id = world.queue(&draft).await;
    let execute = world.silent.bravo.execute(id).value(U256::from(10));
    send!(execute);
    assert_eq!(world.ether(receiver).await, U256::from(7));
    // What is too much stays in the treasury.
    assert_eq!(world.ether(world.timelock).await, U256::from(3));
    assert_eq!(world.ether(world.governor).await, U256::ZERO);
}
