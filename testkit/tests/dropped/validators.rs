//! A validator whose callers go.

use alloy_primitives::U256;
use arbius_sdk::{chain::Outcome, client::Validator};
use arbius_testkit::{Actor, TestChain};

use crate::world::{AIUS, Books, dropped_wherever_it_waits};

async fn validator() -> (TestChain, Books, Validator) {
    let chain = TestChain::start().await.unwrap();
    let books = Books::of(chain.chain(), chain.signer(Actor::Miner(0)).unwrap());
    let validator = Validator::new(books.lane.clone(), chain.engine());
    (chain, books, validator)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_dropped_anywhere_is_made_once_or_never() {
    let (_chain, books, validator) = validator().await;
    let amount = U256::from(AIUS);
    dropped_wherever_it_waits(
        async |_| validator.deposit(amount).await,
        async || {
            books.assert_sound().await;
            let made = books
                .ledger
                .count("depositing the stake", Outcome::Included);
            let staked = validator.stake().await.unwrap().staked;
            assert_eq!(staked, U256::from(made) * amount);
        },
    )
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_withdrawal_dropped_anywhere_is_announced_once_or_never() {
    let (_chain, books, validator) = validator().await;
    validator.deposit(U256::from(200 * AIUS)).await.unwrap();
    let amount = U256::from(AIUS);
    dropped_wherever_it_waits(
        async |_| validator.announce_withdrawal(amount).await,
        async || {
            books.assert_sound().await;
            let made = books
                .ledger
                .count("announcing a withdrawal", Outcome::Included);
            let stake = validator.stake().await.unwrap();
            assert_eq!(stake.withdrawing, U256::from(made) * amount);
        },
    )
    .await
    .unwrap();
}
