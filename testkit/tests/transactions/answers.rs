//! Endpoints that lose answers, refuse, or limit.

use std::{sync::Arc, time::Instant};

use alloy_primitives::U256;
use arbius_sdk::chain::{Call, ChainError, Lane, Outcome};

use crate::world::{Endpoint, Fault, Notebook, devnet, hasty, somebody};

/// Sends through an endpoint that fails so, and returns how the transaction ended, what the
/// account's nonce is then, and how often something was broadcast.
async fn send_through(faults: Vec<Fault>) -> (Result<(), ChainError>, u64, usize) {
    let (devnet, _, signer) = devnet().await;
    let (endpoint, chain) = Endpoint::before(&devnet, faults).await;
    let journal = Arc::new(Notebook::default());
    let lane = Lane::with_journal(chain, signer.clone(), hasty(), journal.clone());
    let outcome = lane
        .execute(Call::transfer(somebody(), U256::from(1)))
        .await;
    assert!(journal.open().is_empty());
    assert_eq!(endpoint.faults_left(), 0);
    let included = journal.settled().contains(&Outcome::Included);
    assert_eq!(outcome.is_ok(), included);
    let paid = U256::from(u64::from(included));
    assert_eq!(
        devnet.chain().balance(somebody()),
        paid,
        "done once or not at all"
    );
    let nonce = devnet.chain().nonce(signer.address());
    let broadcasts = endpoint.count("eth_sendRawTransaction");
    (outcome.map(|_| ()), nonce, broadcasts)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_whose_answer_is_lost_is_not_done_twice() {
    let (outcome, nonce, _) = send_through(vec![Fault::LoseAnswer]).await;
    outcome.unwrap();
    assert_eq!(nonce, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_that_never_arrived_is_sent_again() {
    let faults = vec![Fault::LoseRequest, Fault::LoseRequest, Fault::LoseRequest];
    let (outcome, nonce, broadcasts) = send_through(faults).await;
    outcome.unwrap();
    assert_eq!((nonce, broadcasts), (1, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_and_a_full_pool_are_waited_for() {
    let faults = vec![
        Fault::Say(-32005, "daily request count exceeded"),
        Fault::Say(-32000, "txpool is full"),
    ];
    let (outcome, nonce, broadcasts) = send_through(faults).await;
    outcome.unwrap();
    assert_eq!((nonce, broadcasts), (1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_endpoint_has_already_counts_as_sent() {
    // It was passed on before, by another road.
    let faults = vec![Fault::LoseAnswer, Fault::Say(-32000, "already known")];
    let (devnet, _, signer) = devnet().await;
    devnet.chain().set_automine(false);
    let (endpoint, chain) = Endpoint::before(&devnet, faults).await;
    let lane = Lane::with_journal(chain, signer, hasty(), Arc::new(Notebook::default()));
    let sent = lane
        .send(Call::transfer(somebody(), U256::from(1)))
        .await
        .unwrap();
    let mine = async {
        crate::world::until("it was sent again", async || endpoint.faults_left() == 0).await;
        devnet.chain().mine();
    };
    let (landed, ()) = tokio::join!(sent.confirmed(), mine);
    landed.unwrap();
    assert_eq!(devnet.chain().balance(somebody()), U256::from(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_a_node_finds_too_low_is_raised() {
    let faults = vec![
        Fault::Say(-32000, "transaction underpriced"),
        Fault::Say(-32000, "max fee per gas less than block base fee"),
    ];
    let (outcome, nonce, broadcasts) = send_through(faults).await;
    outcome.unwrap();
    assert_eq!((nonce, broadcasts), (1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_refuses_for_good_frees_its_nonce() {
    let (outcome, nonce, _) =
        send_through(vec![Fault::Say(-32000, "exceeds block gas limit")]).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, ChainError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("block gas limit"), "{error}");
    assert_eq!(nonce, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_found_too_poor_late_is_told_what_it_needs() {
    let words = "insufficient funds for gas * price + value: balance 5, tx cost 9";
    let (outcome, nonce, _) = send_through(vec![Fault::Say(-32000, words)]).await;
    let error = outcome.unwrap_err();
    assert!(
        matches!(error, ChainError::InsufficientFunds { .. }),
        "{error}"
    );
    assert_eq!(nonce, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_costs_few_requests() {
    let (devnet, _, signer) = devnet().await;
    let (endpoint, chain) = Endpoint::before(&devnet, Vec::new()).await;
    let lane = Lane::new(chain, signer);
    let start = Instant::now();
    for _ in 0..5 {
        lane.execute(Call::transfer(somebody(), U256::from(1)))
            .await
            .unwrap();
    }
    let count = |method| endpoint.count(method);
    assert_eq!(count("eth_estimateGas"), 5);
    assert_eq!(count("eth_sendRawTransaction"), 5);
    assert_eq!(count("eth_getTransactionReceipt"), 5);
    assert_eq!(count("eth_getTransactionCount"), 1);
    // The base fee is kept for two seconds.
    let most = 2 + start.elapsed().as_secs() / 2;
    assert!(count("eth_getBlockByNumber") as u64 <= most);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_tells_an_old_nonce_is_not_taken_for_another_program() {
    let (devnet, _, signer) = devnet().await;
    let (endpoint, chain) = Endpoint::before(&devnet, Vec::new()).await;
    let lane = Lane::new(chain, signer);
    let one = || Call::transfer(somebody(), U256::from(1));
    lane.execute(one()).await.unwrap();
    // Where the lane stands is asked anew.
    lane.resync().await;
    endpoint.fall_behind(1);
    lane.execute(one()).await.unwrap();
    assert_eq!(lane.status().foreign, 0);
    assert_eq!(devnet.chain().balance(somebody()), U256::from(2));
}
