//! How tasks, solvers and earnings are kept: what shares a word, names another by a key or
//! changes its meaning reads as if it did not.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use arbius_protocol::cid;
use arbius_sdk::contracts::IEngine;
use serde_json::Value;

use crate::world::{AIUS, Person, World, aius, answer, event, events, refused, send, view};

/// The storage layout as the engine's own tests write it down.
const LAYOUT: &str = include_str!("../../../stylus-engine/layout.json");

/// The slot that a field or a mapping is rooted at.
fn root(field: &str) -> U256 {
    let rows: Vec<Value> = serde_json::from_str(LAYOUT).unwrap();
    let row = rows.iter().find(|row| row["field"] == field);
    let slot = row.unwrap_or_else(|| panic!("{field} is written down"))["slot"].as_u64();
    U256::from(slot.unwrap())
}

/// The slot of a key of 64 bits in a mapping.
fn entry(field: &str, key: u64) -> U256 {
    let words = [B256::from(U256::from(key)), root(field).into()];
    keccak256(words.concat()).into()
}

/// The key that a word has in its table, unless another word is there.
fn key(word: [u8; 32]) -> u64 {
    let hash = keccak256(word);
    u64::from_le_bytes(hash[..8].try_into().unwrap())
}

fn left_aligned(address: Address) -> [u8; 32] {
    let mut word = [0; 32];
    word[..20].copy_from_slice(address.as_slice());
    word
}

fn load(world: &World, slot: U256) -> U256 {
    let chain = world.chain.devnet().chain();
    chain.storage(world.chain.engine(), slot)
}

fn store(world: &World, slot: U256, word: [u8; 32]) {
    let chain = world.chain.devnet().chain();
    chain.set_storage(world.chain.engine(), slot, U256::from_be_bytes(word));
}

/// The tasks of a batch of the requester's.
async fn batch(world: &World, model: B256, fee: U256, n: usize) -> Vec<B256> {
    let call = world.requester.engine.bulkSubmitTask(
        5,
        world.requester.address,
        model,
        fee,
        Bytes::from_static(b"same"),
        U256::from(n),
    );
    let submitted = events::<IEngine::TaskSubmitted>(&send!(call));
    submitted.iter().map(|task| task.id).collect()
}

/// Has the rival contest the solver's solution, and two others vote it down.
async fn vote_down(world: &World, task: B256) {
    send!(world.rival.engine.submitContestation(task));
    for voter in [world.miner(2), world.miner(3)] {
        send!(voter.engine.voteOnContestation(task, true));
    }
    world.pass(4_001);
    send!(world.rival.engine.contestationVoteFinish(task, 9));
}

/// What a task was submitted with and is to read as in every state.
struct Submitted {
    model: B256,
    fee: U256,
    model_fee: U256,
    owner: Address,
    time: u64,
    version: u8,
    input: &'static [u8],
}

impl Submitted {
    async fn reads_the_same(&self, world: &World, id: B256) {
        let engine = &world.owner.engine;
        let task = view!(engine.tasks(id));
        assert_eq!((task.model, task.fee), (self.model, self.fee));
        assert_eq!((task.owner, task.blocktime), (self.owner, self.time));
        assert_eq!(task.version, self.version);
        let digest = cid::digest(self.input).unwrap();
        assert_eq!(task.cid.as_ref(), cid::encode(digest));
        assert_eq!(view!(engine.taskModelFee(id)), self.model_fee);
    }
}

