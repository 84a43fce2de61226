//! Models (protocol section 4).

use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_protocol::{cid, ids};
use arbius_sdk::contracts::IEngine;

use crate::world::{AIUS, World, aius, event, events, refused, send, view};

#[tokio::test(flavor = "multi_thread")]
async fn anyone_registers_a_model_and_its_template_goes_out_in_an_event() {
    let world = World::new().await;
    let engine = &world.rival.engine;
    let template = Bytes::from_static(b"{\"meta\":{\"title\":\"digits\"}}");
    let payee = world.model_owner.address;
    let call = engine.registerModel(payee, aius(2), template.clone());
    let returned = view!(call.clone().from(world.rival.address));
    let receipt = send!(call);

    let digest = cid::digest(&template).unwrap();
    let id = event::<IEngine::ModelRegistered>(&receipt).id;
    assert_eq!(
        id,
        ids::model_id(world.rival.address, payee, aius(2), digest)
    );
    assert_eq!(returned, id, "the function returns what the event says");
    let published: IEngine::ModelTemplate = event(&receipt);
    assert_eq!((published.id, published.template), (id, template.clone()));

    let model = view!(engine.models(id));
    assert_eq!(
        (model.fee, model.addr, model.rate),
        (aius(2), payee, U256::ZERO)
    );
    assert_eq!(model.cid.as_ref(), cid::encode(digest));
    assert!(view!(engine.modelEnabled(id)));
    assert!(!view!(engine.modelRequiresAllowList(id)));

    refused!(
        world.rival,
        ModelAlreadyRegistered,
        engine.registerModel(payee, aius(2), template.clone())
    );
    // Another sender, address, fee or template makes another model.
    send!(
        world
            .solver
            .engine
            .registerModel(payee, aius(2), template.clone())
    );
    send!(engine.registerModel(payee, aius(3), template));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_cannot_be_is_refused() {
    let world = World::new().await;
    let engine = &world.rival.engine;
    let (rival, template) = (&world.rival, Bytes::from_static(b"t"));
    let payee = world.model_owner.address;

    refused!(
        rival,
        AddressMustBeNonZero,
        engine.registerModel(Address::ZERO, aius(1), template.clone())
    );
    for address in [world.chain.engine(), world.chain.token()] {
        refused!(
            rival,
            AddressNotAllowed,
            engine.registerModel(address, aius(1), template.clone())
        );
    }
    refused!(
        rival,
        AmountTooLarge,
        engine.registerModel(payee, U256::from(1u128 << 80), template.clone())
    );
    refused!(
        rival,
        AmountTooLarge,
        engine.registerModel(payee, U256::MAX, template.clone())
    );
    refused!(
        rival,
        ContentTooLarge,
        engine.registerModel(payee, aius(1), Bytes::from(vec![7; 65_537]))
    );
    // The greatest fee that fits, and the longest template.
    let call = engine.registerModel(
        payee,
        U256::from((1u128 << 80) - 1),
        Bytes::from(vec![7; 65_536]),
    );
    let id = event::<IEngine::ModelRegistered>(&send!(call)).id;
    assert_eq!(view!(engine.models(id)).fee, U256::from((1u128 << 80) - 1));

    let unknown = view!(engine.models(B256::repeat_byte(1)));
    assert_eq!((unknown.addr, unknown.cid.len()), (Address::ZERO, 0));
    assert!(!view!(engine.modelEnabled(B256::repeat_byte(1))));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_address_and_the_engines_owner_alone_change_a_model() {
    let world = World::new().await;
    let id = world.model(aius(1), b"t").await;
    let (engine, stranger) = (&world.model_owner.engine, &world.rival);

    refused!(
        stranger,
        NotModelOwner,
        stranger.engine.setModelFee(id, aius(5))
    );
    refused!(
        stranger,
        NotModelOwner,
        stranger.engine.setModelAddr(id, stranger.address)
    );
    refused!(
        stranger,
        NotModelOwner,
        stranger.engine.setModelEnabled(id, false)
    );
    refused!(
        world.model_owner,
        ModelDoesNotExist,
        engine.setModelFee(B256::repeat_byte(1), aius(5))
    );
    refused!(
        world.model_owner,
        AmountTooLarge,
        engine.setModelFee(id, U256::MAX)
    );
    refused!(
        world.model_owner,
        AmountTooLarge,
        engine.setModelFee(id, U256::from(1u128 << 80))
    );
    refused!(
        world.model_owner,
        AddressMustBeNonZero,
        engine.setModelAddr(id, Address::ZERO)
    );
    refused!(
        world.model_owner,
        AddressNotAllowed,
        engine.setModelAddr(id, world.chain.engine())
    );

    let changed: IEngine::ModelFeeChanged = event(&send!(engine.setModelFee(id, aius(5))));
    assert_eq!((changed.id, changed.fee), (id, aius(5)));
    let changed: IEngine::ModelEnabledChanged =
        event(&send!(world.owner.engine.setModelEnabled(id, false)));
    assert!(!changed.enabled && !view!(engine.modelEnabled(id)));
    send!(engine.setModelEnabled(id, true));
    assert!(view!(engine.modelEnabled(id)));

    let changed: IEngine::ModelAddrChanged =
        event(&send!(engine.setModelAddr(id, world.solver.address)));
    assert_eq!(changed.addr, world.solver.address);
    refused!(
        world.model_owner,
        NotModelOwner,
        engine.setModelFee(id, aius(1))
    );
    send!(world.solver.engine.setModelFee(id, aius(1)));
    let model = view!(engine.models(id));
    assert_eq!((model.fee, model.addr), (aius(1), world.solver.address));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allow_list_names_solvers_until_it_is_disabled_for_good() {
    let world = World::new().await;
    let (owner, engine) = (&world.model_owner, &world.model_owner.engine);
    let call = engine.registerModelWithAllowList(
        owner.address,
        U256::ZERO,
        Bytes::from_static(b"t"),
        vec![world.solver.address, world.rival.address],
    );
    let receipt = send!(call);
    let id = event::<IEngine::ModelRegistered>(&receipt).id;
    assert!(event::<IEngine::ModelAllowListRequirementChanged>(&receipt).required);
    let listed = events::<IEngine::ModelAllowListUpdated>(&receipt);
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|listed| listed.allowed));

    assert!(view!(engine.modelRequiresAllowList(id)));
    assert!(view!(engine.isSolverAllowed(id, world.solver.address)));
    assert!(!view!(engine.isSolverAllowed(id, world.owner.address)));

    refused!(
        world.rival,
        NotModelOwner,
        world
            .rival
            .engine
            .addToModelAllowList(id, vec![world.owner.address])
    );
    send!(engine.removeFromModelAllowList(id, vec![world.rival.address]));
    assert!(!view!(engine.isSolverAllowed(id, world.rival.address)));
    send!(engine.addToModelAllowList(id, vec![world.owner.address]));
    assert!(view!(engine.isSolverAllowed(id, world.owner.address)));

    // A task of it is for the listed alone.
    for validator in [&world.solver, &world.rival] {
        world.stake(validator, aius(10)).await;
    }
    let task = world.task(id, U256::ZERO, b"in").await;
    let cid = crate::world::answer(1);
    world.commit(&world.rival, task, &cid).await;
    world.pass(1);
    refused!(
        world.rival,
        NotAllowedToSubmitSolution,
        world.rival.engine.submitSolution(task, cid.clone())
    );
    world.solve(&world.solver, task, cid).await;

    let receipt = send!(engine.disableModelAllowList(id));
    assert!(!event::<IEngine::ModelAllowListRequirementChanged>(&receipt).required);
    assert!(view!(engine.isSolverAllowed(id, world.rival.address)));
    refused!(
        owner,
        CannotReenableAllowList,
        engine.addToModelAllowList(id, vec![owner.address])
    );
    refused!(
        owner,
        CannotReenableAllowList,
        engine.disableModelAllowList(id)
    );

    let open = world.model(U256::ZERO, b"open").await;
    refused!(
        owner,
        AllowListNotEnabled,
        engine.addToModelAllowList(open, vec![owner.address])
    );
    refused!(
        owner,
        AllowListNotEnabled,
        engine.removeFromModelAllowList(open, vec![owner.address])
    );
    refused!(
        owner,
        AllowListNotEnabled,
        engine.disableModelAllowList(open)
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_and_fee_percentages_of_models_are_governances_alone() {
    let world = World::new().await;
    let id = world.model(aius(1), b"t").await;
    let (owner, engine) = (&world.owner, &world.owner.engine);

    refused!(
        world.model_owner,
        NotOwner,
        world
            .model_owner
            .engine
            .setSolutionMineableRate(id, aius(1))
    );
    refused!(
        owner,
        ModelDoesNotExist,
        engine.setSolutionMineableRate(B256::ZERO, aius(1))
    );
    refused!(
        owner,
        ParameterOutOfBounds,
        engine.setSolutionMineableRate(id, aius(100) + U256::from(1))
    );
    refused!(
        owner,
        ParameterOutOfBounds,
        engine.setSolutionMineableRate(id, U256::MAX)
    );
    let changed: IEngine::SolutionMineableRateChange =
        event(&send!(engine.setSolutionMineableRate(id, aius(100))));
    assert_eq!((changed.id, changed.rate), (id, aius(100)));
    assert_eq!(view!(engine.models(id)).rate, aius(100));

    refused!(
        world.model_owner,
        NotOwner,
        world
            .model_owner
            .engine
            .setSolutionModelFeePercentageOverride(id, U256::ZERO)
    );
    refused!(
        owner,
        PercentageTooHigh,
        engine.setSolutionModelFeePercentageOverride(id, U256::from(AIUS + 1))
    );
    refused!(
        owner,
        NoOverrideExists,
        engine.clearSolutionModelFeePercentageOverride(id)
    );
    send!(engine.setSolutionModelFeePercentageOverride(id, U256::from(AIUS / 4)));
    assert!(view!(engine.hasSolutionModelFeePercentageOverride(id)));
    assert_eq!(
        view!(engine.solutionModelFeePercentageOverride(id)),
        U256::from(AIUS / 4)
    );
    send!(engine.clearSolutionModelFeePercentageOverride(id));
    assert!(!view!(engine.hasSolutionModelFeePercentageOverride(id)));
    assert_eq!(
        view!(engine.solutionModelFeePercentageOverride(id)),
        U256::ZERO
    );
}
