//! The stake that a miner needs.

use std::time::Duration;

use alloy_primitives::U256;
use arbius_sdk::{
    chain::Call,
    contracts::{IEngine, IToken},
    miner::{Settings, State, Verification},
};
use arbius_testkit::{Actor, TestChain, devnet::chain::Mining};

use crate::world::{
    AIUS, World, chain_with_model, cheat, miner, noted, reached, request, requester, settings,
    take_over, until,
};

/// Between two blocks, where transactions wait for each other.
const BLOCK: Duration = Duration::from_millis(300);

/// Raises the validator minimum of a chain, in AIUS.
async fn raise_minimum(chain: &TestChain, amount: u128) {
    let call = IEngine::setValidatorMinimumFloorCall {
        amount: U256::from(amount * AIUS),
    };
    let owner = chain.lane(Actor::Owner).unwrap();
    owner
        .execute(Call::new(chain.engine(), &call))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_tops_its_stake_up_when_the_minimum_rises() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    // Leave it 6 AIUS.
    let lane = chain.lane(Actor::Miner(0)).unwrap();
    let held = IToken::balanceOfCall {
        account: lane.address(),
    };
    let held = chain.chain().read(chain.token(), &held).await.unwrap();
    let away = IToken::transferCall {
        to: chain.lane(Actor::Requester).unwrap().address(),
        value: held - U256::from(6 * AIUS),
    };
    lane.execute(Call::new(chain.token(), &away)).await.unwrap();
    let miner = miner(&chain, 0, model, folder.path())
        .spawn()
        .await
        .unwrap();
    let requester = requester(&chain);
    requester.approve(U256::from(10 * AIUS)).await.unwrap();
    raise_minimum(&chain, 5).await;
    let task = requester.submit(&request(model, "two")).await.unwrap().task;
    reached(&miner, task, State::Revealed).await;
    let validator = miner.account();
    let call = IEngine::validatorsCall { validator };
    let staked = chain.chain().read(chain.engine(), &call).await.unwrap();
    assert!(staked.staked >= U256::from(5 * AIUS), "{}", staked.staked);

    // More than it has: the job waits, says for what, and goes on once that is there.
    raise_minimum(&chain, 10).await;
    let task = requester.submit(&request(model, "six")).await.unwrap().task;
    noted(&miner, task, "deposit 4.5 AIUS").await;
    let back = IToken::transferCall {
        to: validator,
        value: U256::from(5 * AIUS),
    };
    let lane = chain.lane(Actor::Requester).unwrap();
    lane.execute(Call::new(chain.token(), &back)).await.unwrap();
    reached(&miner, task, State::Revealed).await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_may_not_stake_says_what_to_deposit() {
    let (chain, model) = chain_with_model().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        poll: Duration::from_millis(50),
        stake: false,
        ..Settings::default()
    };
    let miner = miner(&chain, 0, model, folder.path())
        .settings(settings)
        .spawn()
        .await
        .unwrap();
    let requester = requester(&chain);
    let task = requester.submit(&request(model, "two")).await.unwrap().task;
    noted(&miner, task, "deposit 1 AIUS").await;
    miner.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_solution_is_not_revealed_while_a_vote_that_locks_stake_is_underway() {
    let world = World::new().await;
    let everything = || Settings {
        verification: Verification {
            share_percent: 100.0,
            ..Verification::default()
        },
        ..settings()
    };
    let miner = world.spawn(0, everything()).await;
    let account = miner.account();
    miner.stop().await.unwrap();
    let mallory = world.validator(1).await;
    let juror = world.validator(2).await;
    world.grow_up();
    let mut contested = Vec::new();
    for prompt in ["a one", "a two", "a three", "a four"] {
        let asked = world.ask(prompt).await;
        cheat(&mallory, &asked).await;
        juror.contest(asked.task).await.unwrap();
        contested.push(asked.task);
    }

    // What is sent is underway for a while, and each vote locks more than the headroom: a reveal
    // that is simulated before a vote and included after it would fail.
    let devnet = world.chain.devnet().chain();
    devnet.set_mining(Mining::Interval(BLOCK));
    let miner = take_over(|| world.miner(0).settings(everything())).await;
    let mut asked = Vec::new();
    for number in 0..8 {
        asked.push(world.ask(&format!("number {number}")).await.task);
    }
    for task in asked {
        reached(&miner, task, State::Revealed).await;
    }
    until("all votes", async || {
        for task in &contested {
            let votes = world.contestation(*task).await.unwrap();
            if !votes.wrong.contains(&account) {
                return false;
            }
        }
        true
    })
    .await;
    miner.stop().await.unwrap();
    let mut failed = Vec::new();
    for number in 0..=devnet.block_number() {
        let block = devnet.block(number.into()).unwrap();
        let transactions = block.transactions.iter().zip(&block.receipts);
        failed.extend(
            transactions
                .filter(|(transaction, receipt)| transaction.from() == account && !receipt.success)
                .map(|(transaction, receipt)| {
                    (number, transaction.nonce(), receipt.output.clone())
                }),
        );
    }
    assert!(failed.is_empty(), "{failed:?}");
}
