//! Solutions, single and bulk (protocol section 6).

use alloy::rpc::types::TransactionReceipt;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolError;
use arbius_protocol::ids;
use arbius_sdk::contracts::IEngine;

use crate::world::{AIUS, Person, World, aius, answer, event, events, refused, send, view};

#[tokio::test(flavor = "multi_thread")]
async fn a_revealed_solution_is_stored_with_its_contest_end() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let task = world.task(model, U256::ZERO, b"in").await;
    let engine = &world.solver.engine;
    let none = view!(engine.solutions(task));
    assert_eq!((none.validator, none.cid.len()), (Address::ZERO, 0));
    assert_eq!(view!(engine.contestEnd(task)), U256::ZERO);

    world.commit(&world.solver, task, &answer(7)).await;
    let receipt = send!(engine.submitSolution(task, answer(7)));
    let submitted: IEngine::SolutionSubmitted = event(&receipt);
    assert_eq!(
        (submitted.addr, submitted.task),
        (world.solver.address, task)
    );
    let solution = view!(engine.solutions(task));
    assert_eq!(solution.validator, world.solver.address);
    assert_eq!(solution.blocktime, world.now());
    assert_eq!((solution.claimed, solution.cid), (false, answer(7)));

    // A parameter changed later moves nothing that runs.
    let end = view!(engine.contestEnd(task));
    assert_eq!(end, U256::from(world.now() + 2_000));
    send!(world.owner.engine.setMinClaimSolutionTime(U256::from(60)));
    assert_eq!(view!(engine.contestEnd(task)), end);
    world.pass(1_000);
    refused!(world.solver, NotEnoughDelay, engine.claimSolution(task));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solution_that_was_not_committed_to_in_time_is_refused() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    let task = world.task(model, U256::ZERO, b"in").await;

    refused!(
        solver,
        TaskDoesNotExist,
        engine.submitSolution(B256::repeat_byte(5), answer(1))
    );
    refused!(
        solver,
        NonExistentCommitment,
        engine.submitSolution(task, answer(1))
    );
    for bad in [
        Bytes::new(),
        Bytes::from_static(&[0x12; 34]),
        Bytes::from(answer(1)[..33].to_vec()),
        Bytes::from([answer(1).as_ref(), &[0]].concat()),
    ] {
        refused!(solver, InvalidCid, engine.submitSolution(task, bad));
    }
    // Somebody else's commitment to the same answer is not the sender's.
    world.commit(&world.rival, task, &answer(1)).await;
    refused!(
        solver,
        NonExistentCommitment,
        engine.submitSolution(task, answer(1))
    );
    // Nor is the sender's to another answer.
    world.commit(solver, task, &answer(2)).await;
    refused!(
        solver,
        NonExistentCommitment,
        engine.submitSolution(task, answer(1))
    );
    send!(engine.submitSolution(task, answer(2)));
    // The first one wins.
    refused!(
        world.rival,
        SolutionAlreadySubmitted,
        world.rival.engine.submitSolution(task, answer(1))
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commitment_and_reveal_of_one_block_are_refused() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let task = world.task(model, U256::ZERO, b"in").await;
    let (solver, chain) = (&world.solver, world.chain.devnet().chain());
    let hash = ids::commitment(solver.address, task, B256::repeat_byte(1));

    // Both wait for the same block.
    chain.set_automine(false);
    let commit = solver.engine.signalCommitment(hash).send().await.unwrap();
    let reveal = solver
        .engine
        .submitSolution(task, answer(1))
        .gas(2_000_000)
        .send()
        .await
        .unwrap();
    chain.mine();
    chain.set_automine(true);
    let (commit, reveal) = (
        commit.get_receipt().await.unwrap(),
        reveal.get_receipt().await.unwrap(),
    );
    assert_eq!(commit.block_number, reveal.block_number);
    assert!(commit.status() && !reveal.status());
    send!(solver.engine.submitSolution(task, answer(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_older_than_its_task_is_refused() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (requester, solver) = (&world.requester, &world.solver);
    // The id of the next task can be foreseen.
    let input = Bytes::from_static(b"in");
    let task = view!(
        requester
            .engine
            .submitTask(0, requester.address, model, U256::ZERO, input.clone())
            .from(requester.address)
    );
    world.commit(solver, task, &answer(1)).await;
    assert_eq!(world.task(model, U256::ZERO, b"in").await, task);
    refused!(
        solver,
        CommitmentBeforeTask,
        solver.engine.submitSolution(task, answer(1))
    );
    world.solve(solver, task, answer(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn free_stake_decides_who_may_solve() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let task = world.task(model, U256::ZERO, b"in").await;
    let (rival, engine) = (&world.rival, &world.rival.engine);
    let outsider = world.miner(2);
    world.commit(&outsider, task, &answer(1)).await;
    refused!(
        outsider,
        MinStakedTooLow,
        outsider.engine.submitSolution(task, answer(1))
    );
    // What is on its way out does not count.
    world.commit(rival, task, &answer(1)).await;
    send!(engine.initiateValidatorWithdraw(aius(10) - U256::from(AIUS - 1)));
    refused!(
        rival,
        MinStakedTooLow,
        engine.submitSolution(task, answer(1))
    );
    send!(engine.cancelValidatorWithdraw(U256::from(1)));
    send!(engine.submitSolution(task, answer(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_solution_locks_its_stake_until_it_is_claimed() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    send!(world.owner.engine.setSolutionsStakeAmount(aius(4)));
    let tasks = [
        world.task(model, U256::ZERO, b"a").await,
        world.task(model, U256::ZERO, b"b").await,
        world.task(model, U256::ZERO, b"c").await,
    ];
    for task in &tasks[..2] {
        world.solve(solver, *task, answer(1)).await;
        assert_eq!(view!(engine.solutionsStake(*task)), aius(4));
    }
    assert_eq!(view!(engine.validators(solver.address)).staked, aius(2));
    world.books_balance().await;
    world.commit(solver, tasks[2], &answer(1)).await;
    refused!(
        solver,
        MinStakedTooLow,
        engine.submitSolution(tasks[2], answer(1))
    );
    // What runs keeps the stake that it locked.
    send!(world.owner.engine.setSolutionsStakeAmount(U256::ZERO));
    world.pass(2_001);
    send!(engine.claimSolution(tasks[0]));
    assert_eq!(view!(engine.validators(solver.address)).staked, aius(6));
    assert_eq!(view!(engine.solutionsStake(tasks[0])), U256::ZERO);
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn solutions_keep_to_the_rate_limit() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    let first = world.task(model, U256::ZERO, b"a").await;
    let second = world.task(model, U256::ZERO, b"b").await;
    let third = world.task(model, U256::ZERO, b"c").await;
    let early = world.task(model, U256::ZERO, b"d").await;
    let last = || async { view!(engine.lastSolutionSubmission(solver.address)) };
    // Nobody asks for the time of what came before the limit, so it is not kept.
    world.solve(solver, early, answer(1)).await;
    assert_eq!(last().await, U256::ZERO);
    send!(world.owner.engine.setSolutionRateLimit(aius(1_000)));
    world.solve(solver, first, answer(1)).await;
    assert_eq!(last().await, U256::from(world.now()));
    world.commit(solver, second, &answer(1)).await;
    world.commit(solver, third, &answer(1)).await;
    refused!(
        solver,
        SolutionRateLimit,
        engine.submitSolution(second, answer(1))
    );
    world.pass(1_001);
    // Two at once need twice the time.
    refused!(
        solver,
        SolutionRateLimit,
        engine.bulkSubmitSolution(vec![second, third], vec![answer(1), answer(1)])
    );
    send!(engine.submitSolution(second, answer(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bulk_commitment_reveals_all_its_pairs_in_their_order() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    let tasks = bulk(&world, model, 4).await;
    let cids: Vec<Bytes> = (1..=4).map(answer).collect();
    let hash = view!(engine.generateBulkCommitment(solver.address, tasks.clone(), cids.clone()));
    send!(engine.signalCommitment(hash));

    // Another order or a part is another commitment.
    let reversed: Vec<B256> = tasks.iter().rev().copied().collect();
    refused!(
        solver,
        NothingAccepted,
        engine.bulkSubmitSolution(reversed, cids.clone())
    );
    refused!(
        solver,
        NothingAccepted,
        engine.bulkSubmitSolution(tasks[..2].to_vec(), cids[..2].to_vec())
    );
    refused!(
        solver,
        LengthMismatch,
        engine.bulkSubmitSolution(tasks.clone(), cids[..2].to_vec())
    );
    refused!(
        solver,
        EmptyBatch,
        engine.bulkSubmitSolution(vec![], vec![])
    );
    refused!(
        world.rival,
        NothingAccepted,
        world
            .rival
            .engine
            .bulkSubmitSolution(tasks.clone(), cids.clone())
    );

    let receipt = send!(engine.bulkSubmitSolution(tasks.clone(), cids.clone()));
    assert_eq!(events::<IEngine::SolutionSubmitted>(&receipt).len(), 4);
    for (task, cid) in tasks.iter().zip(&cids) {
        assert_eq!(view!(engine.solutions(*task)).cid, *cid);
    }
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_a_front_run_entry_does_not_give_the_other_answers_away() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    let tasks = bulk(&world, model, 5).await;
    let mut cids: Vec<Bytes> = (1..=5).map(answer).collect();
    let hash = view!(engine.generateBulkCommitment(solver.address, tasks.clone(), cids.clone()));
    send!(engine.signalCommitment(hash));
    world.solve(&world.rival, tasks[2], answer(9)).await;

    let receipt = send!(engine.bulkSubmitSolution(tasks.clone(), cids.clone()));
    assert_eq!(events::<IEngine::SolutionSubmitted>(&receipt).len(), 4);
    let skipped: IEngine::SolutionSkipped = event(&receipt);
    assert_eq!((skipped.addr, skipped.task), (solver.address, tasks[2]));
    assert_eq!(skipped.reason, IEngine::SolutionAlreadySubmitted::SELECTOR);
    assert_eq!(
        view!(engine.solutions(tasks[2])).validator,
        world.rival.address
    );
    refused!(
        solver,
        NothingAccepted,
        engine.bulkSubmitSolution(tasks, cids.clone())
    );

    // Under single commitments each entry stands for itself, and each reason is told.
    let tasks = bulk(&world, model, 3).await;
    world.commit(solver, tasks[0], &answer(1)).await;
    cids.truncate(2);
    cids.push(Bytes::from_static(b"no cid"));
    let receipt = send!(engine.bulkSubmitSolution(tasks.clone(), cids));
    assert_eq!(event::<IEngine::SolutionSubmitted>(&receipt).task, tasks[0]);
    let reasons: Vec<_> = events::<IEngine::SolutionSkipped>(&receipt)
        .into_iter()
        .map(|skipped| skipped.reason.0)
        .collect();
    assert_eq!(
        reasons,
        [
            IEngine::NonExistentCommitment::SELECTOR,
            IEngine::InvalidCid::SELECTOR
        ]
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_a_rivals_signal_of_the_bulk_hash_does_not_void_single_commitments() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (solver, rival) = (&world.solver, &world.rival);
    let tasks = bulk(&world, model, 3).await;
    let cids: Vec<Bytes> = (1..=3).map(answer).collect();
    for (task, cid) in tasks.iter().zip(&cids) {
        world.commit(solver, *task, cid).await;
    }
    // The rival sees the reveal waiting, and gets the bulk hash into the same block first.
    let receipt = reveal_behind_a_signal(&world, rival, &tasks, &cids).await;
    assert!(
        receipt.status(),
        "the answers are public, so they must count"
    );
    let submitted = events::<IEngine::SolutionSubmitted>(&receipt);
    assert_eq!(submitted.len(), 3);
    for (task, cid) in tasks.iter().zip(&cids) {
        let solution = view!(solver.engine.solutions(*task));
        assert_eq!((solution.validator, &solution.cid), (solver.address, cid));
    }

    // One that was committed to alone counts; the others are refused for the bulk hash,
    // which is from this very block.
    let tasks = bulk(&world, model, 2).await;
    world.commit(solver, tasks[1], &cids[1]).await;
    let receipt = reveal_behind_a_signal(&world, rival, &tasks, &cids[..2]).await;
    assert_eq!(event::<IEngine::SolutionSubmitted>(&receipt).task, tasks[1]);
    let skipped: IEngine::SolutionSkipped = event(&receipt);
    assert_eq!(skipped.task, tasks[0]);
    assert_eq!(skipped.reason, IEngine::CommitmentMustBeInPast::SELECTOR);
    // In a later block that signal serves the solver as its own would.
    let receipt = send!(
        solver
            .engine
            .bulkSubmitSolution(tasks.clone(), cids[..2].to_vec())
    );
    assert_eq!(event::<IEngine::SolutionSubmitted>(&receipt).task, tasks[0]);
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn learned_a_bulk_hash_signalled_before_the_tasks_does_not_void_single_commitments() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let (requester, solver) = (&world.requester, &world.solver);
    // The ids of the next tasks can be foreseen.
    let inputs = vec![Bytes::from_static(b"a"), Bytes::from_static(b"b")];
    let call = requester
        .engine
        .bulkSubmitTasks(0, requester.address, model, U256::ZERO, inputs);
    let tasks = view!(call.clone().from(requester.address));
    let cids = vec![answer(1), answer(2)];
    let hash = view!(solver.engine.generateBulkCommitment(
        solver.address,
        tasks.clone(),
        cids.clone()
    ));
    send!(world.rival.engine.signalCommitment(hash));
    send!(call);

    world.commit(solver, tasks[0], &cids[0]).await;
    let receipt = send!(solver.engine.bulkSubmitSolution(tasks.clone(), cids));
    assert_eq!(event::<IEngine::SolutionSubmitted>(&receipt).task, tasks[0]);
    let skipped: IEngine::SolutionSkipped = event(&receipt);
    assert_eq!(skipped.task, tasks[1]);
    assert_eq!(skipped.reason, IEngine::CommitmentBeforeTask::SELECTOR);
}

/// Reveals in bulk, in a block in which `rival` signals the bulk hash first.
async fn reveal_behind_a_signal(
    world: &World,
    rival: &Person,
    tasks: &[B256],
    cids: &[Bytes],
) -> TransactionReceipt {
    let (solver, chain) = (&world.solver, world.chain.devnet().chain());
    let (tasks, cids) = (tasks.to_vec(), cids.to_vec());
    let hash = view!(solver.engine.generateBulkCommitment(
        solver.address,
        tasks.clone(),
        cids.clone()
    ));
    chain.set_automine(false);
    let signal = rival.engine.signalCommitment(hash).send().await.unwrap();
    let reveal = solver
        .engine
        .bulkSubmitSolution(tasks, cids)
        .gas(5_000_000)
        .send()
        .await
        .unwrap();
    chain.mine();
    chain.set_automine(true);
    let signal = signal.get_receipt().await.unwrap();
    let reveal = reveal.get_receipt().await.unwrap();
    assert!(signal.status());
    assert_eq!(signal.block_number, reveal.block_number);
    assert!(signal.transaction_index < reveal.transaction_index);
    reveal
}

/// Submits the same input `n` times.
async fn bulk(world: &World, model: B256, n: u64) -> Vec<B256> {
    let requester = &world.requester;
    let call = requester.engine.bulkSubmitTask(
        0,
        requester.address,
        model,
        U256::ZERO,
        Bytes::from_static(b"same"),
        U256::from(n),
    );
    events::<IEngine::TaskSubmitted>(&send!(call))
        .into_iter()
        .map(|submitted| submitted.id)
        .collect()
}
