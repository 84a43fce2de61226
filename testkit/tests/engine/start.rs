//! How an engine begins (protocol section 1), and what it makes of a token that does not
//! do what it should.

use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_protocol::interfaces::proxy::IMPLEMENTATION_SLOT;
use arbius_sdk::contracts::IEngine;

use crate::{
    hostile::{self, TOKEN, on_a_token_of_its_own, token_answers},
    world::{World, aius, event, refused, send, view},
};

#[tokio::test(flavor = "multi_thread")]
async fn before_its_initialisation_an_engine_does_nothing_else() {
    let world = World::new().await;
    let owner = world.fresh(&world.owner).await;
    let engine = &owner.engine;
    let token = world.chain.token();
    let treasury = world.treasury.address;
    let rest = view!(world.owner.engine.engineRest());

    refused!(owner, NotInitialized, engine.owner());
    refused!(owner, NotInitialized, engine.setVersion(U256::from(1)));
    refused!(
        owner,
        AddressMustBeNonZero,
        engine.initialize(Address::ZERO, treasury, owner.address, rest)
    );
    refused!(
        owner,
        AddressMustBeNonZero,
        engine.initialize(token, Address::ZERO, owner.address, rest)
    );
    refused!(
        owner,
        AddressMustBeNonZero,
        engine.initialize(token, treasury, Address::ZERO, rest)
    );
    refused!(
        owner,
        AddressNotAllowed,
        engine.initialize(token, token, owner.address, rest)
    );
    refused!(
        owner,
        AddressNotAllowed,
        engine.initialize(token, treasury, *engine.address(), rest)
    );
    // No program there, or none at all.
    refused!(
        owner,
        AddressNotAllowed,
        engine.initialize(token, treasury, owner.address, treasury)
    );
    refused!(
        owner,
        AddressNotAllowed,
        engine.initialize(token, treasury, owner.address, Address::ZERO)
    );

    let receipt = send!(engine.initialize(token, treasury, owner.address, rest));
    assert_eq!(event::<IEngine::EngineRestChanged>(&receipt).rest, rest);
    let transferred: IEngine::OwnershipTransferred = event(&receipt);
    assert_eq!(
        (transferred.previousOwner, transferred.newOwner),
        (Address::ZERO, owner.address)
    );
    assert_eq!(
        event::<IEngine::PauserTransferred>(&receipt).to,
        owner.address
    );
    assert_eq!(event::<IEngine::TreasuryTransferred>(&receipt).to, treasury);
    assert_eq!(
        event::<IEngine::StartBlockTimeChanged>(&receipt).startBlockTime,
        world.now()
    );
    assert_eq!(view!(engine.startBlockTime()), world.now());
    refused!(
        owner,
        AlreadyInitialized,
        engine.initialize(token, treasury, owner.address, rest)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_starts_before_the_reserve_is_funded() {
    let world = World::new().await;
    let owner = world.fresh(&world.owner).await;
    let (engine, me) = (&owner.engine, owner.address);
    let rest = view!(world.owner.engine.engineRest());
    token_answers(&world, aius(600_000) - U256::from(1));
    send!(engine.initialize(TOKEN, world.treasury.address, me, rest));

    // What is no start: a model and its rate.
    let receipt = send!(engine.registerModel(me, U256::ZERO, Bytes::from_static(b"t")));
    let model = event::<IEngine::ModelRegistered>(&receipt).id;
    let task = engine.submitTask(0, me, model, U256::ZERO, Bytes::from_static(b"in"));
    refused!(owner, ReserveNotFunded, task.clone());
    refused!(
        owner,
        ReserveNotFunded,
        engine.bulkSubmitTask(0, me, model, U256::ZERO, Bytes::new(), U256::from(2))
    );
    refused!(
        owner,
        ReserveNotFunded,
        engine.bulkSubmitTasks(0, me, model, U256::ZERO, vec![Bytes::new()])
    );
    refused!(
        owner,
        ReserveNotFunded,
        engine.submitTaskWithConsumer(0, me, model, U256::ZERO, Bytes::new(), me, 1)
    );
    let (one, word) = (U256::from(1), B256::ZERO);
    refused!(
        owner,
        ReserveNotFunded,
        engine.submitTaskWithPermit(0, me, model, U256::ZERO, Bytes::new(), one, 27, word, word)
    );
    refused!(
        owner,
        ReserveNotFunded,
        engine.validatorDeposit(me, aius(1))
    );

    token_answers(&world, aius(600_000));
    send!(task.clone());
    // It was seen once, and what rewards take from it later stops nothing.
    token_answers(&world, U256::from(1));
    send!(task);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_does_not_answer_true_moves_nothing() {
    let world = World::new().await;
    let (owner, model) = on_a_token_of_its_own(&world).await;
    let (engine, me) = (&owner.engine, owner.address);
    send!(engine.validatorDeposit(me, aius(5)));
    send!(engine.initiateValidatorWithdraw(aius(2)));
    world.pass(86_400);

    let chain = world.chain.devnet().chain();
    let deposit = engine.validatorDeposit(me, aius(1));
    let task = engine.submitTask(0, me, model, aius(1), Bytes::new());
    let withdraw = engine.validatorWithdraw(U256::from(1), me);
    // False; neither true nor false; a revert; no contract at all.
    let dishonest: [&dyn Fn(); 4] = [
        &|| token_answers(&world, U256::ZERO),
        &|| token_answers(&world, U256::from(2)),
        &|| chain.set_code(TOKEN, Bytes::from_static(&hostile::REVERTS)),
        &|| chain.set_code(TOKEN, Bytes::new()),
    ];
    for answers in dishonest {
        answers();
        refused!(owner, TransferFailed, deposit.clone());
        refused!(owner, TransferFailed, task.clone());
        refused!(owner, TransferFailed, withdraw.clone());
    }
    assert_eq!(view!(engine.totalHeld()), aius(5));
    token_answers(&world, U256::from(1));
    send!(withdraw);
    assert_eq!(view!(engine.totalHeld()), aius(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_at_its_own_address_is_nobodys_engine() {
    let world = World::new().await;
    let (owner, engine) = (&world.owner, &world.owner.engine);
    let chain = world.chain.devnet().chain();
    let slot = chain.storage(world.chain.engine(), IMPLEMENTATION_SLOT.into());
    let hot = Address::from_word(slot.into());
    let rest = view!(engine.engineRest());
    for program in [hot, rest] {
        let program = IEngine::new(program, engine.provider().clone());
        refused!(
            owner,
            NotBehindProxy,
            program.initialize(world.chain.token(), owner.address, owner.address, rest)
        );
        // Nor does it take ether, which would be lost there.
        let ether = program
            .registerModelWithAllowList(owner.address, U256::ZERO, Bytes::new(), vec![])
            .value(U256::from(1));
        refused!(owner, ValueNotAccepted, ether);
    }
}
