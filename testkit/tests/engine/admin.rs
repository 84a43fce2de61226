//! Initialisation and the offices (protocol section 11).

use alloy_primitives::{Address, U256};
use arbius_sdk::contracts::IEngine;

use crate::world::{World, event, refused, send, view};

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_is_initialised_once() {
    let world = World::new().await;
    let (owner, engine) = (&world.owner, &world.owner.engine);
    assert_eq!(view!(engine.baseToken()), world.chain.token());
    assert_eq!(view!(engine.owner()), owner.address);
    assert_eq!(view!(engine.pauser()), owner.address);
    assert_eq!(view!(engine.treasury()), world.treasury.address);
    assert!(view!(engine.startBlockTime()) <= world.now());
    let rest = view!(engine.engineRest());
    refused!(
        owner,
        AlreadyInitialized,
        engine.initialize(
            world.chain.token(),
            world.treasury.address,
            owner.address,
            rest
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn offices_are_handed_on_by_the_owner_alone() {
    let world = World::new().await;
    let (owner, engine) = (&world.owner, &world.owner.engine);
    let (rival, to) = (&world.rival, world.solver.address);
    let strange = &rival.engine;
    refused!(rival, NotOwner, strange.transferOwnership(to));
    refused!(rival, NotOwner, strange.transferTreasury(to));
    refused!(rival, NotOwner, strange.transferPauser(to));
    refused!(rival, NotOwner, strange.setEngineRest(to));
    for (address, zero) in [
        (Address::ZERO, true),
        (world.chain.engine(), false),
        (world.chain.token(), false),
    ] {
        if zero {
            refused!(
                owner,
                AddressMustBeNonZero,
                engine.transferOwnership(address)
            );
            refused!(
                owner,
                AddressMustBeNonZero,
                engine.transferTreasury(address)
            );
            refused!(owner, AddressMustBeNonZero, engine.transferPauser(address));
            refused!(owner, AddressMustBeNonZero, engine.setEngineRest(address));
        } else {
            refused!(owner, AddressNotAllowed, engine.transferOwnership(address));
            refused!(owner, AddressNotAllowed, engine.transferTreasury(address));
            // Both have code; as the rest of the engine they would leave it without one.
            refused!(owner, AddressNotAllowed, engine.setEngineRest(address));
        }
    }
    // There is no program at somebody's account.
    refused!(owner, AddressNotAllowed, engine.setEngineRest(to));
    let rest = view!(engine.engineRest());
    assert_eq!(
        event::<IEngine::EngineRestChanged>(&send!(engine.setEngineRest(rest))).rest,
        rest
    );

    assert_eq!(
        event::<IEngine::TreasuryTransferred>(&send!(engine.transferTreasury(to))).to,
        to
    );
    assert_eq!(view!(engine.treasury()), to);
    assert_eq!(
        event::<IEngine::PauserTransferred>(&send!(engine.transferPauser(to))).to,
        to
    );
    assert_eq!(view!(engine.pauser()), to);
    let transferred: IEngine::OwnershipTransferred = event(&send!(engine.transferOwnership(to)));
    assert_eq!(
        (transferred.previousOwner, transferred.newOwner),
        (owner.address, to)
    );
    assert_eq!(view!(engine.owner()), to);
    refused!(owner, NotOwner, engine.setVersion(U256::from(2)));
    send!(world.solver.engine.setVersion(U256::from(2)));
    assert_eq!(view!(engine.version()), U256::from(2));
}
