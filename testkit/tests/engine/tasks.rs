//! Tasks: submission in its forms, raising the fee, status (protocol section 5).

use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_protocol::{cid, ids};
use arbius_sdk::contracts::IEngine;

use crate::world::{World, aius, answer, event, events, refused, send, view};

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_chained_stored_announced_and_paid_for() {
    let (world, model) = World::with_model(aius(1)).await;
    let engine = &world.requester.engine;
    let before = world.balance(world.requester.address).await;
    let previous = view!(engine.prevhash());
    let input = Bytes::from_static(b"{\"prompt\":\"seven\"}");
    // Who submits need not be who owns.
    let owner = world.treasury.address;
    let call = engine.submitTask(3, owner, model, aius(2), input.clone());
    let returned = view!(call.clone().from(world.requester.address));
    let receipt = send!(call);

    let digest = cid::digest(&input).unwrap();
    let submitted: IEngine::TaskSubmitted = event(&receipt);
    let id = ids::task_id(world.requester.address, previous, model, aius(2), digest);
    assert_eq!((submitted.id, submitted.model), (id, model));
    assert_eq!(
        (submitted.fee, submitted.sender),
        (aius(2), world.requester.address)
    );
    assert_eq!(returned, id);
    assert_eq!(view!(engine.prevhash()), id);

    let task = view!(engine.tasks(id));
    assert_eq!((task.model, task.fee, task.owner), (model, aius(2), owner));
    assert_eq!((task.version, task.blocktime), (3, world.now()));
    assert_eq!(task.cid.as_ref(), cid::encode(digest));
    assert_eq!(view!(engine.taskModelFee(id)), aius(1));
    assert_eq!(world.status(id).await, 1);
    assert_eq!(world.status(B256::repeat_byte(9)).await, 0);

    let after = world.balance(world.requester.address).await;
    assert_eq!(before - after, aius(2));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_inputs_of_tasks_go_out_in_events_in_every_form() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (engine, owner) = (&world.requester.engine, world.requester.address);

    let input = Bytes::from_static(b"one");
    let receipt = send!(engine.submitTask(0, owner, model, U256::ZERO, input.clone()));
    let announced: IEngine::TaskInput = event(&receipt);
    assert_eq!(announced.firstId, view!(engine.prevhash()));
    assert_eq!((announced.count, announced.input), (U256::from(1), input));

    // The same input five times goes out once, before it is the first task's id.
    let input = Bytes::from(vec![0x5A; 1_000]);
    let receipt =
        send!(engine.bulkSubmitTask(0, owner, model, aius(1), input.clone(), U256::from(5)));
    let submitted = events::<IEngine::TaskSubmitted>(&receipt);
    let announced: IEngine::TaskInput = event(&receipt);
    assert_eq!(submitted.len(), 5);
    assert_eq!(announced.firstId, submitted[0].id);
    assert_eq!(
        (announced.count, announced.input),
        (U256::from(5), input.clone())
    );
    let digest = cid::digest(&input).unwrap();
    for pair in submitted.windows(2) {
        let next = ids::task_id(owner, pair[0].id, model, aius(1), digest);
        assert_eq!(pair[1].id, next, "ids are chained");
    }
    assert_eq!(view!(engine.prevhash()), submitted[4].id);

    // Different inputs each go out with their own id.
    let inputs: Vec<Bytes> = (1..=3).map(|n| Bytes::from(vec![n; n as usize])).collect();
    let call = engine.bulkSubmitTasks(0, owner, model, aius(1), inputs.clone());
    let returned = view!(call.clone().from(owner));
    let receipt = send!(call);
    let announced = events::<IEngine::TaskInput>(&receipt);
    assert_eq!(announced.len(), 3);
    for ((announced, input), id) in announced.iter().zip(&inputs).zip(&returned) {
        assert_eq!(
            (announced.firstId, &announced.input, announced.count),
            (*id, input, U256::from(1))
        );
        let task = view!(engine.tasks(*id));
        assert_eq!(task.cid.as_ref(), cid::encode(cid::digest(input).unwrap()));
    }
    assert_eq!(view!(engine.totalHeld()), aius(20 + 8));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_cannot_be_is_refused() {
    let (world, model) = World::with_model(aius(1)).await;
    let (requester, engine) = (&world.requester, &world.requester.engine);
    let owner = requester.address;
    let input = Bytes::from_static(b"in");

    refused!(
        requester,
        ModelDoesNotExist,
        engine.submitTask(0, owner, B256::repeat_byte(1), aius(1), input.clone())
    );
    refused!(
        requester,
        LowerFeeThanModelFee,
        engine.submitTask(0, owner, model, aius(1) - U256::from(1), input.clone())
    );
    refused!(
        requester,
        AmountTooLarge,
        engine.submitTask(0, owner, model, U256::from(1u128 << 80), input.clone())
    );
    refused!(
        requester,
        AmountTooLarge,
        engine.submitTask(0, owner, model, U256::MAX, input.clone())
    );
    refused!(
        requester,
        AddressMustBeNonZero,
        engine.submitTask(0, Address::ZERO, model, aius(1), input.clone())
    );
    for address in [world.chain.engine(), world.chain.token()] {
        refused!(
            requester,
            AddressNotAllowed,
            engine.submitTask(0, address, model, aius(1), input.clone())
        );
    }
    refused!(
        requester,
        ContentTooLarge,
        engine.submitTask(0, owner, model, aius(1), Bytes::from(vec![1; 65_537]))
    );
    refused!(
        requester,
        EmptyBatch,
        engine.bulkSubmitTask(0, owner, model, aius(1), input.clone(), U256::ZERO)
    );
    refused!(
        requester,
        EmptyBatch,
        engine.bulkSubmitTasks(0, owner, model, aius(1), vec![])
    );
    // More than one has, and more than one has allowed.
    refused!(
        requester,
        TransferFailed,
        engine.submitTask(0, owner, model, aius(100_000), input.clone())
    );
    let other = world.miner(2);
    refused!(
        other,
        TransferFailed,
        other
            .engine
            .submitTask(0, other.address, model, aius(1), input.clone())
    );
    // Only the whole of a batch counts.
    refused!(
        requester,
        TransferFailed,
        engine.bulkSubmitTask(0, owner, model, aius(6_000), input.clone(), U256::from(2))
    );

    send!(world.model_owner.engine.setModelEnabled(model, false));
    refused!(
        requester,
        ModelDisabled,
        engine.submitTask(0, owner, model, aius(1), input)
    );
    assert_eq!(view!(engine.prevhash()), B256::ZERO);
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_and_the_empty_input_are_taken() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (engine, owner) = (&world.requester.engine, world.requester.address);
    for input in [vec![0xC3; 65_536], vec![]] {
        let input = Bytes::from(input);
        let receipt = send!(engine.submitTask(0, owner, model, U256::ZERO, input.clone()));
        let id = event::<IEngine::TaskSubmitted>(&receipt).id;
        assert_eq!(event::<IEngine::TaskInput>(&receipt).input, input);
        let digest = cid::digest(&input).unwrap();
        assert_eq!(view!(engine.tasks(id)).cid.as_ref(), cid::encode(digest));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_raises_the_fee_of_an_open_task() {
    let (world, model) = World::with_model(aius(1)).await;
    let (requester, engine) = (&world.requester, &world.requester.engine);
    let task = world.task(model, aius(2), b"in").await;

    refused!(
        world.rival,
        NotTaskOwner,
        world.rival.engine.increaseTaskFee(task, aius(1))
    );
    refused!(
        requester,
        TaskDoesNotExist,
        engine.increaseTaskFee(B256::ZERO, aius(1))
    );
    refused!(
        requester,
        AmntTooSmall,
        engine.increaseTaskFee(task, U256::ZERO)
    );
    refused!(
        requester,
        AmountTooLarge,
        engine.increaseTaskFee(task, U256::MAX)
    );
    refused!(
        requester,
        TransferFailed,
        engine.increaseTaskFee(task, aius(100_000))
    );

    let raised: IEngine::TaskFeeIncreased = event(&send!(engine.increaseTaskFee(task, aius(3))));
    assert_eq!((raised.amount, raised.fee), (aius(3), aius(5)));
    assert_eq!(view!(engine.tasks(task)).fee, aius(5));
    assert_eq!(view!(engine.taskModelFee(task)), aius(1));
    world.books_balance().await;

    world.solve(&world.solver, task, answer(1)).await;
    refused!(
        requester,
        TaskNotOpen,
        engine.increaseTaskFee(task, aius(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn status_follows_a_task_to_its_end_claimed_or_not() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let task = world.task(model, U256::ZERO, b"in").await;
    assert_eq!(world.status(task).await, 1);
    world.solve(&world.solver, task, answer(1)).await;
    assert_eq!(world.status(task).await, 2);
    let end: u64 = view!(world.owner.engine.contestEnd(task)).to();
    assert_eq!(end, world.now() + 2_000);
    // To the second, however long the test took to get here.
    let chain = world.chain.devnet().chain();
    chain.set_next_block_timestamp(end).unwrap();
    chain.mine();
    assert_eq!(
        world.status(task).await,
        2,
        "at its end it can be contested"
    );
    world.pass(1);
    assert_eq!(world.status(task).await, 4, "unclaimed");
    send!(world.solver.engine.claimSolution(task));
    assert_eq!(world.status(task).await, 4, "claimed");
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_of_a_batch_share_what_they_have_in_common_and_nothing_else() {
    let (world, model) = World::with_model(aius(1)).await;
    let (requester, engine) = (&world.requester, &world.requester.engine);
    let owner = requester.address;
    let (same, n) = (Bytes::from_static(b"same"), U256::from(4));
    let receipt = send!(engine.bulkSubmitTask(7, owner, model, aius(2), same.clone(), n));
    let bulk: Vec<B256> = events::<IEngine::TaskSubmitted>(&receipt)
        .into_iter()
        .map(|submitted| submitted.id)
        .collect();
    let digest = cid::encode(cid::digest(&same).unwrap());
    for id in &bulk {
        let task = view!(engine.tasks(*id));
        assert_eq!((task.model, task.fee, task.owner), (model, aius(2), owner));
        assert_eq!((task.version, task.cid.as_ref()), (7, &digest[..]));
        assert_eq!(view!(engine.taskModelFee(*id)), aius(1));
        assert_eq!(world.status(*id).await, 1);
    }

    // The first, whose name the batch bears, is no more than one of them.
    send!(engine.increaseTaskFee(bulk[0], aius(3)));
    send!(engine.increaseTaskFee(bulk[2], aius(5)));
    let mut fees = Vec::new();
    for id in &bulk {
        fees.push(view!(engine.tasks(*id)).fee);
    }
    assert_eq!(fees, [aius(5), aius(2), aius(7), aius(2)]);
    world.books_balance().await;

    world.pass(10_000);
    send!(engine.retractTask(bulk[0]));
    send!(engine.retractTask(bulk[3]));
    world.pass(600);
    send!(engine.retractTask(bulk[0]));
    send!(engine.retractTask(bulk[3]));
    let mut status = Vec::new();
    for id in &bulk {
        status.push(world.status(*id).await);
    }
    assert_eq!(status, [6, 1, 1, 6]);
    for id in &bulk {
        assert_eq!(view!(engine.tasks(*id)).cid.as_ref(), digest);
    }
    world.books_balance().await;

    for id in [bulk[1], bulk[2]] {
        world.solve(&world.solver, id, answer(1)).await;
    }
    world.pass(2_001);
    let claim = world.solver.engine.bulkClaimSolution(bulk.clone());
    let paid: Vec<U256> = events::<IEngine::FeesPaid>(&send!(claim))
        .into_iter()
        .map(|paid| paid.modelFee + paid.remainingFee)
        .collect();
    assert_eq!(paid, [aius(2), aius(7)]);
    world.books_balance().await;

    // Where inputs differ, each keeps its own through all of this.
    let inputs: Vec<Bytes> = (1..=3).map(|n| Bytes::from(vec![n])).collect();
    let call = engine.bulkSubmitTasks(0, owner, model, aius(1), inputs.clone());
    let ids = view!(call.clone().from(owner));
    send!(call);
    send!(engine.increaseTaskFee(ids[1], aius(1)));
    for ((id, input), fee) in ids.iter().zip(&inputs).zip([1, 2, 1]) {
        let task = view!(engine.tasks(*id));
        assert_eq!(task.fee, aius(fee));
        assert_eq!(task.cid.as_ref(), cid::encode(cid::digest(input).unwrap()));
    }
    world.books_balance().await;
}
