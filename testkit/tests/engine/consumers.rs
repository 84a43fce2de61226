//! Contracts that are told what became of a task (protocol section 5), and what they can
//! do with that: nothing to anybody else.

use alloy::rpc::types::TransactionReceipt;
use alloy_primitives::{Address, B256, Bytes, U256, address};
use alloy_sol_types::SolCall;
use arbius_protocol::interfaces::{consumer::ITaskConsumer, token::IPermit};
use arbius_sdk::contracts::{IEngine, IToken};

use crate::{
    hostile::{
        BURNS_ALL_GAS, NOTES_ITS_CALL, NOTES_ITS_GAS, Puppet, RETURNS_MUCH, REVERTS,
        REVERTS_WITH_MUCH, SELF_DESTRUCTS, Wish, hash, notified, on_a_token_of_its_own,
        permit_given,
    },
    world::{World, aius, answer, event, refused, send, view},
};

const CONSUMER: Address = address!("00000000000000000000000000000000000c0705");

/// The gas that consumers are promised here.
const GAS: u32 = 300_000;

fn become_code(world: &World, code: &[u8]) {
    let code = Bytes::copy_from_slice(code);
    world.chain.devnet().chain().set_code(CONSUMER, code);
}

fn slot(world: &World, number: u64) -> U256 {
    let chain = world.chain.devnet().chain();
    chain.storage(CONSUMER, U256::from(number))
}

/// A task of the requester that names the consumer.
async fn order(world: &World, model: B256) -> B256 {
    let requester = &world.requester;
    let call = requester.engine.submitTaskWithConsumer(
        0,
        requester.address,
        model,
        aius(10),
        Bytes::from_static(b"in"),
        CONSUMER,
        GAS,
    );
    event::<IEngine::TaskSubmitted>(&send!(call)).id
}

/// The same, with an answer that stands.
async fn final_task(world: &World, model: B256) -> B256 {
    let task = order(world, model).await;
    world.solve(&world.solver, task, answer(1)).await;
    world.pass(2_001);
    task
}

