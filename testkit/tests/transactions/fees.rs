//! What transactions may cost, when gas becomes dear, and when it becomes cheap again.

use std::{sync::Arc, time::Duration};

use alloy_primitives::U256;
use arbius_devnet::chain::Mining;
use arbius_sdk::chain::{Call, ChainError, FeePolicy, Lane};

use crate::world::{Notebook, devnet, hasty, somebody, until};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_above_the_fee_ceiling() {
    let (_devnet, chain, signer) = devnet().await;
    let base_fee = chain.head().await.unwrap().base_fee;
    assert!(base_fee > 1, "the devnet has a base fee");
    let policy = FeePolicy {
        max_fee_per_gas: Some(base_fee - 1),
        ..FeePolicy::default()
    };
    let journal = Arc::new(Notebook::default());
    let lane = Lane::with_journal(chain, signer, policy, journal.clone());
    let error = lane
        .execute(Call::transfer(somebody(), U256::from(1)))
        .await
        .unwrap_err();
    assert!(
        matches!(error, ChainError::FeeAboveCeiling { .. }),
        "{error}"
    );
    assert!(journal.open().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_routine_waits_above_the_soft_ceiling_and_what_is_urgent_does_not() {
    let (devnet, chain, signer) = devnet().await;
    let base_fee = devnet.chain().base_fee();
    let policy = FeePolicy {
        routine_fee_per_gas: Some(u128::from(base_fee) * 3),
        max_fee_per_gas: Some(u128::from(base_fee) * 20),
        ..hasty()
    };
    let lane = Lane::with_journal(chain, signer, policy, Arc::new(Notebook::default()));
    devnet.chain().set_base_fee(base_fee * 10);
    devnet.chain().mine();
    let error = lane
        .execute(Call::transfer(somebody(), U256::from(1)))
        .await
        .unwrap_err();
    let ceiling = u128::from(base_fee) * 3;
    assert!(
        matches!(error, ChainError::FeeAboveCeiling { ceiling: c, .. } if c == ceiling),
        "{error}"
    );
    assert!(lane.status().waits_for_fees);
    let urgent = Call::transfer(somebody(), U256::from(2)).urgent();
    let receipt = lane.execute(urgent).await.unwrap();
    assert_eq!(receipt.gas_price, u128::from(base_fee) * 10);

    devnet.chain().set_base_fee(base_fee);
    devnet.chain().mine();
    let again = async || {
        lane.execute(Call::transfer(somebody(), U256::from(4)))
            .await
            .is_ok()
    };
    until("gas is cheap again", again).await;
    assert!(!lane.status().waits_for_fees);
    assert_eq!(devnet.chain().balance(somebody()), U256::from(6));
}

#[tokio::test(flavor = "multi_thread")]
async fn gas_ten_times_as_dear_and_back_loses_nothing() {
    const COUNT: u64 = 20;
    let (devnet, chain, signer) = devnet().await;
    devnet.chain().set_mining(Mining::Manual);
    let base_fee = devnet.chain().base_fee();
    let journal = Arc::new(Notebook::default());
    let lane = Lane::with_journal(chain, signer.clone(), hasty(), journal.clone());
    let mut sent = Vec::new();
    for _ in 0..COUNT {
        sent.push(
            lane.send(Call::transfer(somebody(), U256::from(1)))
                .await
                .unwrap(),
        );
    }
    devnet.chain().set_base_fee(base_fee * 10);
    devnet.chain().mine();
    assert_eq!(
        devnet.chain().nonce(signer.address()),
        0,
        "too cheap for this block"
    );

    let waiting = tokio::spawn(async move {
        let mut gas_price = 0;
        for mut sent in sent {
            gas_price = sent.landed().await.unwrap().gas_price.max(gas_price);
        }
        gas_price
    });
    until("all are replaced", async || lane.status().replaced >= COUNT).await;
    let mined = async || {
        devnet.chain().mine();
        lane.status().underway == 0
    };
    until("all have landed", mined).await;
    assert_eq!(waiting.await.unwrap(), u128::from(base_fee) * 10);
    devnet.chain().set_base_fee(base_fee);
    devnet.chain().set_mining(Mining::Automatic);
    lane.execute(Call::transfer(somebody(), U256::from(1)))
        .await
        .unwrap();
    assert_eq!(devnet.chain().balance(somebody()), U256::from(COUNT + 1));
    assert!(journal.open().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_transaction_is_not_replaced_above_its_ceiling_until_something_urgent_is_behind_it()
{
    let (devnet, chain, signer) = devnet().await;
    let base_fee = devnet.chain().base_fee();
    devnet.chain().set_mining(Mining::Manual);
    let policy = FeePolicy {
        routine_fee_per_gas: Some(u128::from(base_fee) * 2),
        max_fee_per_gas: Some(u128::from(base_fee) * 50),
        ..hasty()
    };
    let lane = Lane::with_journal(chain, signer, policy, Arc::new(Notebook::default()));
    let mut routine = lane
        .send(Call::transfer(somebody(), U256::from(1)))
        .await
        .unwrap();
    devnet.chain().set_base_fee(base_fee * 10);
    devnet.chain().mine();
    let early = tokio::time::timeout(Duration::from_secs(3), routine.landed()).await;
    assert!(early.is_err(), "{early:?}");
    assert_eq!(lane.status().replaced, 0);

    let urgent = Call::transfer(somebody(), U256::from(2)).urgent();
    let mut urgent = lane.send(urgent).await.unwrap();
    let mine = async {
        until("the routine one is replaced", async || {
            lane.status().replaced > 0
        })
        .await;
        devnet.chain().mine();
    };
    let (landed, ()) = tokio::join!(urgent.landed(), mine);
    landed.unwrap();
    routine.landed().await.unwrap();
    assert_eq!(devnet.chain().balance(somebody()), U256::from(3));
}
