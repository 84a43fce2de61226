//! A miner that dies, and goes on.

use std::time::Duration;

use alloy_primitives::{B256, U256};
use arbius_sdk::{
    chain::Call,
    contracts::IEngine,
    miner::{Stage, State, StoreError, StoreFile},
};
use arbius_testkit::Actor;
use redb::TableDefinition;

use crate::world::{
    AIUS, PATIENCE, World, all_over, case_at, chain_with_model, miner, reached, request, requester,
    respawn, settings,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_dies_at_any_step_takes_its_job_up_again() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let requester = requester(&chain);
    requester.approve(U256::from(100 * AIUS)).await.unwrap();
    let steps = [
        State::Seen,
        State::Planned,
        State::Solved,
        State::Pinned,
        State::Committed,
        State::Revealed,
    ];
    let mut tasks = Vec::new();
    for (number, step) in steps.into_iter().enumerate() {
        let first = miner(&chain, 0, model, folder.path())
            .spawn()
            .await
            .unwrap();
        let prompt = format!("number {number}");
        let task = requester
            .submit(&request(model, &prompt))
            .await
            .unwrap()
            .task;
        tasks.push(task);
        reached(&first, task, step).await;
        // Dropped where it stands: nothing is finished, nothing is said.
        drop(first);

        let second = respawn(&chain, model, folder.path()).await;
        reached(&second, task, State::Revealed).await;
        let solution = requester.network().solution(task).await.unwrap().unwrap();
        assert_eq!(solution.solver, second.account());
        second.stop().await.unwrap();
    }
    // And between the contest end and the claim.
    chain.pass(Duration::from_secs(2_001)).unwrap();
    let last = respawn(&chain, model, folder.path()).await;
    for task in &tasks {
        reached(&last, *task, State::Claimable).await;
    }
    drop(last);
    let last = respawn(&chain, model, folder.path()).await;
    all_over(&last, tasks.len()).await;
    assert_eq!(last.tally().unwrap().of(State::Claimed), tasks.len());
    for task in tasks {
        assert!(
            requester
                .network()
                .solution(task)
                .await
                .unwrap()
                .unwrap()
                .claimed
        );
    }
    last.stop().await.unwrap();
}

/// Pauses that differ and repeat: a linear congruential generator (Knuth's MMIX constants).
struct Pauses(u64);

impl Pauses {
    fn next(&mut self) -> Duration {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.0 >> 33) % 250)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_killed_again_and_again_under_load_accounts_for_every_task() {
    const TASKS: usize = 40;
    const KILLS: usize = 12;
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let requester = requester(&chain);
    let fee = U256::from(AIUS / 10);
    requester.approve(fee * U256::from(TASKS)).await.unwrap();
    // Half with inputs of their own, half with one input for all.
    let lane = chain.lane(Actor::Requester).unwrap();
    let owner = lane.address();
    let inputs = (0..TASKS / 2)
        .map(|i| request(model, &format!("digit {i}")).input)
        .collect();
    let each = IEngine::bulkSubmitTasksCall {
        version: 0,
        owner,
        model,
        fee,
        inputs,
    };
    lane.execute(Call::new(chain.engine(), &each))
        .await
        .unwrap();
    let input = request(model, "nine").input;
    let n = U256::from(TASKS - TASKS / 2);
    let same = IEngine::bulkSubmitTaskCall {
        version: 0,
        owner,
        model,
        fee,
        input,
        n,
    };
    lane.execute(Call::new(chain.engine(), &same))
        .await
        .unwrap();

    let seed = std::process::id().into();
    println!("seed {seed}");
    let mut pauses = Pauses(seed);
    for _ in 0..KILLS {
        let running = respawn(&chain, model, folder.path()).await;
        tokio::time::sleep(pauses.next()).await;
        drop(running);
    }
    let last = respawn(&chain, model, folder.path()).await;
    let revealed = async {
        while last
            .jobs()
            .unwrap()
            .iter()
            .filter(|job| job.state == State::Revealed)
            .count()
            < TASKS
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, revealed).await.is_err() {
        panic!("not everything is revealed: {:#?}", last.tally().unwrap());
    }
    chain.pass(Duration::from_secs(2_001)).unwrap();
    all_over(&last, TASKS).await;
    let tally = last.tally().unwrap();
    assert_eq!(tally.of(State::Claimed), TASKS, "{tally:#?}");
    // The chain agrees: every task is claimed by this miner, and nothing is owed any more.
    for job in last.jobs().unwrap() {
        let solution = requester
            .network()
            .solution(job.task)
            .await
            .unwrap()
            .unwrap();
        assert!(solution.claimed && solution.solver == last.account());
    }
    last.stop().await.unwrap();
}

/// Writes nonsense over a record of a miner's store, as a failing disk does.
fn damage(world: &World, table: &str, task: B256) {
    let table = TableDefinition::<[u8; 32], &[u8]>::new(table);
    let store = redb::Database::open(world.folder(0).join("miner.redb")).unwrap();
    let write = store.begin_write().unwrap();
    let before = write
        .open_table(table)
        .unwrap()
        .insert(task.0, b"{\"task\":".as_slice())
        .unwrap()
        .map(|record| record.value().to_vec());
    assert!(before.is_some(), "there is a record to damage");
    write.commit().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_damaged_records_were_about_is_taken_up_again_by_what_the_chain_says() {
    let world = World::new().await;
    let first = world.spawn(0, settings()).await;
    let mallory = world.validator(3).await;
    world.grow_up();
    let (paid, disputed) = (world.ask("one").await, world.ask("two").await);
    for asked in [&paid, &disputed] {
        reached(&first, asked.task, State::Revealed).await;
    }
    mallory.contest(disputed.task).await.unwrap();
    case_at(&first, disputed.task, Stage::Voted).await;
    first.stop().await.unwrap();
    damage(&world, "jobs", paid.task);
    damage(&world, "cases", disputed.task);

    let second = world.spawn(0, settings()).await;
    reached(&second, paid.task, State::Revealed).await;
    case_at(&second, disputed.task, Stage::Voted).await;
    world.past_vote();
    reached(&second, paid.task, State::Claimed).await;
    case_at(&second, disputed.task, Stage::Settled).await;
    assert!(world.solution(paid.task).await.claimed);
    second.stop().await.unwrap();
    let mut check = StoreFile::check(&world.folder(0));
    // What was on its way as it stopped is heeded first.
    while matches!(check, Err(StoreError::InUse { .. })) {
        tokio::time::sleep(Duration::from_millis(25)).await;
        check = StoreFile::check(&world.folder(0));
    }
    let check = check.unwrap();
    assert_eq!(check.damaged, [] as [String; 0]);
}
