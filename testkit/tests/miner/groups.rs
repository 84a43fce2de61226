//! Many tasks in one transaction: what goes together, what is passed over, what is taken
//! apart, and what a crash leaves of it.

use std::{path::Path, sync::Arc, time::Duration};

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use arbius_sdk::{
    chain::{Call, FeePolicy},
    client::{Requester, Validator},
    contracts::IEngine,
    miner::{Bulk, Miner, MinerHandle, Settings, State},
};
use arbius_testkit::{Actor, TestChain, devnet::chain::Mining};

use crate::hostile::Hostile;
use crate::world::{
    AIUS, all_over, chain_with_model, miner, noted, reached, request, requester, respawn, settings,
    until, validator,
};

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
async fn staked(chain: &TestChain, model: B256, folder: &Path) -> Miner {
    validator(chain, 0).await;
    miner(chain, 0, model, folder).settings(patient())
}

/// Submits so many tasks at once and returns their ids.
async fn submit(chain: &TestChain, model: B256, count: usize) -> Vec<B256> {
    let requester: Requester = requester(chain);
    let fee = U256::from(AIUS / 10);
    requester.approve(fee * U256::from(count)).await.unwrap();
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
fn events<E: SolEvent>(chain: &TestChain, account: Address, by: impl Fn(&E) -> Address) -> usize {
    let devnet = chain.devnet().chain();
    (0..=devnet.block_number())
        .filter_map(|number| devnet.block(number.into()).ok())
        .flat_map(|block| block.receipts.clone())
        .flat_map(|receipt| receipt.logs.clone())
        .filter_map(|log| E::decode_log(&log).ok())
        .filter(|event| by(&event.data) == account)
        .count()
}

fn commitments(chain: &TestChain, account: Address) -> usize {
    events(chain, account, |event: &IEngine::SignalCommitment| {
        event.addr
    })
}

fn passed_over(chain: &TestChain, account: Address) -> usize {
    events(chain, account, |event: &IEngine::SolutionSkipped| {
        event.addr
    })
}

/// Transactions of an account that wait for their block.
fn waiting(chain: &TestChain, account: Address) -> usize {
    let pool = chain.devnet().chain().pool();
    pool.iter().filter(|waits| waits.from() == account).count()
}

fn counted(miner: &MinerHandle, state: State) -> usize {
    let jobs = miner.jobs().unwrap();
    jobs.iter().filter(|job| job.state == state).count()
}

/// Lets the contest period pass and waits until all is claimed, by the miner and the chain.
async fn claimed(chain: &TestChain, miner: &MinerHandle, tasks: &[B256]) {
    let network = requester(chain);
    for task in tasks {
        reached(miner, *task, State::Revealed).await;
    }
    chain.pass(Duration::from_secs(2_001)).unwrap();
    for task in tasks {
        reached(miner, *task, State::Claimed).await;
        let solution = network.network().solution(*task).await.unwrap().unwrap();
        assert!(solution.claimed && solution.solver == miner.account());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_waiting_goes_together_and_is_written_into_every_job() {
    const TASKS: usize = 12;
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let tasks = submit(&chain, model, TASKS).await;
    let miner = staked(&chain, model, folder.path())
        .await
        .spawn()
        .await
        .unwrap();
    let before = chain.devnet().chain().nonce(miner.account());
    claimed(&chain, &miner, &tasks).await;
    all_over(&miner, TASKS).await;
    // Commit, reveal, claim and the withdrawal.
    let withdrawn = async || chain.devnet().chain().nonce(miner.account()) == before + 4;
    until(
        "the earnings are withdrawn in a fourth transaction",
        withdrawn,
    )
    .await;
    assert_eq!(commitments(&chain, miner.account()), 1);
    for job in miner.jobs().unwrap() {
        assert!(job.gas.commit > 0 && job.gas.commit < 10_000, "{job:#?}");
        assert!(job.gas.reveal > 0 && job.gas.claim > 0, "{job:#?}");
        assert!(job.earned.fee > U256::ZERO, "{job:#?}");
    }
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_one_gives_each_task_its_own_transactions() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let tasks = submit(&chain, model, 3).await;
    let one = Settings {
        bulk: Bulk {
            tasks: 1,
            ..Bulk::default()
        },
        ..patient()
    };
    let miner = staked(&chain, model, folder.path()).await.settings(one);
    let miner = miner.spawn().await.unwrap();
    claimed(&chain, &miner, &tasks).await;
    assert_eq!(commitments(&chain, miner.account()), 3);
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rival_gets_in_first_is_passed_over_and_the_rest_counts() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let tasks = submit(&chain, model, 5).await;
    let rival: Validator = validator(&chain, 1).await;
    let taken = [tasks[1], tasks[3]];
    for task in taken {
        rival.commit(task, B256::repeat_byte(7)).await.unwrap();
    }
    let miner = staked(&chain, model, folder.path()).await;
    chain.devnet().chain().set_mining(Mining::Manual);
    let miner = miner.spawn().await.unwrap();
    until("the group's commitment waits", async || {
        waiting(&chain, miner.account()) == 1
    })
    .await;
    // The rival reveals in the block of the commitment, when the group is bound.
    let reveals = taken.map(|task| {
        let rival = rival.clone();
        tokio::spawn(async move { rival.reveal(task, B256::repeat_byte(7)).await })
    });
    until("the rival's reveals wait", async || {
        waiting(&chain, rival.address()) == 2
    })
    .await;
    chain.devnet().chain().mine();
    for reveal in reveals {
        reveal.await.unwrap().unwrap();
    }
    until("the group's reveal waits", async || {
        waiting(&chain, miner.account()) == 1
    })
    .await;
    chain.devnet().chain().set_mining(Mining::Automatic);
    for task in taken {
        reached(&miner, task, State::Lost).await;
    }
    let ours = [tasks[0], tasks[2], tasks[4]];
    claimed(&chain, &miner, &ours).await;
    assert_eq!(commitments(&chain, miner.account()), 1);
    assert_eq!(passed_over(&chain, miner.account()), 2);
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_was_committed_to_is_revealed_as_that_group_after_a_crash() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let tasks = submit(&chain, model, 4).await;
    let first = staked(&chain, model, folder.path()).await;
    let devnet = chain.devnet().chain();
    devnet.set_mining(Mining::Manual);
    let first = first.spawn().await.unwrap();
    let account = first.account();
    until("the commitment waits", async || {
        waiting(&chain, account) == 1
    })
    .await;
    devnet.mine();
    until("the reveal waits", async || waiting(&chain, account) == 1).await;
    drop(first);
    // And the node forgets what waited.
    assert_eq!(devnet.drop_all_transactions(), 1);
    devnet.set_mining(Mining::Automatic);
    let second = respawn(&chain, model, folder.path()).await;
    claimed(&chain, &second, &tasks).await;
    assert_eq!(commitments(&chain, account), 1);
    assert_eq!(passed_over(&chain, account), 0);
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_too_large_for_a_block_is_taken_apart() {
    const TASKS: usize = 8;
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let tasks = submit(&chain, model, TASKS).await;
    let miner = staked(&chain, model, folder.path()).await;
    // Eight reveals take some 450,000 gas.
    chain.devnet().chain().set_block_gas_limit(300_000);
    let miner = miner.spawn().await.unwrap();
    for task in &tasks {
        reached(&miner, *task, State::Revealed).await;
    }
    let made = commitments(&chain, miner.account());
    assert!((3..=TASKS + 4).contains(&made), "{made}");
    assert_eq!(passed_over(&chain, miner.account()), 0);
    claimed(&chain, &miner, &tasks).await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn dear_gas_holds_commitments_back_but_not_what_is_committed_to() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let devnet = chain.devnet().chain();
    let base_fee = devnet.base_fee();
    let dear = Settings {
        fees: FeePolicy {
            routine_fee_per_gas: Some(u128::from(base_fee) * 4),
            replace_after: Duration::from_millis(500),
            ..FeePolicy::default()
        },
        ..patient()
    };
    let committed = submit(&chain, model, 3).await;
    let miner = staked(&chain, model, folder.path()).await.settings(dear);
    devnet.set_mining(Mining::Manual);
    let miner = miner.spawn().await.unwrap();
    let account = miner.account();
    until("the commitment waits", async || {
        waiting(&chain, account) == 1
    })
    .await;
    devnet.mine();
    until("the reveal waits", async || waiting(&chain, account) == 1).await;
    // Ten times as dear: the reveal has to be replaced, and is.
    devnet.set_base_fee(base_fee * 10);
    let revealed = async || {
        devnet.mine();
        counted(&miner, State::Revealed) == committed.len()
    };
    until("the reveal is replaced at the new price", revealed).await;

    devnet.set_mining(Mining::Automatic);
    // The requester pays any price.
    let late = submit(&chain, model, 3).await;
    noted(&miner, late[0], "above the ceiling").await;
    assert_eq!(commitments(&chain, account), 1);
    devnet.set_base_fee(base_fee);
    devnet.mine();
    claimed(&chain, &miner, &[committed, late].concat()).await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_that_a_reorganisation_undoes_is_made_again() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let tasks = submit(&chain, model, 3).await;
    let miner = staked(&chain, model, folder.path()).await;
    let devnet = chain.devnet().chain();
    devnet.set_mining(Mining::Manual);
    let miner = miner.spawn().await.unwrap();
    until("the commitment waits", async || {
        waiting(&chain, miner.account()) == 1
    })
    .await;
    devnet.mine();
    for task in &tasks {
        reached(&miner, *task, State::Committed).await;
    }
    devnet.rollback(1).unwrap();
    devnet.drop_all_transactions();
    devnet.set_mining(Mining::Automatic);
    claimed(&chain, &miner, &tasks).await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_whose_tasks_are_all_lost_reveals_nothing() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let tasks = submit(&chain, model, 2).await;
    let rival: Arc<Validator> = Arc::new(validator(&chain, 1).await);
    for task in &tasks {
        rival.commit(*task, B256::repeat_byte(9)).await.unwrap();
    }
    let miner = staked(&chain, model, folder.path()).await;
    chain.devnet().chain().set_mining(Mining::Manual);
    let miner = miner.spawn().await.unwrap();
    until("the group's commitment waits", async || {
        waiting(&chain, miner.account()) == 1
    })
    .await;
    let reveals: Vec<_> = tasks
        .iter()
        .map(|task| {
            let (rival, task) = (Arc::clone(&rival), *task);
            tokio::spawn(async move { rival.reveal(task, B256::repeat_byte(9)).await })
        })
        .collect();
    until("the rival's reveals wait", async || {
        waiting(&chain, rival.address()) == 2
    })
    .await;
    chain.devnet().chain().mine();
    chain.devnet().chain().set_mining(Mining::Automatic);
    for reveal in reveals {
        reveal.await.unwrap().unwrap();
    }
    let nonce = chain.devnet().chain().nonce(miner.account());
    all_over(&miner, 2).await;
    assert_eq!(counted(&miner, State::Lost), 2);
    assert_eq!(chain.devnet().chain().nonce(miner.account()), nonce);
    miner.stop().await.unwrap();
}

/// Runs as an Arbitrum node does: simulations see the newest block's number, and nothing waits.
async fn arbitrum(chain: &TestChain) -> Hostile {
    let endpoint = Hostile::before(chain.devnet()).await;
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
        let (chain, model) = chain_with_model().await;
        let folder = tempfile::tempdir().unwrap();
        let tasks = submit(&chain, model, count).await;
        let endpoint = arbitrum(&chain).await;
        let mut deployment = chain.deployment().clone();
        deployment.rpc = endpoint.url();
        let miner = staked(&chain, model, folder.path()).await;
        let miner = miner.deployment(deployment).spawn().await.unwrap();
        for task in &tasks {
            reached(&miner, *task, State::Revealed).await;
        }
        assert_eq!(commitments(&chain, miner.account()), 1);
        assert_eq!(passed_over(&chain, miner.account()), 0);
        miner.stop().await.unwrap();
    }
}
