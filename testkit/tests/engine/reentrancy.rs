//! Calls that come back into the engine through every call that leaves it: through a
//! hostile token, and through consumers in EVM and in WASM.

use alloy::{
    eips::BlockId,
    network::TransactionBuilder,
    rpc::types::{TransactionReceipt, TransactionRequest},
};
use alloy_primitives::{Address, B256, Bytes, U256, address};
use alloy_sol_types::SolCall;
use arbius_protocol::{cid, ids};
use arbius_sdk::contracts::{IEngine, IToken};

use crate::{
    functions::{Function, functions},
    hostile::{Puppet, TOKEN, Wish, notified, token_answers, wasm_puppet},
    world::{Person, World, aius, answer, event, events, refused, send, view},
};

const CONSUMER: Address = address!("00000000000000000000000000000000000c0705");

/// Enough for a consumer to submit a task.
const GAS: u32 = 3_000_000;

/// Gas of a transaction that gives it to the consumer.
const LIMIT: u64 = 2 * GAS as u64;

/// An engine whose token is the tests' own and answers `true`, with a model without fee.
async fn engine_of_hostile_token(world: &World) -> (Person, B256) {
    let owner = world.fresh(&world.owner).await;
    let (engine, me) = (&owner.engine, owner.address);
    let rest = view!(world.owner.engine.engineRest());
    token_answers(world, aius(600_000));
    send!(engine.initialize(TOKEN, world.treasury.address, me, rest));
    let receipt = send!(engine.registerModel(me, U256::ZERO, Bytes::from_static(b"t")));
    let model = event::<IEngine::ModelRegistered>(&receipt).id;
    // The reserve is seen once.
    send!(engine.submitTask(0, me, model, U256::ZERO, Bytes::new()));
    token_answers(world, U256::from(1));
    (owner, model)
}

