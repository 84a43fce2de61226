//! Many tasks in one transaction: what goes together, what is passed over, what is taken
//! apart, and what a crash leaves of it.

use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use arbius_sdk::{
    chain::{Call, FeePolicy},
    client::Validator,
    contracts::IEngine,
    miner::{Bulk, Miner, MinerHandle, Settings, State},
};
use arbius_testkit::{Actor, devnet::chain::Mining};

use crate::hostile::Hostile;
use crate::world::{AIUS, World, all_over, noted, reached, request, settings, take_over, until};

/// Gathers for long enough that everything submitted goes together: nothing is waited for once
/// nothing is being computed any more.
fn patient() -> Settings {
    Settings {
        roles: "solve,claim".parse().unwrap(),
        bulk: Bulk {
            window: Duration::from_secs(30),
            ..Bulk::default()
        },
        ..settings()
    }
}

/// A miner whose stake is there already, so that it sends nothing when it starts.
async fn staked(world: &World) -> Miner {
    world.validator(0).await;
    world.miner(0).settings(patient())
}

/// So many tasks, submitted at once, and a miner whose commitment to all of them waits for its
/// block: from now on blocks are made by hand.
async fn committing(world: &World, count: usize) -> (Vec<B256>, MinerHandle) {
    let tasks = submit(world, count).await;
    let miner = staked(world).await;
    (tasks, commits(world, miner).await)
}

/// Starts a miner on blocks that are made by hand, and waits for its first transaction.
async fn commits(world: &World, miner: Miner) -> MinerHandle {
    world.chain.devnet().chain().set_mining(Mining::Manual);
    let miner = miner.spawn().await.unwrap();
    sends(world, miner.account(), 1).await;
    miner
}

/// Waits until so many transactions of an account wait for their block.
async fn sends(world: &World, account: Address, count: usize) {
    until(&format!("{count} transactions wait"), async || {
        let pool = world.chain.devnet().chain().pool();
        pool.iter().filter(|waits| waits.from() == account).count() == count
    })
    .await;
}

/// A rival that has committed to some tasks, and reveals them in the block that is made next.
async fn rival(world: &World, tasks: &[B256]) -> Validator {
    let rival = world.validator(1).await;
    for task in tasks {
        rival.commit(*task, B256::repeat_byte(7)).await.unwrap();
    }
    rival
}

async fn reveals_in_the_next_block(world: &World, rival: &Validator, tasks: &[B256]) {
    let reveals: Vec<_> = tasks
        .iter()
        .map(|task| {
            let (rival, task) = (rival.clone(), *task);
            tokio::spawn(async move { rival.reveal(task, B256::repeat_byte(7)).await })
        })
        .collect();
    sends(world, rival.address(), tasks.len()).await;
    world.chain.devnet().chain().mine();
    for reveal in reveals {
        reveal.await.unwrap().unwrap();
    }
}

/// Submits so many tasks at once and returns their ids.
async fn submit(world: &World, count: usize) -> Vec<B256> {
    let (chain, model) = (&world.chain, world.model);
    let fee = U256::from(AIUS / 10);
    let lane = chain.lane(Actor::Requester).unwrap();
    let inputs = (0..count)
        .map(|number| request(model, &format!("digit {number}")).input)
        .collect();
    let call = IEngine::bulkSubmitTasksCall {
        version: 0,
        owner: lane.address(),
        model,
        fee,
        inputs,
    };
    let receipt = lane
        .execute(Call::new(chain.engine(), &call))
        .await
        .unwrap();
    let tasks: Vec<B256> = receipt
        .events::<IEngine::TaskSubmitted>(chain.engine())
        .map(|event| event.id)
        .collect();
    assert_eq!(tasks.len(), count);
    tasks
}

/// How many events of a type the chain has of an account.
fn events<E: SolEvent>(world: &World, account: Address, by: impl Fn(&E) -> Address) -> usize {
    let devnet = world.chain.devnet().chain();
    (0..=devnet.block_number())
        .filter_map(|number| devnet.block(number.into()).ok())
        .flat_map(|block| block.receipts.clone())
        .flat_map(|receipt| receipt.logs.clone())
        .filter_map(|log| E::decode_log(&log).ok())
        .filter(|event| by(&event.data) == account)
        .count()
}

