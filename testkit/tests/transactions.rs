//! The transactions of a key: order, nonces, funds, reverts, and what a crash leaves.

use std::sync::{Arc, Mutex};

use alloy_primitives::{Address, Bytes, U256};
use arbius_devnet::Devnet;
use arbius_sdk::{
    chain::{
        Call, Chain, ChainError, FeePolicy, Intent, Journal, JournalError, Lane, Outcome, Signer,
    },
    contracts::{IArbWasm, IToken},
};

async fn devnet() -> (Devnet, Chain, Signer) {
    let devnet = Devnet::builder().spawn().await.unwrap();
    let chain = Chain::connect(&devnet.url()).await.unwrap();
    let signer = Signer::from_key(&devnet.accounts()[0].key).unwrap();
    (devnet, chain, signer)
}

fn somebody() -> Address {
    Address::repeat_byte(0x51)
}

/// Remembers what it is told; can die between writing an intent down and sending it.
#[derive(Default)]
struct Notebook {
    open: Mutex<Vec<Intent>>,
    settled: Mutex<Vec<Outcome>>,
    dies: bool,
}

impl Journal for Notebook {
    fn intend(&self, intent: &Intent) -> Result<(), JournalError> {
        self.open.lock().unwrap().push(intent.clone());
        if self.dies {
            Err(JournalError("power cut".into()))
        } else {
            Ok(())
        }
    }

    fn settle(&self, intent: &Intent, outcome: Outcome) -> Result<(), JournalError> {
        self.open
            .lock()
            .unwrap()
            .retain(|open| open.hash != intent.hash);
        self.settled.lock().unwrap().push(outcome);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_of_one_key_sent_at_once_all_land() {
    let (_devnet, chain, signer) = devnet().await;
    let lane = Lane::new(chain.clone(), signer.clone());
    let sends = (0..20).map(|_| {
        let lane = lane.clone();
        tokio::spawn(async move {
            lane.execute(Call::transfer(somebody(), U256::from(1)))
                .await
        })
    });
    for send in sends.collect::<Vec<_>>() {
        send.await.unwrap().unwrap();
    }
    assert_eq!(chain.balance(somebody()).await.unwrap(), U256::from(20));
    assert_eq!(chain.nonce(signer.address(), true).await.unwrap(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_that_another_program_took_is_replaced() {
    let (_devnet, chain, signer) = devnet().await;
    let lane = Lane::new(chain.clone(), signer.clone());
    let rival = Lane::new(chain.clone(), signer);
    lane.execute(Call::transfer(somebody(), U256::from(1)))
        .await
        .unwrap();
    rival
        .execute(Call::transfer(somebody(), U256::from(10)))
        .await
        .unwrap();
    rival
        .execute(Call::transfer(somebody(), U256::from(10)))
        .await
        .unwrap();
    lane.execute(Call::transfer(somebody(), U256::from(1)))
        .await
        .unwrap();
    assert_eq!(chain.balance(somebody()).await.unwrap(), U256::from(22));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_revert_is_named_and_not_sent() {
    let (_devnet, chain, signer) = devnet().await;
    let lane = Lane::new(chain.clone(), signer.clone());
    // A plain account is no program.
    let arb_wasm = Address::with_last_byte(0x71);
    let call = Call::new(
        arb_wasm,
        &IArbWasm::activateProgramCall {
            program: somebody(),
        },
    );
    let error = lane
        .execute(call.for_purpose("activating nothing"))
        .await
        .unwrap_err();
    assert!(matches!(error, ChainError::WouldRevert { .. }), "{error}");
    assert!(error.to_string().contains("activating nothing"), "{error}");
    assert_eq!(chain.nonce(signer.address(), true).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_pay_is_told_what_it_holds_and_needs() {
    let (devnet, chain, _) = devnet().await;
    let poor = Signer::from_hex(&"11".repeat(32)).unwrap();
    devnet.chain().set_balance(poor.address(), U256::from(5));
    let lane = Lane::new(chain, poor);
    let error = lane
        .execute(Call::transfer(somebody(), U256::from(7)))
        .await
        .unwrap_err();
    match error {
        ChainError::InsufficientFunds {
            balance, needed, ..
        } => {
            assert_eq!(balance, U256::from(5));
            assert!(needed >= U256::from(7));
        }
        other => panic!("{other}"),
    }
}

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
    assert!(journal.open.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_that_was_never_sent_is_sent_after_the_restart_and_only_once() {
    let (_devnet, chain, signer) = devnet().await;
    let dying = Arc::new(Notebook {
        dies: true,
        ..Notebook::default()
    });
    let policy = FeePolicy::default();
    let lane = Lane::with_journal(chain.clone(), signer.clone(), policy, dying.clone());
    let error = lane
        .execute(Call::transfer(somebody(), U256::from(3)))
        .await
        .unwrap_err();
    assert!(matches!(error, ChainError::Journal(_)), "{error}");
    assert_eq!(chain.balance(somebody()).await.unwrap(), U256::ZERO);

    let open = dying.open.lock().unwrap().clone();
    assert_eq!(open.len(), 1);
    for _ in 0..2 {
        let journal = Arc::new(Notebook::default());
        let lane = Lane::with_journal(chain.clone(), signer.clone(), policy, journal.clone());
        lane.reconcile(open.clone()).await.unwrap();
        assert_eq!(*journal.settled.lock().unwrap(), [Outcome::Included]);
        assert_eq!(chain.balance(somebody()).await.unwrap(), U256::from(3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_whose_nonce_went_elsewhere_is_dropped_after_the_restart() {
    let (_devnet, chain, signer) = devnet().await;
    let dying = Arc::new(Notebook {
        dies: true,
        ..Notebook::default()
    });
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
    let open = dying.open.lock().unwrap().clone();
    lane.reconcile(open).await.unwrap();
    assert_eq!(*journal.settled.lock().unwrap(), [Outcome::Dropped]);
    assert_eq!(chain.balance(somebody()).await.unwrap(), U256::from(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_where_nothing_is_deployed_says_so() {
    let (devnet, chain, _) = devnet().await;
    let error = chain
        .read(somebody(), &IToken::totalSupplyCall {})
        .await
        .unwrap_err();
    assert!(matches!(error, ChainError::NoCode { .. }), "{error}");
    // A contract that returns one byte: PUSH1 1, PUSH1 0, RETURN.
    devnet
        .chain()
        .set_code(somebody(), Bytes::from_static(&[0x60, 1, 0x60, 0, 0xf3]));
    let error = chain
        .read(somebody(), &IToken::totalSupplyCall {})
        .await
        .unwrap_err();
    assert!(matches!(error, ChainError::Undecodable { .. }), "{error}");
}
