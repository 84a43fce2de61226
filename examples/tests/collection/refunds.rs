//! Tokens whose tasks come to nothing: rejected, retracted, never solved.

use alloy_primitives::{Address, U256};
use arbius_example_interfaces::collection::ICollection::{
    ERC721NonexistentToken, NotFinal, NotRefundable, Refunded, Transfer,
};
use arbius_testkit::{aius, event, refusal, send, view};

use crate::world::{World, answer, both};

both!(
    whose_task_is_rejected_gets_the_whole_fee_back_and_the_token_is_burned,
    whose_task_is_never_solved_retracts_it_and_loses_a_tenth,
    nothing_is_refunded_while_a_picture_may_come_or_has_come,
    who_was_paid_by_the_engine_before_still_has_the_token_burned,
    a_token_that_may_be_refunded_stays_with_its_minter,
);

async fn whose_task_is_rejected_gets_the_whole_fee_back_and_the_token_is_burned(world: World) {
    let before = world.balance(world.alice.address).await;
    let (token, task) = world.rejected("a red car").await;
    assert_eq!(world.balance(world.alice.address).await, before - aius(5));

    // Anyone may, and gains nothing by it.
    let (alice, bob) = (world.alice.address, &world.bob);
    let strangers = world.balance(bob.address).await;
    let receipt = send!(bob.collection.refund(token));
    let refunded: Refunded = event(&receipt);
    assert_eq!(
        (refunded.tokenId, refunded.minter, refunded.task),
        (token, alice, task)
    );
    let burned = Transfer {
        from: alice,
        to: Address::ZERO,
        tokenId: token,
    };
    assert!(arbius_testkit::events::<Transfer>(&receipt).contains(&burned));
    assert_eq!(world.balance(alice).await, before);
    assert_eq!(world.balance(bob.address).await, strangers);
    assert_eq!(world.balance(world.collection()).await, U256::ZERO);
    assert_eq!(view!(bob.engine.earnings(world.collection())), U256::ZERO);

    assert_eq!(view!(bob.collection.totalSupply()), U256::ZERO);
    assert_eq!(view!(bob.collection.balanceOf(alice)), U256::ZERO);
    assert_eq!(view!(bob.collection.tokenOf(task)), U256::ZERO);
    refusal!(ERC721NonexistentToken, bob.collection.ownerOf(token));
    refusal!(ERC721NonexistentToken, bob.collection.refund(token));
    // The engine may still tell, and is told that there is no such token.
    assert!(!world.tell(task).await.0);
}

async fn whose_task_is_never_solved_retracts_it_and_loses_a_tenth(world: World) {
    let before = world.balance(world.alice.address).await;
    let (token, task) = world.mint("a red car").await;
    world.pass(10_000);
    let retract = world.alice.engine.retractTask(task);
    send!(retract.clone());
    let open = refusal!(NotRefundable, world.bob.collection.refund(token));
    assert_eq!(open.status, 1);
    world.pass(600);
    send!(retract);
    assert_eq!(
        world.metadata(token).await["attributes"][0]["value"],
        "retracted"
    );
    send!(world.bob.collection.refund(token));
    let lost = aius(5) / U256::from(10);
    assert_eq!(world.balance(world.alice.address).await, before - lost);
    refusal!(ERC721NonexistentToken, world.bob.collection.ownerOf(token));
}

async fn nothing_is_refunded_while_a_picture_may_come_or_has_come(world: World) {
    let (token, task) = world.mint("a red car").await;
    let refund = world.alice.collection.refund(token);
    let refused = |status| NotRefundable {
        tokenId: token,
        status,
    };
    assert_eq!(refusal!(NotRefundable, refund), refused(1));
    world.solve(task, &answer(1)).await;
    assert_eq!(refusal!(NotRefundable, refund), refused(2));
    world.validators.contest(task).await.unwrap();
    assert_eq!(refusal!(NotRefundable, refund), refused(3));
    world.pass(4_001);
    world.validators.voter.settle(task).await.unwrap();
    assert_eq!(refusal!(NotRefundable, refund), refused(4));
}

async fn who_was_paid_by_the_engine_before_still_has_the_token_burned(world: World) {
    let before = world.balance(world.alice.address).await;
    let (token, _) = world.rejected("a red car").await;
    send!(world.bob.engine.withdrawEarnings(world.alice.address));
    assert_eq!(world.balance(world.alice.address).await, before);
    send!(world.bob.collection.refund(token));
    assert_eq!(world.balance(world.alice.address).await, before);
    refusal!(ERC721NonexistentToken, world.bob.collection.ownerOf(token));
}

async fn a_token_that_may_be_refunded_stays_with_its_minter(world: World) {
    let (token, _) = world.rejected("a red car").await;
    let (alice, bob) = (&world.alice, world.bob.address);
    send!(alice.collection.approve(bob, token));
    let transfer = world.bob.collection.transferFrom(alice.address, bob, token);
    assert_eq!(refusal!(NotFinal, transfer).status, 5);
    let transfer = alice.collection.transferFrom(alice.address, bob, token);
    assert_eq!(refusal!(NotFinal, transfer).status, 5);
    send!(alice.collection.refund(token));
    assert_eq!(view!(alice.collection.balanceOf(alice.address)), U256::ZERO);
}
