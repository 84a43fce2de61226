//! Order, nonces, funds, reverts.

use alloy_primitives::{Address, Bytes, U256};
use arbius_sdk::{
    chain::{Call, ChainError, Lane, Signer},
    contracts::{IArbWasm, IToken},
};

use crate::world::{devnet, somebody};

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
