//! Who may propose what.

use alloy_primitives::{B256, Bytes, U256};
use arbius_protocol::{cid, governance::Record};
use arbius_sdk::contracts::{IGovernor, IToken};

use crate::world::{AIUS, Draft, World, aius, event, of_draft, propose, refused, send, view};

fn draft(world: &World, description: &str) -> Draft {
    let call = IToken::transferCall {
        to: world.voter.address,
        value: aius(1),
    };
    Draft::of(world.chain.token(), &call, description)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_takes_one_aius_of_votes_a_second_before() {
    let world = World::new().await;
    let silent = &world.silent;
    let draft = draft(&world, "by whom?");
    let error = refused!(
        silent,
        IGovernor::GovernorInsufficientProposerVotes,
        propose!(silent, draft)
    );
    assert_eq!(
        (error.proposer, error.votes, error.threshold),
        (silent.address, U256::ZERO, aius(1))
    );
    let rest = U256::from(AIUS - 1);
    send!(
        silent
            .token
            .transfer(world.founder.address, aius(10_000) - rest)
    );
    send!(silent.votes.delegate(silent.address));
    world.pass(1);
    let error = refused!(
        silent,
        IGovernor::GovernorInsufficientProposerVotes,
        propose!(silent, draft)
    );
    assert_eq!(error.votes, rest);
    send!(world.founder.token.transfer(silent.address, U256::from(1)));
    world.pass(1);
    send!(propose!(silent, draft));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_is_a_list_of_calls_of_one_length() {
    let world = World::new().await;
    let whale = &world.whale;
    type Length = IGovernor::GovernorInvalidProposalLength;
    let none = Draft::default();
    let error = refused!(whale, Length, propose!(whale, none));
    assert_eq!(error.targets, U256::ZERO);
    let mut uneven = draft(&world, "uneven");
    uneven.values.push(U256::ZERO);
    let error = refused!(whale, Length, propose!(whale, uneven));
    assert_eq!(
        (error.targets, error.calldatas, error.values),
        (U256::from(1), U256::from(1), U256::from(2))
    );
    refused!(whale, Length, of_draft!(whale, hashProposal, uneven));
    let mut uneven = draft(&world, "uneven");
    uneven.calldatas.clear();
    let error = refused!(whale, Length, propose!(whale, uneven));
    assert_eq!(error.calldatas, U256::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_s_content_identifier_is_kept() {
    let world = World::new().await;
    let governor = &world.whale.governor;
    for (i, description) in [String::new(), "Raise the fee".to_owned(), "x".repeat(1_000)]
        .iter()
        .enumerate()
    {
        let draft = draft(&world, description);
        let receipt = send!(propose!(world.whale, draft));
        let expected = cid::encode(cid::digest(description.as_bytes()).unwrap());
        let told = event::<IGovernor::ProposalDescriptionCid>(&receipt);
        assert_eq!(
            (told.proposalId, &told.cid[..]),
            (draft.id(), &expected[..]),
            "{i}"
        );
        assert_eq!(view!(governor.proposalCid(draft.id()))[..], expected, "{i}");
    }
    let long = draft(&world, &"x".repeat(cid::MAX_CONTENT + 1));
    let error = refused!(
        world.whale,
        IGovernor::GovernorDescriptionTooLong,
        propose!(world.whale, long)
    );
    assert_eq!(error.max, U256::from(cid::MAX_CONTENT));
    let long = draft(&world, &"x".repeat(cid::MAX_CONTENT));
    send!(propose!(world.whale, long).gas(30_000_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn as_much_is_proposed_as_one_account_stores() {
    let world = World::new().await;
    // A record's header, a target, no value, no signature, and the data's length.
    let rest = Record::MAX - 65 - 20 - 1 - 2 - 3;
    let large = Draft::default().and(world.chain.token(), 0, vec![7; rest]);
    let receipt = send!(propose!(world.whale, large).gas(30_000_000));
    assert_eq!(
        event::<IGovernor::ProposalCreated>(&receipt).proposalId,
        large.id()
    );
    let details = view!(world.whale.governor.proposalDetails(large.id()));
    assert_eq!(details.calldatas, large.calldatas);
    let larger = Draft::default().and(world.chain.token(), 0, vec![7; rest + 1]);
    let error = refused!(
        world.whale,
        IGovernor::GovernorProposalTooLarge,
        propose!(world.whale, larger).gas(30_000_000)
    );
    assert_eq!(error.size, U256::from(Record::MAX + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_that_names_its_proposer_is_nobody_else_s_to_propose() {
    let world = World::new().await;
    let (whale, attacker) = (&world.whale, &world.attacker);
    let mine = draft(
        &world,
        &format!("Raise the fee\n#proposer={}", whale.address),
    );
    let error = refused!(
        attacker,
        IGovernor::GovernorRestrictedProposer,
        propose!(attacker, mine)
    );
    assert_eq!(error.proposer, attacker.address);
    let signed = attacker.bravo.propose(
        mine.targets.clone(),
        mine.values.clone(),
        vec![String::new()],
        mine.calldatas.clone(),
        mine.description.clone(),
    );
    refused!(attacker, IGovernor::GovernorRestrictedProposer, signed);
    send!(propose!(whale, mine));
    // Without the suffix whoever comes first is the proposer, and may take it back; the
    // suffix makes it another proposal.
    let open = draft(&world, "Raise the fee");
    send!(propose!(attacker, open));
    send!(of_draft!(attacker, cancel, open));
    refused!(
        whale,
        IGovernor::GovernorUnexpectedProposalState,
        propose!(whale, open)
    );
    refused!(
        attacker,
        IGovernor::GovernorUnableToCancel,
        of_draft!(attacker, cancel, mine)
    );
    send!(of_draft!(whale, cancel, mine));
}

#[tokio::test(flavor = "multi_thread")]
async fn calldata_that_no_function_takes_is_refused() {
    let world = World::new().await;
    let governor = world.governor;
    type Unknown = IGovernor::UnknownFunction;
    type Malformed = IGovernor::MalformedCalldata;
    let call = |data: Vec<u8>| world.call(&world.silent, governor, Bytes::from(data));
    let error = call(vec![0xde, 0xad, 0xbe, 0xef]).await.unwrap_err();
    assert!(error.as_decoded_error::<Unknown>().is_some(), "{error}");
    let error = call(vec![1, 2, 3]).await.unwrap_err();
    assert!(error.as_decoded_error::<Malformed>().is_some(), "{error}");
    // Every function with its arguments cut off, but for those that take none.
    let whole = draft(&world, "whole");
    for calldata in [
        propose!(world.whale, whole).calldata().clone(),
        of_draft!(world.whale, queue, whole).calldata().clone(),
        world
            .whale
            .governor
            .castVote(U256::ZERO, 1)
            .calldata()
            .clone(),
        world.whale.governor.state(U256::ZERO).calldata().clone(),
    ] {
        let error = call(calldata[..calldata.len() - 32].to_vec())
            .await
            .unwrap_err();
        assert!(error.as_decoded_error::<Malformed>().is_some(), "{error}");
        let error = call(calldata[..4].to_vec()).await.unwrap_err();
        assert!(error.as_decoded_error::<Malformed>().is_some(), "{error}");
    }
    // A target with bits above an address's.
    let mut dirty = propose!(world.whale, whole).calldata().to_vec();
    let target = B256::from(U256::from_be_slice(world.chain.token().as_slice()));
    let at = dirty
        .windows(32)
        .position(|word| word == target.as_slice())
        .unwrap();
    dirty[at] = 1;
    let error = call(dirty).await.unwrap_err();
    assert!(error.as_decoded_error::<Malformed>().is_some(), "{error}");
}
