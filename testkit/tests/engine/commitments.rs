//! Commitments, single and bulk (protocol section 6).

use alloy_primitives::{B256, Bytes, U256};
use arbius_protocol::{cid, ids};
use arbius_sdk::contracts::IEngine;

use crate::world::{World, answer, event, refused, send, view};

#[tokio::test(flavor = "multi_thread")]
async fn anyone_signals_any_hash_once_in_the_block_of_the_l2() {
    let world = World::new().await;
    let engine = &world.rival.engine;
    let hash = B256::repeat_byte(0x77);
    assert_eq!(view!(engine.commitments(hash)), U256::ZERO);
    let receipt = send!(engine.signalCommitment(hash));
    let signalled: IEngine::SignalCommitment = event(&receipt);
    assert_eq!(
        (signalled.addr, signalled.commitment),
        (world.rival.address, hash)
    );
    let block = U256::from(receipt.block_number.unwrap());
    assert_eq!(view!(engine.commitments(hash)), block);
    refused!(world.rival, CommitmentExists, engine.signalCommitment(hash));
    // Somebody else signals it for itself, once as well.
    let receipt = send!(world.solver.engine.signalCommitment(hash));
    assert_eq!(
        event::<IEngine::SignalCommitment>(&receipt).addr,
        world.solver.address
    );
    refused!(
        world.solver,
        CommitmentExists,
        world.solver.engine.signalCommitment(hash)
    );
    assert_eq!(view!(engine.commitments(hash)), block, "it never resets");
}

#[tokio::test(flavor = "multi_thread")]
async fn commitments_and_identifiers_are_those_of_the_protocol() {
    let world = World::new().await;
    let engine = &world.rival.engine;
    let who = world.solver.address;
    let (task, digest) = (B256::repeat_byte(3), B256::repeat_byte(1));
    assert_eq!(
        view!(engine.generateCommitment(who, task, answer(1))),
        ids::commitment(who, task, digest)
    );
    let pairs: Vec<(B256, B256)> = (1..=4)
        .map(|n| (B256::repeat_byte(0x10 + n), B256::repeat_byte(n)))
        .collect();
    let tasks: Vec<B256> = pairs.iter().map(|(task, _)| *task).collect();
    let cids: Vec<Bytes> = (1..=4).map(answer).collect();
    assert_eq!(
        view!(engine.generateBulkCommitment(who, tasks.clone(), cids.clone())),
        ids::bulk_commitment(who, &pairs)
    );
    let model = IEngine::Model {
        fee: U256::from(5),
        addr: who,
        rate: U256::from(6),
        cid: answer(1),
    };
    assert_eq!(
        view!(engine.hashModel(model.clone(), world.rival.address)),
        ids::model_id(world.rival.address, who, U256::from(5), digest)
    );
    let request = IEngine::Task {
        model: B256::repeat_byte(8),
        fee: U256::from(7),
        owner: who,
        blocktime: 1,
        version: 2,
        cid: answer(1),
    };
    assert_eq!(
        view!(engine.hashTask(request.clone(), who, task)),
        ids::task_id(who, task, B256::repeat_byte(8), U256::from(7), digest)
    );
    let content = Bytes::from_static(b"hello world\n");
    assert_eq!(
        view!(engine.generateIPFSCID(content.clone())).as_ref(),
        cid::encode(cid::digest(&content).unwrap())
    );

    // What is no CID, and lists that do not belong together.
    let bad = Bytes::from_static(b"\x12\x20short");
    refused!(
        world.rival,
        InvalidCid,
        engine.generateCommitment(who, task, bad.clone())
    );
    refused!(
        world.rival,
        InvalidCid,
        engine.hashModel(
            IEngine::Model {
                cid: bad.clone(),
                ..model
            },
            who
        )
    );
    refused!(
        world.rival,
        InvalidCid,
        engine.hashTask(
            IEngine::Task {
                cid: bad.clone(),
                ..request
            },
            who,
            B256::ZERO
        )
    );
    refused!(
        world.rival,
        InvalidCid,
        engine.generateBulkCommitment(who, vec![task], vec![bad])
    );
    refused!(
        world.rival,
        LengthMismatch,
        engine.generateBulkCommitment(who, tasks, vec![answer(1)])
    );
    refused!(
        world.rival,
        EmptyBatch,
        engine.generateBulkCommitment(who, vec![], vec![])
    );
    refused!(
        world.rival,
        ContentTooLarge,
        engine.generateIPFSCID(Bytes::from(vec![0; 65_537]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_a_hash_that_a_rival_signalled_early_keeps_nobody_from_revealing() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (solver, rival, engine) = (&world.solver, &world.rival, &world.solver.engine);
    // The rival foresees task and answer, and signals the solver's hashes before the task
    // exists: the single one and the bulk one.
    let digest = cid::digest(b"in").unwrap();
    let previous = view!(engine.prevhash());
    let task = ids::task_id(world.requester.address, previous, model, U256::ZERO, digest);
    let answer_digest = cid::decode(&answer(1)).unwrap();
    let single = ids::commitment(solver.address, task, answer_digest);
    let bulk = ids::bulk_commitment(solver.address, &[(task, answer_digest)]);
    for hash in [single, bulk] {
        send!(rival.engine.signalCommitment(hash));
    }
    assert_eq!(world.task(model, U256::ZERO, b"in").await, task, "foreseen");
    refused!(
        solver,
        CommitmentBeforeTask,
        engine.submitSolution(task, answer(1))
    );

    // The solver's own signals count for it all the same, each of them.
    send!(engine.signalCommitment(bulk));
    world.pass(1);
    let call = engine.bulkSubmitSolution(vec![task], vec![answer(1)]);
    view!(call.from(solver.address));
    send!(engine.signalCommitment(single));
    send!(engine.submitSolution(task, answer(1)));
    assert_eq!(view!(engine.solutions(task)).validator, solver.address);
    world.books_balance().await;
}
