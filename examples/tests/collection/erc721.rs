//! ERC-721: who owns what, who may transfer it, what is announced.

use alloy_primitives::{Address, U256, fixed_bytes};
use arbius_example_interfaces::collection::ICollection::{
    Approval, ApprovalForAll, ERC721IncorrectOwner, ERC721InsufficientApproval,
    ERC721InvalidApprover, ERC721InvalidOperator, ERC721InvalidOwner, ERC721InvalidReceiver,
    NotFinal, Transfer,
};
use arbius_testkit::{event, refusal, send, view};

use crate::world::{World, both};

both!(
    an_owner_transfers_what_is_final_and_nothing_before,
    approval_is_for_one_token_and_ends_with_its_transfer,
    an_operator_transfers_and_approves_until_it_is_dismissed,
    nobody_else_transfers_or_approves,
    the_interfaces_of_the_standards_are_announced,
);

async fn an_owner_transfers_what_is_final_and_nothing_before(world: World) {
    let (alice, bob) = (&world.alice, &world.bob);
    let (pending, _) = world.mint("a red car").await;
    let transfer = alice
        .collection
        .transferFrom(alice.address, bob.address, pending);
    assert_eq!(refusal!(NotFinal, transfer).status, 1);
    let safe = alice
        .collection
        .safeTransferFrom_0(alice.address, bob.address, pending);
    assert_eq!(refusal!(NotFinal, safe).status, 1);

    let (token, _) = world.minted("a blue car").await;
    assert_eq!(
        view!(bob.collection.balanceOf(alice.address)),
        U256::from(2)
    );
    let receipt = send!(
        alice
            .collection
            .transferFrom(alice.address, bob.address, token)
    );
    let expected = Transfer {
        from: alice.address,
        to: bob.address,
        tokenId: token,
    };
    assert_eq!(event::<Transfer>(&receipt), expected);
    assert_eq!(view!(bob.collection.ownerOf(token)), bob.address);
    assert_eq!(
        view!(bob.collection.balanceOf(alice.address)),
        U256::from(1)
    );
    assert_eq!(view!(bob.collection.balanceOf(bob.address)), U256::from(1));
    // Who minted it stays known, and what it was minted for.
    assert_eq!(view!(bob.collection.minterOf(token)), alice.address);

    send!(
        bob.collection
            .safeTransferFrom_0(bob.address, alice.address, token)
    );
    assert_eq!(view!(bob.collection.ownerOf(token)), alice.address);
    let nobody = alice
        .collection
        .transferFrom(alice.address, Address::ZERO, token);
    assert_eq!(
        refusal!(ERC721InvalidReceiver, nobody).receiver,
        Address::ZERO
    );
    let zero = bob.collection.balanceOf(Address::ZERO);
    assert_eq!(refusal!(ERC721InvalidOwner, zero).owner, Address::ZERO);
}

async fn approval_is_for_one_token_and_ends_with_its_transfer(world: World) {
    let (alice, bob, carol) = (&world.alice, &world.bob, Address::repeat_byte(0xca));
    let (token, _) = world.minted("a red car").await;
    let (other, _) = world.minted("a blue car").await;
    let receipt = send!(alice.collection.approve(bob.address, token));
    let expected = Approval {
        owner: alice.address,
        approved: bob.address,
        tokenId: token,
    };
    assert_eq!(event::<Approval>(&receipt), expected);
    assert_eq!(view!(bob.collection.getApproved(token)), bob.address);
    let more = bob.collection.transferFrom(alice.address, carol, other);
    let refused = refusal!(ERC721InsufficientApproval, more);
    assert_eq!((refused.operator, refused.tokenId), (bob.address, other));

    send!(bob.collection.transferFrom(alice.address, carol, token));
    assert_eq!(view!(bob.collection.getApproved(token)), Address::ZERO);
    let again = bob.collection.transferFrom(carol, bob.address, token);
    refusal!(ERC721InsufficientApproval, again);

    send!(alice.collection.approve(bob.address, other));
    send!(alice.collection.approve(Address::ZERO, other));
    let late = bob.collection.transferFrom(alice.address, carol, other);
    refusal!(ERC721InsufficientApproval, late);
}

async fn an_operator_transfers_and_approves_until_it_is_dismissed(world: World) {
    let (alice, bob, carol) = (&world.alice, &world.bob, Address::repeat_byte(0xca));
    let (token, _) = world.minted("a red car").await;
    let (other, _) = world.minted("a blue car").await;
    let receipt = send!(alice.collection.setApprovalForAll(bob.address, true));
    let expected = ApprovalForAll {
        owner: alice.address,
        operator: bob.address,
        approved: true,
    };
    assert_eq!(event::<ApprovalForAll>(&receipt), expected);
    assert!(view!(
        bob.collection.isApprovedForAll(alice.address, bob.address)
    ));
    assert!(!view!(
        bob.collection.isApprovedForAll(bob.address, alice.address)
    ));
    send!(bob.collection.transferFrom(alice.address, carol, token));
    send!(bob.collection.approve(carol, other));
    assert_eq!(view!(bob.collection.getApproved(other)), carol);

    send!(alice.collection.setApprovalForAll(bob.address, false));
    let late = bob.collection.transferFrom(alice.address, carol, other);
    refusal!(ERC721InsufficientApproval, late);
    let nobody = alice.collection.setApprovalForAll(Address::ZERO, true);
    assert_eq!(
        refusal!(ERC721InvalidOperator, nobody).operator,
        Address::ZERO
    );
}

async fn nobody_else_transfers_or_approves(world: World) {
    let (alice, bob) = (&world.alice, &world.bob);
    let (token, _) = world.minted("a red car").await;
    let theft = bob
        .collection
        .transferFrom(alice.address, bob.address, token);
    refusal!(ERC721InsufficientApproval, theft);
    let theft = bob.collection.approve(bob.address, token);
    assert_eq!(refusal!(ERC721InvalidApprover, theft).approver, bob.address);
    // Nor the owner as if it were another's.
    let mistake = alice
        .collection
        .transferFrom(bob.address, bob.address, token);
    let refused = refusal!(ERC721IncorrectOwner, mistake);
    assert_eq!(
        (refused.sender, refused.owner),
        (bob.address, alice.address)
    );
}

async fn the_interfaces_of_the_standards_are_announced(world: World) {
    let bob = &world.bob.collection;
    for known in [
        fixed_bytes!("01ffc9a7"),
        fixed_bytes!("80ac58cd"),
        fixed_bytes!("5b5e139f"),
        fixed_bytes!("49064906"),
    ] {
        assert!(view!(bob.supportsInterface(known)), "{known}");
    }
    for unknown in [
        fixed_bytes!("ffffffff"),
        fixed_bytes!("00000000"),
        fixed_bytes!("780e9d63"),
    ] {
        assert!(!view!(bob.supportsInterface(unknown)), "{unknown}");
    }
}