fn submission(owner: Address, model: B256, fee: U256) -> IEngine::submitTaskCall {
    IEngine::submitTaskCall {
        version: 0,
        owner,
        model,
        fee,
        input: Bytes::from_static(b"from inside"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_back_in_through_the_token() {
    let world = World::new().await;
    let (owner, model) = engine_of_hostile_token(&world).await;
    let (engine, me) = (&owner.engine, owner.address);
    // Something to withdraw of every kind.
    let task = engine.submitTask(0, me, model, aius(10), Bytes::new());
    let retracted = event::<IEngine::TaskSubmitted>(&send!(task.clone())).id;
    let open = event::<IEngine::TaskSubmitted>(&send!(task)).id;
    send!(engine.validatorDeposit(me, aius(5)));
    send!(engine.initiateValidatorWithdraw(aius(2)));
    world.pass(86_400);
    send!(engine.retractTask(retracted));
    world.pass(600);
    send!(engine.retractTask(retracted));

    let (one, none) = (U256::from(1), Bytes::new());
    let outer: [(&str, Vec<u8>); 10] = [
        ("submitTask", submission(me, model, one).abi_encode()),
        (
            "submitTaskWithPermit",
            IEngine::submitTaskWithPermitCall {
                version: 0,
                owner: me,
                model,
                fee: one,
                input: none.clone(),
                deadline: one,
                v: 27,
                r: B256::ZERO,
                s: B256::ZERO,
            }
            .abi_encode(),
        ),
        (
            "submitTaskWithConsumer",
            IEngine::submitTaskWithConsumerCall {
                version: 0,
                owner: me,
                model,
                fee: one,
                input: none.clone(),
                consumer: CONSUMER,
                gasLimit: 1,
            }
            .abi_encode(),
        ),
        (
            "bulkSubmitTask",
            IEngine::bulkSubmitTaskCall {
                version: 0,
                owner: me,
                model,
                fee: one,
                input: none.clone(),
                n: U256::from(2),
            }
            .abi_encode(),
        ),
        (
            "bulkSubmitTasks",
            IEngine::bulkSubmitTasksCall {
                version: 0,
                owner: me,
                model,
                fee: one,
                inputs: vec![none],
            }
            .abi_encode(),
        ),
        (
            "increaseTaskFee",
            IEngine::increaseTaskFeeCall {
                task: open,
                amount: one,
            }
            .abi_encode(),
        ),
        (
            "validatorDeposit",
            IEngine::validatorDepositCall {
                validator: me,
                amount: one,
            }
            .abi_encode(),
        ),
        (
            "validatorWithdraw",
            IEngine::validatorWithdrawCall { count: one, to: me }.abi_encode(),
        ),
        (
            "withdrawEarnings",
            IEngine::withdrawEarningsCall { account: me }.abi_encode(),
        ),
        (
            "withdrawAccruedFees",
            IEngine::withdrawAccruedFeesCall {}.abi_encode(),
        ),
    ];
    let chain = world.chain.devnet().chain();
    for function in functions() {
        let wish = if function.is_view {
            Wish::Entry
        } else {
            Wish::Reentrancy
        };
        chain.set_code(TOKEN, Puppet::back(function.zero_call(), wish).code());
        for (name, data) in &outer {
            let request = TransactionRequest::default()
                .with_from(me)
                .with_to(*engine.address())
                .with_input(data.clone());
            let answered = chain.call(BlockId::latest(), &request, None);
            assert!(
                answered.is_ok(),
                "{} from inside {name}: {answered:?}",
                function.signature
            );
        }
    }
    // The test can fail: a puppet whose wish is not fulfilled makes the transfer fail.
    let call = IEngine::ownerCall {}.abi_encode();
    chain.set_code(TOKEN, Puppet::back(call, Wish::Reentrancy).code());
    refused!(
        owner,
        TransferFailed,
        engine.validatorDeposit(me, U256::from(1))
    );
}

/// A final task of the requester that names `consumer`.
async fn final_task(world: &World, model: B256, consumer: Address) -> B256 {
    let call = world.requester.engine.submitTaskWithConsumer(
        0,
        world.requester.address,
        model,
        aius(10),
        Bytes::from_static(b"in"),
        consumer,
        GAS,
    );
    let task = event::<IEngine::TaskSubmitted>(&send!(call)).id;
    world.solve(&world.solver, task, answer(1)).await;
    world.pass(2_001);
    task
}

/// Whether the consumer had its wish.
async fn notify(person: &Person, task: B256) -> (bool, TransactionReceipt) {
    let receipt = send!(person.engine.notifyConsumer(task).gas(2 * u64::from(GAS)));
    (
        event::<IEngine::ConsumerNotified>(&receipt).success,
        receipt,
    )
}

/// What a function is to answer a consumer that calls it while it is told an outcome.
fn wish_of(function: &Function) -> Wish {
    if function.is_view || function.submits() {
        Wish::Entry
    } else {
        Wish::Reentrancy
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_in_evm_comes_in_to_look_and_to_submit_alone() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let task = final_task(&world, model, CONSUMER).await;
    let chain = world.chain.devnet().chain();
    for function in functions() {
        let snapshot = chain.snapshot();
        let puppet = Puppet::back(function.zero_call(), wish_of(&function));
        chain.set_code(CONSUMER, puppet.code());
        let success = notified(
            &world,
            world.chain.engine(),
            world.rival.address,
            task,
            LIMIT,
        );
        assert_eq!(success, Some(true), "{}", function.signature);
        assert!(chain.revert(snapshot));
    }
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_in_wasm_comes_in_to_look_and_to_submit_alone() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let consumer = wasm_puppet(&world).await;
    let task = final_task(&world, model, consumer).await;
    let chain = world.chain.devnet().chain();
    for function in functions() {
        let snapshot = chain.snapshot();
        Puppet::back(function.zero_call(), wish_of(&function)).instruct(&world, consumer);
        let success = notified(
            &world,
            world.chain.engine(),
            world.rival.address,
            task,
            LIMIT,
        );
        assert_eq!(success, Some(true), "{}", function.signature);
        assert!(chain.revert(snapshot));
    }
    // The test can fail.
    let owner = IEngine::ownerCall {}.abi_encode();
    Puppet::back(owner, Wish::Reentrancy).instruct(&world, consumer);
    assert!(!notify(&world.rival, task).await.0);
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_submits_its_next_task_from_inside_and_pays_for_it() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let wasm = wasm_puppet(&world).await;
    let chain = world.chain.devnet().chain();
    for consumer in [CONSUMER, wasm] {
        let task = final_task(&world, model, consumer).await;
        // Money and an approval, given before there is code where there is none yet.
        send!(world.rival.token.transfer(consumer, aius(7)));
        if consumer == CONSUMER {
            let approve = IToken::approveCall {
                spender: world.chain.engine(),
                value: aius(7),
            };
            chain.set_balance(consumer, aius(1));
            chain.impersonate(consumer);
            let request = TransactionRequest::default()
                .with_from(consumer)
                .with_to(world.chain.token())
                .with_gas_limit(1_000_000)
                .with_input(approve.abi_encode());
            chain.send(request).unwrap();
            chain.stop_impersonating(consumer);
        }
        let fee = if consumer == CONSUMER {
            aius(7)
        } else {
            U256::ZERO
        };
        let puppet = Puppet::back(submission(consumer, model, fee).abi_encode(), Wish::Success);
        if consumer == CONSUMER {
            chain.set_code(consumer, puppet.code());
        } else {
            puppet.instruct(&world, consumer);
        }
        let held = view!(world.owner.engine.totalHeld());
        let (success, receipt) = notify(&world.rival, task).await;
        assert!(success);
        let submitted: IEngine::TaskSubmitted = event(&receipt);
        assert_eq!((submitted.sender, submitted.fee), (consumer, fee));
        assert_eq!(view!(world.owner.engine.prevhash()), submitted.id);
        assert_eq!(world.status(submitted.id).await, 1);
        assert_eq!(view!(world.owner.engine.totalHeld()), held + fee);
        refused!(
            world.rival,
            AlreadyNotified,
            world.rival.engine.notifyConsumer(task)
        );
        world.books_balance().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_for_consumers_is_shut_while_the_token_is_called() {
    let world = World::new().await;
    let (owner, model) = engine_of_hostile_token(&world).await;
    let (engine, me) = (&owner.engine, owner.address);
    send!(engine.validatorDeposit(me, aius(5)));
    let call = engine.submitTaskWithConsumer(0, me, model, U256::ZERO, Bytes::new(), CONSUMER, GAS);
    let task = event::<IEngine::TaskSubmitted>(&send!(call)).id;
    let digest = cid::decode(&answer(1)).unwrap();
    send!(engine.signalCommitment(ids::commitment(me, task, digest)));
    send!(engine.submitSolution(task, answer(1)));
    world.pass(2_001);

    // The consumer submits for a fee, and the token, asked for it, wants to come in too.
    let chain = world.chain.devnet().chain();
    let paid = submission(CONSUMER, model, U256::from(1)).abi_encode();
    chain.set_code(CONSUMER, Puppet::back(paid, Wish::Success).code());
    let free = submission(me, model, U256::ZERO).abi_encode();
    chain.set_code(TOKEN, Puppet::back(free, Wish::Reentrancy).code());
    let (success, receipt) = notify(&owner, task).await;
    assert!(success);
    assert_eq!(events::<IEngine::TaskSubmitted>(&receipt).len(), 1);
}
