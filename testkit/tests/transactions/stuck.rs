//! Transactions that are not included, are dropped, undone, or overtaken by others.

use std::{sync::Arc, time::Duration};

use alloy::{
    consensus::{Transaction as _, TxEnvelope},
    eips::Decodable2718,
};
use alloy_primitives::{Bytes, U256};
use alloy_sol_types::SolError;
use arbius_devnet::{
    Devnet,
    chain::{Mining, Transaction},
};
use arbius_sdk::{
    chain::{Call, ChainError, FeePolicy, Lane, Outcome},
    contracts::IEngine,
};

use crate::world::{Notebook, by_hand, devnet, hasty, lane_on, somebody, until};

fn transfer(wei: u64) -> Call {
    Call::transfer(somebody(), U256::from(wei))
}

/// Whether transactions that do nothing have taken the place of all that waited.
fn is_called_off(devnet: &Devnet) -> bool {
    let pool = devnet.chain().pool();
    let is_empty = |waits: &Arc<Transaction>| waits.envelope().value().is_zero();
    !pool.is_empty() && pool.iter().all(is_empty)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_transaction_is_replaced_by_one_that_offers_more() {
    let (devnet, lane, journal) = by_hand(hasty()).await;
    let mut sent = lane.send(transfer(3)).await.unwrap();
    let first = sent.hash();
    let mine = async {
        until("it is replaced twice", async || lane.status().replaced >= 2).await;
        let open = journal.open();
        assert_eq!((open.len(), open[0].hash), (1, first));
        let versions: Vec<_> = std::iter::once(&open[0].raw)
            .chain(open[0].replacements.iter().map(|version| &version.raw))
            .map(|raw| TxEnvelope::decode_2718(&mut raw.as_ref()).unwrap())
            .collect();
        for pair in versions.windows(2) {
            assert_eq!(pair[0].nonce(), pair[1].nonce());
            assert_eq!(pair[0].input(), pair[1].input());
            assert!(pair[1].max_fee_per_gas() * 10 >= pair[0].max_fee_per_gas() * 11);
            assert!(pair[1].max_priority_fee_per_gas() > pair[0].max_priority_fee_per_gas());
        }
        devnet.chain().mine();
    };
    let (receipt, ()) = tokio::join!(sent.landed(), mine);
    assert_ne!(receipt.unwrap().hash, first);
    assert_eq!(journal.settled(), [Outcome::Included]);
    assert_eq!(devnet.chain().balance(somebody()), U256::from(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stuck_for_another_reason_than_its_price_is_not_made_ever_dearer() {
    let policy = FeePolicy {
        replace_after: Duration::from_millis(10),
        ..hasty()
    };
    let (devnet, lane, _) = by_hand(policy).await;
    let mut sent = lane.send(transfer(3)).await.unwrap();
    let early = tokio::time::timeout(Duration::from_secs(4), sent.landed()).await;
    assert!(early.is_err(), "{early:?}");
    let pool = devnet.chain().pool();
    let offered = pool[0].envelope().max_fee_per_gas();
    let base_fee = u128::from(devnet.chain().base_fee());
    assert!(
        offered <= base_fee * 5,
        "{offered} for a base fee of {base_fee}"
    );
    devnet.chain().mine();
    sent.landed().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_version_is_included_counts() {
    let (devnet, lane, journal) = by_hand(hasty()).await;
    devnet.chain().mine();
    let mut sent = lane.send(transfer(3)).await.unwrap();
    let hash = sent.hash();
    let mine = async {
        until("it is replaced", async || lane.status().replaced > 0).await;
        let original = Transaction::decode(&journal.open()[0].raw).unwrap();
        // A node that never saw the replacement makes the block. It takes the place of the empty
        // one: the pool, which the lane sends to meanwhile, is not asked.
        let block = [(0, vec![original])].into();
        devnet.chain().reorganise(1, block).unwrap();
        assert!(devnet.chain().mined(hash).is_some());
    };
    let (receipt, ()) = tokio::join!(sent.landed(), mine);
    assert_eq!(receipt.unwrap().hash, hash);
    assert_eq!(journal.settled(), [Outcome::Included]);
    assert!(journal.open().is_empty());
    assert_eq!(devnet.chain().balance(somebody()), U256::from(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_pool_has_dropped_is_sent_again() {
    let (devnet, lane, _) = by_hand(hasty()).await;
    let mut sent = Vec::new();
    for wei in 1..=4 {
        sent.push(lane.send(transfer(wei)).await.unwrap());
    }
    assert_eq!(devnet.chain().drop_all_transactions(), 4);
    let waiting = tokio::spawn(async move {
        for mut sent in sent {
            sent.landed().await.unwrap();
        }
    });
    until("all wait again", async || devnet.chain().pool().len() == 4).await;
    devnet.chain().mine();
    waiting.await.unwrap();
    assert_eq!(devnet.chain().balance(somebody()), U256::from(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_off_does_nothing_and_frees_the_lane() {
    let (devnet, lane, journal) = by_hand(hasty()).await;
    let sent = lane.send(transfer(3)).await.unwrap();
    let mine = async {
        let replaced = async || is_called_off(&devnet);
        until("an empty one takes its place", replaced).await;
        devnet.chain().mine();
    };
    let (outcome, ()) = tokio::join!(sent.cancel(), mine);
    assert!(outcome.unwrap().is_none());
    assert_eq!(journal.settled(), [Outcome::Dropped]);
    devnet.chain().set_mining(Mining::Automatic);
    lane.execute(transfer(4)).await.unwrap();
    assert_eq!(devnet.chain().balance(somebody()), U256::from(4));
    assert_eq!(devnet.chain().nonce(lane.address()), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_waiting_for_is_called_off_before_the_next() {
    let policy = FeePolicy {
        receipt_timeout: Duration::from_millis(500),
        ..hasty()
    };
    let (devnet, lane, _) = by_hand(policy).await;
    let error = lane.execute(transfer(3)).await.unwrap_err();
    assert!(matches!(error, ChainError::NoReceipt { .. }), "{error}");
    let next = async {
        let mut sent = None;
        // Each time, it waits for the first no longer than the policy says. What is sent in the
        // end is waited for without that limit: given up, it would be sent once more.
        until("the next is sent", async || {
            sent = lane.send(transfer(3)).await.ok();
            sent.is_some()
        })
        .await;
        sent.unwrap().landed().await.unwrap();
    };
    let mine = async {
        // It is called off by whoever sends next; until then, it could be included.
        let replaced = async || is_called_off(&devnet);
        until("an empty one takes its place", replaced).await;
        devnet
            .chain()
            .set_mining(Mining::Interval(Duration::from_millis(100)));
    };
    tokio::join!(next, mine);
    assert_eq!(lane.status().underway, 0);
    let paid = devnet.chain().balance(somebody());
    assert_eq!(paid, U256::from(3), "it was called off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_that_another_program_takes_while_waiting_is_noticed_and_said() {
    let (devnet, chain, signer) = devnet().await;
    devnet.chain().set_mining(Mining::Manual);
    let journal = Arc::new(Notebook::default());
    let slow = FeePolicy {
        replace_after: Duration::from_secs(2),
        ..hasty()
    };
    let lane = Lane::with_journal(chain.clone(), signer.clone(), slow, journal.clone());
    let mut sent = lane.send(transfer(3)).await.unwrap();
    devnet.chain().drop_all_transactions();
    let rival = Lane::new(chain, signer);
    let other = rival.send(transfer(100)).await.unwrap();
    devnet.chain().mine();
    other.confirmed().await.unwrap();
    let error = sent.landed().await.unwrap_err();
    assert!(
        matches!(error, ChainError::Superseded { nonce: 0, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("one program only"), "{error}");
    assert_eq!(lane.status().foreign, 1);
    assert_eq!(journal.settled(), [Outcome::Dropped]);
    assert_eq!(devnet.chain().balance(somebody()), U256::from(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reorganisation_undoes_is_sent_again_as_it_was() {
    let (devnet, lane, _) = lane_on(hasty()).await;
    let mut hashes = Vec::new();
    for wei in 1..=3 {
        hashes.push(lane.execute(transfer(wei)).await.unwrap().hash);
    }
    devnet.chain().rollback(3).unwrap();
    assert_eq!(devnet.chain().balance(somebody()), U256::ZERO);
    lane.resync().await;
    assert_eq!(devnet.chain().balance(somebody()), U256::from(6));
    for hash in hashes {
        assert!(devnet.chain().mined(hash).is_some());
    }
    lane.execute(transfer(10)).await.unwrap();
    assert_eq!(devnet.chain().nonce(lane.address()), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_that_a_reorganisation_leaves_is_filled_without_being_told() {
    let (devnet, lane, _) = lane_on(hasty()).await;
    for wei in 1..=3 {
        lane.execute(transfer(wei)).await.unwrap();
    }
    devnet.chain().rollback(2).unwrap();
    lane.execute(transfer(10)).await.unwrap();
    assert_eq!(devnet.chain().balance(somebody()), U256::from(16));
    assert_eq!(devnet.chain().nonce(lane.address()), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_of_which_nothing_is_known_is_filled_with_nothing() {
    let (devnet, chain, signer) = devnet().await;
    let before = Lane::new(chain.clone(), signer.clone());
    for _ in 0..2 {
        before.execute(transfer(1)).await.unwrap();
    }
    let lane = Lane::with_journal(
        chain,
        signer.clone(),
        hasty(),
        Arc::new(Notebook::default()),
    );
    devnet.chain().set_mining(Mining::Manual);
    let mut sent = lane.send(transfer(10)).await.unwrap();
    devnet.chain().rollback(2).unwrap();
    devnet.chain().set_mining(Mining::Automatic);
    sent.landed().await.unwrap();
    assert_eq!(devnet.chain().nonce(signer.address()), 3);
    assert_eq!(devnet.chain().balance(somebody()), U256::from(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_at_an_interval_take_everything_once() {
    let (devnet, lane, journal) = lane_on(hasty()).await;
    devnet
        .chain()
        .set_mining(Mining::Interval(Duration::from_millis(400)));
    let sends = (0..12).map(|_| {
        let lane = lane.clone();
        tokio::spawn(async move { lane.execute(transfer(1)).await })
    });
    for send in sends.collect::<Vec<_>>() {
        send.await.unwrap().unwrap();
    }
    assert_eq!(devnet.chain().balance(somebody()), U256::from(12));
    assert!(journal.open().is_empty());
}

/// Reverts with an error of the engine, except for the first time.
fn once() -> Bytes {
    // if sload(0) { mstore(0, selector << 224) revert(0, 4) } else { sstore(0, 1) }
    let mut code = vec![0x60, 0, 0x54, 0x60, 12, 0x57, 0x60, 1, 0x60, 0, 0x55, 0x00];
    code.extend([0x5b, 0x63]);
    code.extend(IEngine::AlreadyClaimed::SELECTOR);
    code.extend([0x60, 0xe0, 0x1b, 0x60, 0, 0x52, 0x60, 4, 0x60, 0, 0xfd]);
    code.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reverts_when_it_is_included_is_told_by_the_engines_name() {
    let (devnet, lane, journal) = by_hand(hasty()).await;
    devnet.chain().set_code(somebody(), once());
    let call = || Call::transfer(somebody(), U256::ZERO).for_purpose("claiming once");
    let mut first = lane.send(call()).await.unwrap();
    // The second is simulated where nothing is known of the first.
    devnet.chain().drop_all_transactions();
    let mut second = lane.send(call()).await.unwrap();
    let mine = async {
        until("both wait", async || devnet.chain().pool().len() == 2).await;
        devnet.chain().mine();
    };
    let (landed, reverted, ()) = tokio::join!(first.landed(), second.landed(), mine);
    landed.unwrap();
    let error = reverted.unwrap_err();
    assert!(matches!(error, ChainError::Reverted { .. }), "{error}");
    assert!(error.is_revert("AlreadyClaimed"), "{error}");
    assert!(error.to_string().contains("claiming once"), "{error}");
    assert_eq!(journal.settled(), [Outcome::Included, Outcome::Reverted]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_that_was_undone_and_offers_too_little_now_is_used_up_all_the_same() {
    let (devnet, lane, _) = by_hand(hasty()).await;
    let first = lane.send(transfer(1)).await.unwrap();
    devnet.chain().mine();
    first.confirmed().await.unwrap();
    let second = lane.send(transfer(2)).await.unwrap();
    devnet.chain().rollback(1).unwrap();
    devnet.chain().set_base_fee(devnet.chain().base_fee() * 20);
    devnet.chain().set_mining(Mining::Automatic);
    devnet.chain().mine();
    // What was included first cannot be again, and the second cannot be without it.
    second.confirmed().await.unwrap();
    assert_eq!(devnet.chain().nonce(lane.address()), 2);
    assert_eq!(devnet.chain().balance(somebody()), U256::from(2));
}