fn commitments(world: &World, miner: &MinerHandle) -> usize {
    let by = |event: &IEngine::SignalCommitment| event.addr;
    events(world, miner.account(), by)
}

fn passed_over(world: &World, miner: &MinerHandle) -> usize {
    let by = |event: &IEngine::SolutionSkipped| event.addr;
    events(world, miner.account(), by)
}

fn counted(miner: &MinerHandle, state: State) -> usize {
    let jobs = miner.jobs().unwrap();
    jobs.iter().filter(|job| job.state == state).count()
}

/// Lets the contest period pass and waits until all is claimed, by the miner and the chain.
async fn claimed(world: &World, miner: &MinerHandle, tasks: &[B256]) {
    for task in tasks {
        reached(miner, *task, State::Revealed).await;
    }
    world.past_contest();
    for task in tasks {
        reached(miner, *task, State::Claimed).await;
        let solution = world.solution(*task).await;
        assert!(solution.claimed && solution.solver == miner.account());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_waiting_goes_together_and_is_written_into_every_job() {
    const TASKS: usize = 12;
    let world = World::new().await;
    let tasks = submit(&world, TASKS).await;
    let miner = staked(&world).await.spawn().await.unwrap();
    let before = world.nonce(miner.account()).await;
    claimed(&world, &miner, &tasks).await;
    all_over(&miner, TASKS).await;
    // Commit, reveal, claim and the withdrawal.
    until(
        "the earnings are withdrawn in a fourth transaction",
        async || world.nonce(miner.account()).await == before + 4,
    )
    .await;
    assert_eq!(commitments(&world, &miner), 1);
    for job in miner.jobs().unwrap() {
        assert!(job.gas.commit > 0 && job.gas.commit < 10_000, "{job:#?}");
        assert!(job.gas.reveal > 0 && job.gas.claim > 0, "{job:#?}");
        assert!(job.earned.fee > U256::ZERO, "{job:#?}");
    }
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_one_gives_each_task_its_own_transactions() {
    let world = World::new().await;
    let tasks = submit(&world, 3).await;
    let one = Settings {
        bulk: Bulk {
            tasks: 1,
            ..Bulk::default()
        },
        ..patient()
    };
    let miner = staked(&world).await.settings(one).spawn().await.unwrap();
    claimed(&world, &miner, &tasks).await;
    assert_eq!(commitments(&world, &miner), 3);
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rival_gets_in_first_is_passed_over_and_the_rest_counts() {
    let world = World::new().await;
    let tasks = submit(&world, 5).await;
    let taken = [tasks[1], tasks[3]];
    let rival = rival(&world, &taken).await;
    let miner = staked(&world).await;
    let miner = commits(&world, miner).await;
    // In the block of the commitment, when the group is bound.
    reveals_in_the_next_block(&world, &rival, &taken).await;
    sends(&world, miner.account(), 1).await;
    world.chain.devnet().chain().set_mining(Mining::Automatic);
    for task in taken {
        reached(&miner, task, State::Lost).await;
    }
    let ours = [tasks[0], tasks[2], tasks[4]];
    claimed(&world, &miner, &ours).await;
    assert_eq!(commitments(&world, &miner), 1);
    assert_eq!(passed_over(&world, &miner), 2);
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_was_committed_to_is_revealed_as_that_group_after_a_crash() {
    let world = World::new().await;
    let (tasks, first) = committing(&world, 4).await;
    let devnet = world.chain.devnet().chain();
    devnet.mine();
    sends(&world, first.account(), 1).await;
    drop(first);
    // And the node forgets what waited.
    assert_eq!(devnet.drop_all_transactions(), 1);
    devnet.set_mining(Mining::Automatic);
    let second = take_over(|| world.miner(0)).await;
    claimed(&world, &second, &tasks).await;
    assert_eq!(commitments(&world, &second), 1);
    assert_eq!(passed_over(&world, &second), 0);
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_too_large_for_a_block_is_taken_apart() {
    const TASKS: usize = 8;
    let world = World::new().await;
    let tasks = submit(&world, TASKS).await;
    let miner = staked(&world).await;
    // Eight reveals take some 450,000 gas.
    world.chain.devnet().chain().set_block_gas_limit(300_000);
    let miner = miner.spawn().await.unwrap();
    for task in &tasks {
        reached(&miner, *task, State::Revealed).await;
    }
    let made = commitments(&world, &miner);
    assert!((3..=TASKS + 4).contains(&made), "{made}");
    assert_eq!(passed_over(&world, &miner), 0);
    claimed(&world, &miner, &tasks).await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn dear_gas_holds_commitments_back_but_not_what_is_committed_to() {
    let world = World::new().await;
    let devnet = world.chain.devnet().chain();
    let base_fee = devnet.base_fee();
    let dear = Settings {
        fees: FeePolicy {
            routine_fee_per_gas: Some(u128::from(base_fee) * 4),
            replace_after: Duration::from_millis(500),
            ..FeePolicy::default()
        },
        ..patient()
    };
    let committed = submit(&world, 3).await;
    let miner = staked(&world).await.settings(dear);
    let miner = commits(&world, miner).await;
    devnet.mine();
    sends(&world, miner.account(), 1).await;
    // Ten times as dear: the reveal has to be replaced, and is.
    devnet.set_base_fee(base_fee * 10);
    let revealed = async || {
        devnet.mine();
        counted(&miner, State::Revealed) == committed.len()
    };
    until("the reveal is replaced at the new price", revealed).await;

    devnet.set_mining(Mining::Automatic);
    // The requester pays any price.
    let late = submit(&world, 3).await;
    noted(&miner, late[0], "above the ceiling").await;
    assert_eq!(commitments(&world, &miner), 1);
    devnet.set_base_fee(base_fee);
    devnet.mine();
    claimed(&world, &miner, &[committed, late].concat()).await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_that_a_reorganisation_undoes_is_made_again() {
    let world = World::new().await;
    let (tasks, miner) = committing(&world, 3).await;
    let devnet = world.chain.devnet().chain();
    devnet.mine();
    for task in &tasks {
        reached(&miner, *task, State::Committed).await;
    }
    devnet.rollback(1).unwrap();
    devnet.drop_all_transactions();
    devnet.set_mining(Mining::Automatic);
    claimed(&world, &miner, &tasks).await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_whose_tasks_are_all_lost_reveals_nothing() {
    let world = World::new().await;
    let tasks = submit(&world, 2).await;
    let rival = rival(&world, &tasks).await;
    let miner = staked(&world).await;
    let miner = commits(&world, miner).await;
    reveals_in_the_next_block(&world, &rival, &tasks).await;
    world.chain.devnet().chain().set_mining(Mining::Automatic);
    let devnet = world.chain.devnet().chain();
    let nonce = devnet.nonce(miner.account());
    all_over(&miner, 2).await;
    assert_eq!(counted(&miner, State::Lost), 2);
    assert_eq!(devnet.nonce(miner.account()), nonce);
    miner.stop().await.unwrap();
}

/// Runs as an Arbitrum node does: simulations see the newest block's number, and nothing waits.
async fn arbitrum(world: &World) -> Hostile {
    let endpoint = Hostile::before(world.chain.devnet()).await;
    endpoint.lies(|method, params, ask| {
        if let ("eth_call" | "eth_estimateGas", Some(params)) = (method, params.as_array_mut()) {
            params.truncate(1);
            params.push("latest".into());
        }
        ask(params)
    });
    endpoint
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arbitrum_cannot_simulate_in_the_commitments_block_is_revealed_all_the_same() {
    for count in [3, 1] {
        let world = World::new().await;
        let tasks = submit(&world, count).await;
        let endpoint = arbitrum(&world).await;
        let mut deployment = world.chain.deployment().clone();
        deployment.rpc = endpoint.url();
        let miner = staked(&world).await.deployment(deployment);
        let miner = miner.spawn().await.unwrap();
        for task in &tasks {
            reached(&miner, *task, State::Revealed).await;
        }
        assert_eq!(commitments(&world, &miner), 1);
        assert_eq!(passed_over(&world, &miner), 0);
        miner.stop().await.unwrap();
    }
}
