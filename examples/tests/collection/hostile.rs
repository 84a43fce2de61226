//! Contracts that are given tokens: those that do not take them, and those that come back in.

use alloy_primitives::{Bytes, FixedBytes, U256};
use alloy_sol_types::{SolCall, SolError, SolValue};
use arbius_example_interfaces::collection::ICollection::{
    self, ERC721InvalidReceiver, NotFinal, NotRefundable, mintCall,
};
use arbius_testkit::{aius, events, refusal, send, view};

use crate::world::{ACCEPTS, IPuppet::Part, World, both};

both!(
    a_contract_that_does_not_take_tokens_is_given_none,
    a_receiver_that_mints_again_pays_again,
    a_receiver_can_ask_who_owns_what_it_is_given,
    a_receiver_can_give_away_what_it_is_given,
    a_receiver_gains_nothing_by_coming_back_into_its_mint,
);

/// Takes the token and does nothing.
fn accepting() -> Part {
    Part {
        target: Default::default(),
        data: Bytes::new(),
        refuses: false,
        reason: Bytes::new(),
        answer: FixedBytes(ACCEPTS),
    }
}

/// Calls the collection, then takes the token.
fn coming_back(world: &World, call: &impl SolCall) -> Part {
    Part {
        target: world.collection(),
        data: call.abi_encode().into(),
        ..accepting()
    }
}

fn mint(prompt: &str) -> Bytes {
    mintCall {
        prompt: prompt.to_owned(),
        fee: aius(5),
    }
    .abi_encode()
    .into()
}

async fn a_contract_that_does_not_take_tokens_is_given_none(world: World) {
    let puppet = world.puppet().await;
    let (alice, receiver) = (&world.alice, *puppet.address());
    let (token, _) = world.minted("a red car").await;
    let before = world.balance(receiver).await;
    let wrong = Part {
        answer: FixedBytes([1, 2, 3, 4]),
        ..accepting()
    };
    let silent = Part {
        refuses: true,
        ..accepting()
    };
    for part in [wrong, silent] {
        send!(puppet.play(part));
        let safe = alice
            .collection
            .safeTransferFrom_0(alice.address, receiver, token);
        assert_eq!(refusal!(ERC721InvalidReceiver, safe).receiver, receiver);
        let minting = puppet.perform(world.collection(), mint("mine"));
        assert_eq!(refusal!(ERC721InvalidReceiver, minting).receiver, receiver);
    }
    // A reason of its own is handed on, on both ways.
    let reason = NotFinal {
        tokenId: U256::from(7),
        status: 9,
    };
    send!(puppet.play(Part {
        refuses: true,
        reason: reason.abi_encode().into(),
        ..accepting()
    }));
    let data = Bytes::from_static(b"data");
    let safe = alice
        .collection
        .safeTransferFrom_1(alice.address, receiver, token, data);
    assert_eq!(refusal!(NotFinal, safe), reason);
    let minting = puppet.perform(world.collection(), mint("mine"));
    assert_eq!(refusal!(NotFinal, minting), reason);
    // So is a contract that has no such function.
    let engine = world.chain.engine();
    let safe = alice
        .collection
        .safeTransferFrom_0(alice.address, engine, token);
    assert!(safe.call().await.is_err());

    assert_eq!(world.balance(receiver).await, before);
    assert_eq!(view!(alice.collection.totalSupply()), U256::from(1));
    assert_eq!(view!(alice.collection.ownerOf(token)), alice.address);
    // Whoever transfers without asking knows what it does.
    send!(
        alice
            .collection
            .transferFrom(alice.address, receiver, token)
    );
    assert_eq!(view!(alice.collection.ownerOf(token)), receiver);
}

async fn a_receiver_that_mints_again_pays_again(world: World) {
    let puppet = world.puppet().await;
    let receiver = *puppet.address();
    let inner = mintCall {
        prompt: "again".to_owned(),
        fee: aius(5),
    };
    send!(puppet.play(coming_back(&world, &inner)));
    let receipt = send!(puppet.perform(world.collection(), mint("first")));
    let minted = events::<ICollection::Minted>(&receipt);
    let tokens: Vec<_> = minted.iter().map(|event| event.tokenId).collect();
    assert_eq!(tokens, [U256::from(1), U256::from(2)]);
    assert_ne!(minted[0].task, minted[1].task);
    assert!(view!(puppet.succeeded()));
    assert_eq!(view!(puppet.given()), U256::from(2));
    // All of its 10 AIUS.
    assert_eq!(world.balance(receiver).await, U256::ZERO);
    let bob = &world.bob.collection;
    assert_eq!(view!(bob.balanceOf(receiver)), U256::from(2));
    assert_eq!(view!(bob.totalSupply()), U256::from(2));
    for (token, prompt) in [(1, "first"), (2, "again")] {
        assert_eq!(view!(bob.promptOf(U256::from(token))), prompt);
    }
}

async fn a_receiver_can_ask_who_owns_what_it_is_given(world: World) {
    let puppet = world.puppet().await;
    let (alice, receiver) = (&world.alice, *puppet.address());
    let (token, _) = world.minted("a red car").await;
    let ask = ICollection::ownerOfCall { tokenId: token };
    send!(puppet.play(coming_back(&world, &ask)));
    send!(
        alice
            .collection
            .safeTransferFrom_0(alice.address, receiver, token)
    );
    assert!(view!(puppet.succeeded()));
    assert_eq!(view!(puppet.returned()), receiver.abi_encode());
}

async fn a_receiver_can_give_away_what_it_is_given(world: World) {
    let puppet = world.puppet().await;
    let (alice, bob, receiver) = (&world.alice, world.bob.address, *puppet.address());
    let (token, _) = world.minted("a red car").await;
    let pass_on = ICollection::transferFromCall {
        from: receiver,
        to: bob,
        tokenId: token,
    };
    send!(puppet.play(coming_back(&world, &pass_on)));
    send!(
        alice
            .collection
            .safeTransferFrom_0(alice.address, receiver, token)
    );
    let collection = &alice.collection;
    assert_eq!(view!(collection.ownerOf(token)), bob);
    for (owner, balance) in [(alice.address, 0), (receiver, 0), (bob, 1)] {
        assert_eq!(view!(collection.balanceOf(owner)), U256::from(balance));
    }
}

async fn a_receiver_gains_nothing_by_coming_back_into_its_mint(world: World) {
    let puppet = world.puppet().await;
    let (bob, receiver) = (world.bob.address, *puppet.address());
    let (first, second, status) = (U256::from(1), U256::from(2), 1);
    let give_away = ICollection::transferFromCall {
        from: receiver,
        to: bob,
        tokenId: first,
    };
    let refund = ICollection::refundCall { tokenId: second };
    let not_final = NotFinal {
        tokenId: first,
        status,
    };
    let not_refundable = NotRefundable {
        tokenId: second,
        status,
    };
    for (part, refused) in [
        (coming_back(&world, &give_away), not_final.abi_encode()),
        (coming_back(&world, &refund), not_refundable.abi_encode()),
    ] {
        send!(puppet.play(part));
        send!(puppet.perform(world.collection(), mint("mine")));
        assert!(!view!(puppet.succeeded()));
        assert_eq!(view!(puppet.returned()), refused);
    }
    let collection = &world.bob.collection;
    assert_eq!(view!(collection.balanceOf(receiver)), U256::from(2));
    assert_eq!(view!(collection.totalSupply()), U256::from(2));
}