/// Has somebody tell the consumer; whether it accepted.
async fn notify(world: &World, task: B256) -> (bool, TransactionReceipt) {
    let receipt = send!(world.rival.engine.notifyConsumer(task));
    let told: IEngine::ConsumerNotified = event(&receipt);
    assert_eq!((told.task, told.consumer), (task, CONSUMER));
    (told.success, receipt)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_is_told_the_answer_once_after_it_is_final() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (rival, engine) = (&world.rival, &world.rival.engine);
    become_code(&world, &NOTES_ITS_CALL);
    let requester = &world.requester;
    let receipt = send!(requester.engine.submitTaskWithConsumer(
        7,
        requester.address,
        model,
        aius(10),
        Bytes::from_static(b"in"),
        CONSUMER,
        GAS
    ));
    let task = event::<IEngine::TaskSubmitted>(&receipt).id;
    let named: IEngine::TaskConsumer = event(&receipt);
    assert_eq!(
        (named.task, named.consumer, named.gasLimit),
        (task, CONSUMER, GAS)
    );
    assert_eq!(event::<IEngine::TaskInput>(&receipt).input.as_ref(), b"in");
    assert_eq!(view!(engine.tasks(task)).version, 7);
    let known = view!(engine.taskConsumer(task));
    assert_eq!(
        (known.consumer, known.gasLimit, known.notified),
        (CONSUMER, GAS, false)
    );

    refused!(rival, TaskDoesNotExist, engine.notifyConsumer(B256::ZERO));
    let plain = world.task(model, U256::ZERO, b"plain").await;
    refused!(rival, NoConsumer, engine.notifyConsumer(plain));
    refused!(rival, TaskNotFinal, engine.notifyConsumer(task));
    world.solve(&world.solver, task, answer(1)).await;
    refused!(rival, TaskNotFinal, engine.notifyConsumer(task));
    world.pass(2_001);

    // Final, if nobody has claimed it: nothing else waits for it, nor it for anything.
    assert!(notify(&world, task).await.0);
    let told = ITaskConsumer::onTaskOutcomeCall {
        task,
        outcome: 4,
        cid: answer(1),
    };
    assert_eq!(B256::from(slot(&world, 0)), hash(&told));
    assert_eq!(
        Address::from_word(slot(&world, 1).into()),
        world.chain.engine()
    );
    assert!(view!(engine.taskConsumer(task)).notified);
    refused!(rival, AlreadyNotified, engine.notifyConsumer(task));
    send!(world.solver.engine.claimSolution(task));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_hears_of_rejection_and_retraction_without_a_cid() {
    let (world, model) = World::with_model(U256::ZERO).await;
    become_code(&world, &NOTES_ITS_CALL);
    let voter = world.miner(2);
    send!(world.rival.engine.validatorDeposit(voter.address, aius(10)));
    world.pass(120);
    let rejected = order(&world, model).await;
    let retracted = order(&world, model).await;
    world.solve(&world.solver, rejected, answer(1)).await;
    send!(world.rival.engine.submitContestation(rejected));
    refused!(
        world.rival,
        TaskNotFinal,
        world.rival.engine.notifyConsumer(rejected)
    );
    send!(voter.engine.voteOnContestation(rejected, true));
    world.pass(4_001);
    send!(voter.engine.contestationVoteFinish(rejected, 1));
    send!(world.model_owner.engine.setModelEnabled(model, false));
    world.pass(600);
    send!(world.requester.engine.retractTask(retracted));

    for (task, outcome) in [(rejected, 5), (retracted, 6)] {
        assert!(notify(&world, task).await.0);
        let told = ITaskConsumer::onTaskOutcomeCall {
            task,
            outcome,
            cid: Bytes::new(),
        };
        assert_eq!(B256::from(slot(&world, 0)), hash(&told));
    }
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_consumer_does_harms_nobody_and_a_failure_can_be_tried_again() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let task = final_task(&world, model).await;
    let steals = Puppet {
        target: Some(world.chain.token()),
        calldata: IToken::transferFromCall {
            from: world.chain.engine(),
            to: CONSUMER,
            value: aius(1),
        }
        .abi_encode(),
        wish: Wish::Success,
    }
    .code();
    let failing: [(&str, &[u8]); 5] = [
        ("is not there yet", &[]),
        ("reverts", &REVERTS),
        ("burns all gas", &BURNS_ALL_GAS),
        ("reverts with 256 KiB", &REVERTS_WITH_MUCH),
        ("steals", &steals),
    ];
    for (what, code) in failing {
        become_code(&world, code);
        let (success, receipt) = notify(&world, task).await;
        assert!(!success, "{what}");
        assert!(
            receipt.gas_used < u64::from(GAS) + 150_000,
            "{what}: {}",
            receipt.gas_used
        );
        assert!(!view!(world.rival.engine.taskConsumer(task)).notified);
        world.books_balance().await;
    }
    let accepting: [(&str, &[u8]); 2] = [
        ("returns 256 KiB", &RETURNS_MUCH),
        ("self-destructs", &SELF_DESTRUCTS),
    ];
    for (what, code) in accepting {
        let task = final_task(&world, model).await;
        become_code(&world, code);
        assert!(notify(&world, task).await.0, "{what}");
        refused!(
            world.rival,
            AlreadyNotified,
            world.rival.engine.notifyConsumer(task)
        );
        world.books_balance().await;
    }
    send!(world.solver.engine.claimSolution(task));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_gets_the_gas_that_it_was_promised_or_the_call_is_refused() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let task = final_task(&world, model).await;
    become_code(&world, &NOTES_ITS_GAS);
    let engine = &world.rival.engine;
    refused!(
        world.rival,
        NotEnoughGas,
        engine.notifyConsumer(task).gas(u64::from(GAS) + 40_000)
    );
    let chain = world.chain.devnet().chain();
    let (mut refusals, mut calls) = (0, 0);
    for gas in (u64::from(GAS) + 40_000..u64::from(GAS) + 120_000).step_by(4_000) {
        let snapshot = chain.snapshot();
        let engine = world.chain.engine();
        match notified(&world, engine, world.rival.address, task, gas) {
            None => refusals += 1,
            Some(success) => {
                calls += 1;
                assert!(success);
                // It counts its gas after a few instructions.
                let got = slot(&world, 0);
                assert!(got > U256::from(GAS - 50), "{gas}: {got}");
            }
        }
        assert!(chain.revert(snapshot));
    }
    assert!(refusals > 0 && calls > 0, "{refusals} {calls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn naming_a_consumer_is_refused_as_a_task_is() {
    let (world, model) = World::with_model(aius(1)).await;
    let (requester, engine) = (&world.requester, &world.requester.engine);
    let me = requester.address;
    let task = |owner, model, fee, input: Vec<u8>, consumer| {
        engine.submitTaskWithConsumer(0, owner, model, fee, input.into(), consumer, GAS)
    };
    let none = Address::ZERO;
    let (small, large) = (b"in".to_vec(), vec![0; 65_537]);
    refused!(
        requester,
        AddressMustBeNonZero,
        task(me, model, aius(1), small.clone(), none)
    );
    for taken in [world.chain.engine(), world.chain.token()] {
        refused!(
            requester,
            AddressNotAllowed,
            task(me, model, aius(1), small.clone(), taken)
        );
        refused!(
            requester,
            AddressNotAllowed,
            task(taken, model, aius(1), small.clone(), CONSUMER)
        );
    }
    refused!(
        requester,
        AddressMustBeNonZero,
        task(none, model, aius(1), small.clone(), CONSUMER)
    );
    refused!(
        requester,
        ModelDoesNotExist,
        task(me, B256::ZERO, aius(1), small.clone(), CONSUMER)
    );
    refused!(
        requester,
        LowerFeeThanModelFee,
        task(me, model, U256::ZERO, small.clone(), CONSUMER)
    );
    refused!(
        requester,
        AmountTooLarge,
        task(me, model, U256::MAX, small.clone(), CONSUMER)
    );
    refused!(
        requester,
        TransferFailed,
        task(me, model, aius(10_001), small.clone(), CONSUMER)
    );
    refused!(
        requester,
        ContentTooLarge,
        task(me, model, aius(1), large, CONSUMER)
    );
    send!(world.model_owner.engine.setModelEnabled(model, false));
    refused!(
        requester,
        ModelDisabled,
        task(me, model, aius(1), small, CONSUMER)
    );
    send!(world.owner.engine.setPaused(true));
    refused!(requester, Paused, engine.notifyConsumer(B256::ZERO));
}

// ─────────────────────────────── permits ───────────────────────────────

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_paid_by_permit_in_one_transaction() {
    let world = World::new().await;
    let (owner, model) = on_a_token_of_its_own(&world).await;
    let (engine, me) = (&owner.engine, owner.address);

    let (r, s) = (B256::repeat_byte(0x11), B256::repeat_byte(0x22));
    let (fee, deadline) = (aius(3), U256::from(u64::MAX));
    let call = engine.submitTaskWithPermit(0, me, model, fee, Bytes::new(), deadline, 27, r, s);
    let receipt = send!(call);
    assert_eq!(event::<IEngine::TaskSubmitted>(&receipt).fee, fee);
    let permit = IPermit::permitCall {
        owner: me,
        spender: *engine.address(),
        value: fee,
        deadline,
        v: 27,
        r,
        s,
    };
    assert_eq!(permit_given(&world), hash(&permit));
    assert_eq!(view!(engine.totalHeld()), fee);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_that_somebody_used_first_does_not_stop_the_task() {
    // The token refuses the permit, as it refuses one whose nonce is spent.
    let (world, model) = World::with_model(U256::ZERO).await;
    let (requester, engine) = (&world.requester, &world.requester.engine);
    let task = |fee| {
        engine.submitTaskWithPermit(
            0,
            requester.address,
            model,
            fee,
            Bytes::new(),
            U256::ZERO,
            27,
            B256::ZERO,
            B256::ZERO,
        )
    };
    // Its allowance is there: the approval, or what the permit left behind.
    send!(task(aius(2)));
    send!(requester.token.approve(world.chain.engine(), aius(2)));
    send!(task(aius(2)));
    refused!(requester, PermitFailed, task(U256::from(1)));
    send!(task(U256::ZERO));
    refused!(
        requester,
        ModelDoesNotExist,
        engine.submitTaskWithPermit(
            0,
            requester.address,
            B256::ZERO,
            U256::ZERO,
            Bytes::new(),
            U256::ZERO,
            27,
            B256::ZERO,
            B256::ZERO
        )
    );
    world.books_balance().await;
}
