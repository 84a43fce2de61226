//! Votes that were signed: by keys, by wallets that are contracts, for one governor on one
//! chain, and once.

use alloy_primitives::{Address, B256, U256, address, hex};
use arbius_protocol::governance::{
    ballot, bravo_ballot, digest, domain_separator, extended_ballot,
};
use arbius_sdk::contracts::IGovernor;

use crate::world::{Draft, Person, World, aius, event, propose, refused, send, view};

/// Where tests put wallets.
const WALLET: Address = address!("00000000000000000000000000000000000a11e7");

async fn proposed(world: &World) -> U256 {
    let draft = Draft::of(world.chain.token(), &IGovernor::nameCall {}, "to vote on");
    send!(propose!(world.whale, draft));
    world.begin_vote();
    draft.id()
}

fn domain(world: &World) -> B256 {
    domain_separator(world.chain.chain().id(), world.governor)
}

/// What `voter` signs to vote for.
fn signed(world: &World, voter: &Person, id: U256, nonce: u64) -> Vec<u8> {
    let ballot = ballot(id.into(), 1, voter.address, nonce);
    voter.sign(digest(domain(world), ballot))
}

type Invalid = IGovernor::GovernorInvalidSignature;

#[tokio::test(flavor = "multi_thread")]
async fn the_domain_is_the_governor_s_own() {
    let world = World::new().await;
    let governor = &world.whale.governor;
    let told = view!(governor.eip712Domain());
    assert_eq!(told.fields.0, [0x0f]);
    assert_eq!(
        (told.name.as_str(), told.version.as_str()),
        ("Arbius Governor", "1")
    );
    assert_eq!(told.chainId, U256::from(world.chain.chain().id()));
    assert_eq!(told.verifyingContract, world.governor);
    assert_eq!((told.salt, told.extensions.len()), (B256::ZERO, 0));
    assert_eq!(view!(governor.name()), told.name);
    assert_eq!(view!(governor.version()), told.version);
    let hashes = [
        view!(governor.BALLOT_TYPEHASH()),
        view!(governor.EXTENDED_BALLOT_TYPEHASH()),
    ];
    use arbius_protocol::governance::{BALLOT_TYPEHASH, EXTENDED_BALLOT_TYPEHASH};
    assert_eq!(hashes, [BALLOT_TYPEHASH, EXTENDED_BALLOT_TYPEHASH]);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_casts_a_signed_vote_once() {
    let world = World::new().await;
    let id = proposed(&world).await;
    let (voter, relayer) = (&world.whale, &world.silent);
    assert_eq!(view!(relayer.governor.nonces(voter.address)), U256::ZERO);
    let signature = signed(&world, voter, id, 0);
    let cast = |signature: Vec<u8>| {
        relayer
            .governor
            .castVoteBySig(id, 1, voter.address, signature.into())
    };
    // Signed by somebody else, for another vote, another number, with another length or v.
    let mut wrong = vec![
        relayer.sign(digest(
            domain(&world),
            ballot(id.into(), 1, voter.address, 0),
        )),
        voter.sign(digest(
            domain(&world),
            ballot(id.into(), 0, voter.address, 0),
        )),
        signed(&world, voter, id, 1),
        signature[..64].to_vec(),
        [&signature[..], &[0]].concat(),
        vec![],
        vec![0; 65],
    ];
    let mut v = signature.clone();
    v[64] -= 27;
    wrong.push(v);
    // The other of the two signatures that everybody can make of one (EIP-2).
    let order = U256::from_be_bytes(hex!(
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
    ));
    let s = U256::from_be_slice(&signature[32..64]);
    let mut twin = signature.clone();
    twin[32..64].copy_from_slice(&(order - s).to_be_bytes::<32>());
    twin[64] = 27 + 28 - twin[64];
    wrong.push(twin);
    // Another governor, another chain.
    let vote = ballot(id.into(), 1, voter.address, 0);
    let chain = world.chain.chain().id();
    for domain in [
        domain_separator(chain, world.timelock),
        domain_separator(chain + 1, world.governor),
    ] {
        wrong.push(voter.sign(digest(domain, vote)));
    }
    for (i, signature) in wrong.into_iter().enumerate() {
        let error = refused!(relayer, Invalid, cast(signature));
        assert_eq!(error.voter, voter.address, "{i}");
    }
    let receipt = send!(cast(signature.clone()));
    let vote = event::<IGovernor::VoteCast>(&receipt);
    assert_eq!((vote.voter, vote.weight), (voter.address, aius(40_000)));
    assert_eq!(view!(relayer.governor.nonces(voter.address)), U256::from(1));
    refused!(relayer, Invalid, cast(signature));
    let again = cast(signed(&world, voter, id, 1));
    refused!(relayer, IGovernor::GovernorAlreadyCastVote, again);
    // What was refused has used up no number.
    assert_eq!(view!(relayer.governor.nonces(voter.address)), U256::from(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_vote_carries_its_reason_and_parameters() {
    let world = World::new().await;
    let id = proposed(&world).await;
    let (voter, relayer) = (&world.whale, &world.silent);
    let (reason, params) = ("as said", vec![1_u8, 2, 3]);
    let vote = extended_ballot(id.into(), 0, voter.address, 0, reason.as_bytes(), &params);
    let signature = voter.sign(digest(domain(&world), vote));
    let cast = |reason: &str, params: &[u8]| {
        relayer.governor.castVoteWithReasonAndParamsBySig(
            id,
            0,
            voter.address,
            reason.to_owned(),
            params.to_vec().into(),
            signature.clone().into(),
        )
    };
    refused!(relayer, Invalid, cast("as I say", &params));
    refused!(relayer, Invalid, cast(reason, &[1, 2]));
    let receipt = send!(cast(reason, &params));
    let vote = event::<IGovernor::VoteCastWithParams>(&receipt);
    assert_eq!((vote.voter, vote.support), (voter.address, 0));
    assert_eq!(
        (vote.reason.as_str(), vote.params.to_vec()),
        (reason, params)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bravo_s_form_votes_as_whoever_signed() {
    let world = World::new().await;
    let id = proposed(&world).await;
    let (voter, relayer) = (&world.whale, &world.silent);
    let signature = voter.sign(digest(domain(&world), bravo_ballot(id.into(), 1)));
    let (r, s) = (
        B256::from_slice(&signature[..32]),
        B256::from_slice(&signature[32..64]),
    );
    let cast = |support: u8, v: u8| relayer.bravo.castVoteBySig(id, support, v, r, s);
    let error = refused!(relayer, Invalid, cast(1, 0));
    assert_eq!(error.voter, Address::ZERO);
    let receipt = send!(cast(1, signature[64]));
    let vote = event::<IGovernor::VoteCast>(&receipt);
    assert_eq!((vote.voter, vote.weight), (voter.address, aius(40_000)));
    refused!(
        relayer,
        IGovernor::GovernorAlreadyCastVote,
        cast(1, signature[64])
    );
    // The same signature under another vote is that of somebody without votes.
    let vote = view!(cast(0, signature[64]));
    assert_eq!(vote, U256::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_is_a_contract_votes_by_what_it_approves() {
    let world = World::new().await;
    let chain = world.chain.devnet().chain();
    send!(world.whale.token.transfer(WALLET, aius(5_000)));
    // `delegate(self)`, as the wallet would call it.
    world.puppet(WALLET, world.chain.token(), &delegation(WALLET));
    world.poke(WALLET).await;
    assert_eq!(world.echo(WALLET), Some(Ok(())));
    world.pass(1);
    let id = proposed(&world).await;
    let relayer = &world.silent;
    let cast = || {
        relayer
            .governor
            .castVoteBySig(id, 1, WALLET, vec![7; 3].into())
    };
    let hash = |nonce| digest(domain(&world), ballot(id.into(), 1, WALLET, nonce));

    // Wallets that revert, say nothing, say something else, or approve another hash.
    for code in [&hex!("5f5ffd")[..], &hex!("00"), &hex!("60015f5260205ff3")] {
        chain.set_code(WALLET, code.to_vec().into());
        let error = refused!(relayer, Invalid, cast());
        assert_eq!(error.voter, WALLET);
    }
    chain.set_code(WALLET, approving_wallet());
    chain.set_storage(WALLET, U256::ZERO, hash(1).into());
    refused!(relayer, Invalid, cast());
    chain.set_storage(WALLET, U256::ZERO, hash(0).into());
    let receipt = send!(cast());
    let vote = event::<IGovernor::VoteCast>(&receipt);
    assert_eq!((vote.voter, vote.weight), (WALLET, aius(5_000)));
    refused!(relayer, Invalid, cast());
}

/// `delegate(account)`.
fn delegation(account: Address) -> Vec<u8> {
    use alloy_sol_types::SolCall;
    let delegatee = account;
    arbius_sdk::contracts::IVotes::delegateCall { delegatee }.abi_encode()
}

/// A wallet that approves the hash in its first slot (ERC-1271): it returns
/// `(calldata[4..36] == sload(0)) * 0x1626ba7e << 224`.
fn approving_wallet() -> alloy_primitives::Bytes {
    let code = hex!("600435" "5f54" "14" "631626ba7e" "02" "60e01b" "5f52" "60205ff3");
    code.to_vec().into()
}