/// Asserts who solved a task, when, with which answer, whether it is claimed, and what is
/// locked.
async fn solved(world: &World, id: B256, by: &Person, at: u64, cid: &Bytes, claimed: bool) {
    let solution = view!(world.owner.engine.solutions(id));
    assert_eq!((solution.validator, solution.blocktime), (by.address, at));
    assert_eq!((solution.claimed, &solution.cid), (claimed, cid));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_reads_the_same_in_every_state() {
    let (world, model) = World::with_model(aius(1)).await;
    let engine = &world.requester.engine;
    for voter in [world.miner(2), world.miner(3)] {
        send!(world.rival.engine.validatorDeposit(voter.address, aius(10)));
    }
    send!(world.owner.engine.setSolutionsStakeAmount(U256::from(AIUS)));
    for batched in [false, true] {
        let tasks = if batched {
            batch(&world, model, aius(2), 4).await
        } else {
            let calls = (0..4).map(|_| Bytes::from_static(b"same")).collect();
            let owner = world.requester.address;
            let call = engine.bulkSubmitTasks(5, owner, model, aius(2), calls);
            let submitted = events::<IEngine::TaskSubmitted>(&send!(call));
            submitted.iter().map(|task| task.id).collect()
        };
        let [open, upheld, rejected, retracted] = tasks[..].try_into().unwrap();
        let expected = Submitted {
            model,
            fee: aius(2),
            model_fee: aius(1),
            owner: world.requester.address,
            time: world.now(),
            version: 5,
            input: b"same",
        };
        // A fee that changes later is none of theirs.
        send!(world.model_owner.engine.setModelFee(model, aius(2)));
        let read = async |status: [u8; 4]| {
            for (id, status) in tasks.iter().zip(status) {
                expected.reads_the_same(&world, *id).await;
                assert_eq!(world.status(*id).await, status);
            }
        };
        read([1, 1, 1, 1]).await;

        world.pass(10_000);
        send!(engine.retractTask(retracted));
        let announced = view!(engine.retractionAnnounced(retracted));
        assert_eq!(announced, U256::from(world.now()));
        world.solve(&world.solver, upheld, answer(1)).await;
        let first = world.now();
        world.solve(&world.solver, rejected, answer(2)).await;
        let second = world.now();
        read([1, 2, 2, 1]).await;
        solved(&world, upheld, &world.solver, first, &answer(1), false).await;
        solved(&world, rejected, &world.solver, second, &answer(2), false).await;
        assert_eq!(view!(engine.contestEnd(upheld)), U256::from(first + 2_000));
        assert_eq!(view!(engine.solutionsStake(upheld)), aius(1));
        assert_eq!(view!(engine.solutions(open)).validator, Address::ZERO);
        assert_eq!(view!(engine.solutions(open)).cid.len(), 0);
        assert_eq!(view!(engine.contestEnd(open)), U256::ZERO);

        let before = world.earnings(&world.requester).await;
        vote_down(&world, rejected).await;
        send!(engine.retractTask(retracted));
        send!(world.solver.engine.claimSolution(upheld));
        read([1, 4, 5, 6]).await;
        solved(&world, upheld, &world.solver, first, &answer(1), true).await;
        solved(&world, rejected, &world.solver, second, &answer(2), false).await;
        assert_eq!(view!(engine.solutionsStake(upheld)), U256::ZERO);
        assert_eq!(view!(engine.solutionsStake(rejected)), U256::ZERO);
        // Two fees, the retracted one less the treasury's tenth.
        let refunded = world.earnings(&world.requester).await - before;
        assert_eq!(refunded, aius(4) - U256::from(AIUS / 5));
        send!(world.model_owner.engine.setModelFee(model, aius(1)));
        // The accused of the next round has rested, and stakes what it lost.
        world.stake(&world.solver, aius(10)).await;
        world.pass(6_001);
    }
    let nothing = view!(engine.tasks(B256::repeat_byte(9)));
    assert_eq!((nothing.model, nothing.owner), (B256::ZERO, Address::ZERO));
    assert_eq!((nothing.blocktime, nothing.cid.len()), (0, 0));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batched_task_whose_fee_was_raised_is_retracted_and_contested_by_itself() {
    let (world, model) = World::with_model(aius(1)).await;
    let engine = &world.requester.engine;
    for voter in [world.miner(2), world.miner(3)] {
        send!(world.rival.engine.validatorDeposit(voter.address, aius(10)));
    }
    let tasks = batch(&world, model, aius(2), 4).await;
    let time = world.now();
    for task in [tasks[0], tasks[1]] {
        send!(engine.increaseTaskFee(task, aius(3)));
    }
    world.pass(10_000);
    send!(engine.retractTask(tasks[0]));
    world.pass(600);
    send!(engine.retractTask(tasks[0]));
    for task in [tasks[1], tasks[2]] {
        world.solve(&world.solver, task, answer(3)).await;
    }
    vote_down(&world, tasks[1]).await;
    for (task, (fee, status)) in tasks.iter().zip([(5, 6), (5, 5), (2, 4), (2, 1)]) {
        let submitted = Submitted {
            model,
            fee: aius(fee),
            model_fee: aius(1),
            owner: world.requester.address,
            time,
            version: 5,
            input: b"same",
        };
        submitted.reads_the_same(&world, *task).await;
        assert_eq!(world.status(*task).await, status);
    }
    // Five less a tenth, and five.
    let refunded = world.earnings(&world.requester).await;
    assert_eq!(refunded, U256::from(9 * AIUS + AIUS / 2));
    send!(world.solver.engine.claimSolution(tasks[2]));
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_somebody_made_meet_under_one_key_are_told_apart() {
    let (world, model) = World::with_model(aius(1)).await;
    let owner = world.requester.address;
    let key = key(left_aligned(owner));
    let other = |n: u64| entry("tasks.owners", key.wrapping_add(n));
    // Two strangers lie where the requester's address would.
    let strangers = [1, 2].map(|byte| left_aligned(Address::repeat_byte(byte)));
    store(&world, other(0), strangers[0]);
    store(&world, other(1), strangers[1]);

    let first = world.task(model, aius(2), b"first").await;
    assert_eq!(
        load(&world, other(2)),
        U256::from_be_bytes(left_aligned(owner))
    );
    let second = world.task(model, aius(2), b"second").await;
    assert_eq!(load(&world, other(3)), U256::ZERO, "it is found again");
    for task in [first, second] {
        assert_eq!(view!(world.owner.engine.tasks(task)).owner, owner);
    }

    // The same of what tasks offer: the first one's key, taken out of its word, is that of
    // another offer by the time the fee is raised to it.
    let slot: U256 = keccak256([first, root("tasks.entries.input").into()].concat()).into();
    let word = load(&world, slot).to_be_bytes::<32>();
    let offer = u64::from_le_bytes(word[8..16].try_into().unwrap());
    let mut raised = load(&world, entry("tasks.offers.fee", offer)).to_be_bytes::<32>();
    raised[..10].copy_from_slice(&(3 * AIUS).to_le_bytes()[..10]);
    let place = self::key(raised);
    store(&world, entry("tasks.offers.fee", place), strangers[0]);
    send!(
        world
            .requester
            .engine
            .increaseTaskFee(first, U256::from(AIUS))
    );
    let found = load(&world, entry("tasks.offers.fee", place.wrapping_add(1)));
    assert_eq!(found, U256::from_be_bytes(raised));
    assert_eq!(view!(world.owner.engine.tasks(first)).fee, aius(3));
    assert_eq!(view!(world.owner.engine.tasks(second)).fee, aius(2));
    world.pass(10_000);
    send!(world.requester.engine.retractTask(first));
    world.pass(600);
    send!(world.requester.engine.retractTask(first));
    assert_eq!(
        world.earnings(&world.requester).await,
        U256::from(3 * AIUS - 3 * AIUS / 10)
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solver_has_one_number_from_its_first_solution_on() {
    let (world, model) = World::with_model(U256::ZERO).await;
    let count = root("solvers.count");
    let numbered = |n: u64| {
        let word = load(&world, entry("solvers.entries.address", n)).to_be_bytes::<32>();
        Address::from_slice(&word[..20])
    };
    // A counter's four bytes are little-endian, like all numbers in storage.
    let given = || {
        let word = load(&world, count).to_be_bytes::<32>();
        u32::from_le_bytes(word[..4].try_into().unwrap())
    };
    assert_eq!(given(), 0);
    for (input, person, cid) in [
        (&b"a"[..], &world.rival, 1),
        (b"b", &world.solver, 2),
        (b"c", &world.rival, 3),
    ] {
        let task = world.task(model, U256::ZERO, input).await;
        world.solve(person, task, answer(cid)).await;
        let solver = view!(world.owner.engine.solutions(task)).validator;
        assert_eq!(solver, person.address);
    }
    assert_eq!(given(), 2);
    assert_eq!(numbered(1), world.rival.address);
    assert_eq!(numbered(2), world.solver.address);

    // Three bytes of numbers end; whoever has one goes on.
    let mut last = [0; 32];
    last[..4].copy_from_slice(&((1u32 << 24) - 1).to_le_bytes());
    store(&world, count, last);
    let late = world.miner(2);
    send!(world.rival.engine.validatorDeposit(late.address, aius(10)));
    let task = world.task(model, U256::ZERO, b"d").await;
    world.commit(&late, task, &answer(4)).await;
    world.pass(1);
    refused!(
        late,
        NotAllowedToSubmitSolution,
        late.engine.submitSolution(task, answer(4))
    );
    world.solve(&world.solver, task, answer(4)).await;
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_solutions_and_what_anything_else_earned_is_one_sum() {
    // The solver is paid as the model's address as well, before it has solved anything.
    let world = World::new().await;
    let (solver, engine) = (&world.solver, &world.solver.engine);
    let call = engine.registerModel(solver.address, aius(10), Bytes::from_static(b"own"));
    let model = event::<IEngine::ModelRegistered>(&send!(call)).id;
    for validator in [solver, &world.rival] {
        world.stake(validator, aius(10)).await;
    }
    let claim = async |person: &Person, input: &'static [u8], cid: u8| {
        let task = world.task(model, aius(20), input).await;
        world.solve(person, task, answer(cid)).await;
        world.pass(2_001);
        send!(person.engine.claimSolution(task));
    };
    claim(&world.rival, b"a", 1).await;
    assert_eq!(world.earnings(solver).await, aius(10), "the model's fee");
    assert_eq!(world.earnings(&world.rival).await, aius(9));
    claim(solver, b"b", 2).await;
    assert_eq!(
        world.earnings(solver).await,
        aius(29),
        "two fees and a share"
    );
    world.books_balance().await;

    // More than either of the two words holds.
    refused!(
        solver,
        NothingToWithdraw,
        engine.stakeEarnings(aius(29) + U256::from(1))
    );
    send!(engine.stakeEarnings(aius(25)));
    assert_eq!(world.earnings(solver).await, aius(4));
    assert_eq!(view!(engine.validators(solver.address)).staked, aius(35));
    claim(solver, b"c", 3).await;
    assert_eq!(world.earnings(solver).await, aius(23));
    let before = world.balance(solver.address).await;
    send!(world.rival.engine.withdrawEarnings(solver.address));
    assert_eq!(world.balance(solver.address).await - before, aius(23));
    assert_eq!(world.earnings(solver).await, U256::ZERO);
    refused!(
        world.rival,
        NothingToWithdraw,
        engine.withdrawEarnings(solver.address)
    );
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_allow_list_binds_no_task_that_came_before() {
    let world = World::new().await;
    let engine = &world.model_owner.engine;
    let call = engine.registerModelWithAllowList(
        world.model_owner.address,
        U256::ZERO,
        Bytes::from_static(b"t"),
        vec![world.solver.address],
    );
    let model = event::<IEngine::ModelRegistered>(&send!(call)).id;
    for validator in [&world.solver, &world.rival] {
        world.stake(validator, aius(10)).await;
    }
    let alone = world.task(model, U256::ZERO, b"in").await;
    let batched = batch(&world, model, U256::ZERO, 2).await;
    for task in [alone, batched[1]] {
        world.commit(&world.rival, task, &answer(1)).await;
        world.pass(1);
        refused!(
            world.rival,
            NotAllowedToSubmitSolution,
            world.rival.engine.submitSolution(task, answer(1))
        );
    }
    world.solve(&world.solver, batched[0], answer(1)).await;
    send!(engine.disableModelAllowList(model));
    for task in [alone, batched[1]] {
        send!(world.rival.engine.submitSolution(task, answer(1)));
    }
    world.books_balance().await;
}
