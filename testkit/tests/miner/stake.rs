//! The stake that a miner needs.

use std::time::Duration;

use alloy_primitives::U256;
use arbius_sdk::{
    chain::Call,
    contracts::{IEngine, IToken},
    miner::{Settings, State},
};
use arbius_testkit::{Actor, TestChain};

use crate::world::{AIUS, chain_with_model, miner, noted, reached, request, requester};

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
