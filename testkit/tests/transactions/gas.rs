//! Gas limits of those who send through alloy.

use std::time::Duration;

use alloy::{consensus::Transaction as _, providers::Provider as _};
use alloy_primitives::U256;
use arbius_sdk::{
    chain::FeePolicy,
    contracts::{IToken, IVotes},
};
use arbius_testkit::{Actor, TestChain, send, view};

/// A transfer of votes that was estimated in the second of the newest checkpoint, and is included
/// in the next, writes a checkpoint more.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_that_passes_after_the_estimate_is_allowed_for() {
    let network = TestChain::start().await.unwrap();
    network.stop_clock();
    let provider = network.provider(Actor::Requester).unwrap();
    let holder = network.lane(Actor::Requester).unwrap().address();
    let other = network.lane(Actor::Owner).unwrap().address();
    let token = IToken::new(network.token(), &provider);
    send!(IVotes::new(network.token(), &provider).delegate(holder));
    network.pass_exactly(Duration::from_secs(1)).unwrap();
    send!(token.transfer(other, U256::ONE));

    let transfer = token.transfer(other, U256::ONE).from(holder);
    let estimate = transfer.estimate_gas().await.unwrap();
    let sent = send!(token.transfer(other, U256::ONE));
    let limit = provider
        .get_transaction_by_hash(sent.transaction_hash)
        .await
        .unwrap()
        .unwrap()
        .gas_limit();
    assert_eq!(limit, FeePolicy::default().gas_limit(estimate));

    network.pass_exactly(Duration::from_secs(1)).unwrap();
    let bare = transfer.gas(estimate).send().await.unwrap();
    assert!(
        !bare.get_receipt().await.unwrap().status(),
        "the bare estimate does not suffice a second later"
    );
    let before = view!(token.balanceOf(other));
    send!(token.transfer(other, U256::ONE).gas(limit));
    assert_eq!(view!(token.balanceOf(other)), before + U256::ONE);
}
