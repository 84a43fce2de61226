//! What a crash leaves, and what a restart makes of it.

use std::sync::Arc;

use alloy_primitives::{B256, Bytes, U256};
use arbius_devnet::{Devnet, chain::Mining};
use arbius_sdk::chain::{Call, ChainError, FeePolicy, Intent, Lane, Outcome, Urgency};

use crate::world::{Endpoint, Notebook, devnet, hasty, somebody, until};

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_that_was_never_sent_is_sent_after_the_restart_and_only_once() {
    let (_devnet, chain, signer) = devnet().await;
    let dying = Arc::new(Notebook::dying());
    let policy = FeePolicy::default();
    let lane = Lane::with_journal(chain.clone(), signer.clone(), policy, dying.clone());
    let error = lane
        .execute(Call::transfer(somebody(), U256::from(3)))
        .await
        .unwrap_err();
    assert!(matches!(error, ChainError::Journal(_)), "{error}");
    assert_eq!(chain.balance(somebody()).await.unwrap(), U256::ZERO);

    let open = dying.open();
    assert_eq!(open.len(), 1);
    for _ in 0..2 {
        let journal = Arc::new(Notebook::default());
        let lane = Lane::with_journal(chain.clone(), signer.clone(), policy, journal.clone());
        lane.reconcile(open.clone()).await.unwrap();
        assert_eq!(journal.settled(), [Outcome::Included]);
        assert_eq!(chain.balance(somebody()).await.unwrap(), U256::from(3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_whose_nonce_went_elsewhere_is_dropped_after_the_restart() {
    let (_devnet, chain, signer) = devnet().await;
    let dying = Arc::new(Notebook::dying());
    let policy = FeePolicy::default();
    let lane = Lane::with_journal(chain.clone(), signer.clone(), policy, dying.clone());
    lane.execute(Call::transfer(somebody(), U256::from(3)))
        .await
        .unwrap_err();
    let rival = Lane::new(chain.clone(), signer.clone());
    rival
        .execute(Call::transfer(somebody(), U256::from(100)))
        .await
        .unwrap();

    let journal = Arc::new(Notebook::default());
    let lane = Lane::with_journal(chain.clone(), signer, policy, journal.clone());
    let open = dying.open();
    lane.reconcile(open).await.unwrap();
    assert_eq!(journal.settled(), [Outcome::Dropped]);
    assert_eq!(chain.balance(somebody()).await.unwrap(), U256::from(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_is_known_after_a_restart_and_nothing_new_is_sent_before_it_has_landed() {
    let (devnet, chain, signer) = devnet().await;
    devnet.chain().set_mining(Mining::Manual);
    let journal = Arc::new(Notebook::default());
    let lane = Lane::with_journal(chain.clone(), signer.clone(), hasty(), journal.clone());
    let first = lane
        .send(Call::transfer(somebody(), U256::from(5)))
        .await
        .unwrap();
    let hash = first.hash();
    let waiting = tokio::spawn(first.confirmed());
    until("it is replaced", async || lane.status().replaced > 0).await;
    waiting.abort();
    drop(lane);

    let open = journal.open();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].hash, hash);
    assert!(!open[0].replacements.is_empty());
    let journal = Arc::new(Notebook::with(open.clone()));
    let lane = Lane::with_journal(chain, signer, hasty(), journal.clone());
    lane.adopt(open);
    let next = tokio::spawn({
        let lane = lane.clone();
        async move {
            lane.execute(Call::transfer(somebody(), U256::from(7)))
                .await
        }
    });
    until("the old one is replaced once more", async || {
        lane.status().replaced > 0
    })
    .await;
    assert_eq!(
        devnet.chain().pool().len(),
        1,
        "the new one waits for the old one"
    );
    devnet.chain().set_mining(Mining::Automatic);
    next.await.unwrap().unwrap();
    assert_eq!(devnet.chain().balance(somebody()), U256::from(12));
    assert!(journal.open().is_empty());
    assert_eq!(journal.settled(), [Outcome::Included, Outcome::Included]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_comes_back_without_its_pool_is_sent_everything_again() {
    let (devnet, _, signer) = devnet().await;
    // Its own port could be another's by the time that it comes back.
    let (endpoint, chain) = Endpoint::before(&devnet, Vec::new()).await;
    devnet.chain().set_mining(Mining::Manual);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("chain.state");
    devnet.chain().save_state(&state).unwrap();
    let lane = Lane::with_journal(chain, signer, hasty(), Arc::new(Notebook::default()));
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(
            lane.send(Call::transfer(somebody(), U256::from(1)))
                .await
                .unwrap(),
        );
    }
    drop(devnet);
    let waiting = tokio::spawn(async move {
        for mut sent in sent {
            sent.landed().await.unwrap();
        }
    });
    let again = Devnet::builder().load_state(&state);
    let devnet = again.mining(Mining::Manual).spawn().await.unwrap();
    endpoint.lead_to(&devnet);
    until("all are there again", async || {
        devnet.chain().pool().len() == 3
    })
    .await;
    devnet.chain().mine();
    waiting.await.unwrap();
    assert_eq!(devnet.chain().balance(somebody()), U256::from(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_that_is_no_transaction_is_put_aside() {
    let (devnet, chain, signer) = devnet().await;
    let damaged = Intent {
        hash: B256::repeat_byte(1),
        sender: signer.address(),
        nonce: 0,
        raw: Bytes::from_static(b"no transaction"),
        purpose: "committing".to_owned(),
        urgency: Urgency::Routine,
        replacements: Vec::new(),
    };
    let journal = Arc::new(Notebook::with(vec![damaged.clone()]));
    let lane = Lane::with_journal(chain, signer, hasty(), journal.clone());
    lane.adopt(vec![damaged]);
    lane.execute(Call::transfer(somebody(), U256::from(1)))
        .await
        .unwrap();
    assert!(journal.open().is_empty());
    assert_eq!(journal.settled(), [Outcome::Dropped, Outcome::Included]);
    assert_eq!(devnet.chain().balance(somebody()), U256::from(1));
}
