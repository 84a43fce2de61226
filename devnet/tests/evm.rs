//! The chain with EVM contracts alone.

mod common;

use alloy_eips::{
    BlockId, Typed2718,
    eip2930::AccessListItem,
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex};
use alloy_rpc_types_eth::TransactionRequest;
use arbius_devnet::{
    DevAccount,
    chain::{CallError, TransactionError, l1_block_number},
    evm::params,
};
use common::*;
use k256::ecdsa::SigningKey;

/// Reverts with the first word of its input.
const REVERTER: [u8; 8] = hex!("5f355f5260205ffd");

#[test]
fn moves_ether_and_charges_the_base_fee_alone() {
    let chain = chain();
    let (alice, bob) = (alice(&chain), bob(&chain));
    let before = chain.balance(alice);
    let mined = send(
        &chain,
        TransactionRequest {
            value: Some(U256::from(1_000)),
            // The tip that is offered is not taken.
            max_fee_per_gas: Some(50 * u128::from(params::BASE_FEE)),
            max_priority_fee_per_gas: Some(u128::from(params::BASE_FEE)),
            ..request(alice, bob, Bytes::new())
        },
    );
    assert_eq!(mined.receipt().gas_used, 21_000);
    assert_eq!(
        mined.receipt().effective_gas_price,
        u128::from(params::BASE_FEE)
    );
    let fee = U256::from(21_000 * params::BASE_FEE);
    assert_eq!(chain.balance(alice), before - U256::from(1_000) - fee);
    assert_eq!(chain.balance(params::NETWORK_FEE_ACCOUNT), fee);
    assert_eq!(chain.nonce(alice), 1);
}

#[test]
fn calldata_has_no_floor_price() {
    let chain = chain();
    // EIP-7623 would ask for 21,000 + 40 a byte; Arbitrum charges 16.
    let mined = send(&chain, request(alice(&chain), bob(&chain), vec![1; 1_000]));
    assert_eq!(mined.receipt().gas_used, 21_000 + 16 * 1_000);
}

#[test]
fn typed_transactions_cost_what_their_lists_add() {
    let chain = chain();
    let (alice, bob) = (alice(&chain), bob(&chain));
    let plain = request(alice, bob, Bytes::new());
    // EIP-2930: 2,400 for an address, 1,900 for each slot.
    let listed = TransactionRequest {
        access_list: Some(
            vec![AccessListItem {
                address: bob,
                storage_keys: vec![B256::ZERO, NOTHING],
            }]
            .into(),
        ),
        ..plain.clone()
    };
    // EIP-7702: 25,000 for an authorization.
    let fresh = B256::repeat_byte(7);
    let delegated = TransactionRequest {
        authorization_list: Some(vec![authorization(fresh, alice)]),
        ..plain.clone()
    };
    let creation = TransactionRequest {
        to: Some(TxKind::Create),
        ..plain.clone()
    };
    let price = u128::from(params::BASE_FEE);
    let priced = |request: &TransactionRequest| TransactionRequest {
        gas_price: Some(price),
        ..request.clone()
    };
    for (asked, tx_type, cost) in [
        (priced(&plain), 0, 21_000),
        (priced(&listed), 1, 21_000 + 2_400 + 2 * 1_900),
        (plain, 2, 21_000),
        (listed, 2, 21_000 + 2_400 + 2 * 1_900),
        (creation, 2, 53_000),
        (delegated, 4, 21_000 + 25_000),
    ] {
        let short = TransactionRequest {
            gas: Some(cost - 1),
            ..asked.clone()
        };
        assert_eq!(
            chain.send(short),
            Err(CallError::Transaction(TransactionError::IntrinsicGas {
                have: cost - 1,
                needed: cost
            }))
        );
        // Nothing runs, so that this suffices, and is what an estimate says.
        let estimate = chain.estimate_gas(BlockId::pending(), &asked, None);
        assert_eq!(estimate, Ok(cost), "type {tx_type}");
        let mined = send_with_gas(&chain, asked, cost);
        assert!(mined.receipt().success);
        assert_eq!(mined.receipt().gas_used, cost);
        assert_eq!(mined.transaction().envelope().ty(), tx_type);
    }
    let authority = DevAccount::from_key(fresh).unwrap().address;
    let designator = [&hex!("ef0100")[..], alice.as_slice()].concat();
    assert_eq!(chain.code(authority), Bytes::from(designator));
}

/// Has the account of `key` delegate to `to`, with its first transaction.
fn authorization(key: B256, to: Address) -> SignedAuthorization {
    let authorization = Authorization {
        chain_id: U256::from(412_346),
        address: to,
        nonce: 0,
    };
    let signature = SigningKey::from_slice(key.as_slice())
        .unwrap()
        .sign_prehash_recoverable(authorization.signature_hash().as_slice())
        .unwrap();
    authorization.into_signed(signature.into())
}

#[test]
fn deploys_and_runs_contracts() {
    let chain = chain();
    let contract = deploy(&chain, &writer());
    assert_eq!(chain.code(contract), Bytes::from(writer()));
    assert_eq!(contract, alice(&chain).create(0));
    let mined = send(
        &chain,
        request(alice(&chain), contract, U256::from(42).to_be_bytes_vec()),
    );
    assert!(mined.receipt().success);
    assert_eq!(slot0(&chain, contract), U256::from(42));
    assert_eq!(mined.receipt().logs.len(), 1);
    assert_eq!(word(&mined.receipt().logs[0].data.data), U256::from(42));
}

#[test]
fn clearing_storage_is_refunded() {
    let chain = chain();
    let contract = deploy(&chain, &writer());
    let set = send(
        &chain,
        request(alice(&chain), contract, U256::from(1).to_be_bytes_vec()),
    );
    let clear = send(
        &chain,
        request(alice(&chain), contract, U256::ZERO.to_be_bytes_vec()),
    );
    // 22,100 to set; 5,000 to clear, of which 4,800 (at most a fifth of all) come back.
    let difference = set.receipt().gas_used - clear.receipt().gas_used;
    assert_eq!(difference, 22_100 - 5_000 + 4_800 + 12);
}

#[test]
fn number_is_l1s_and_arbsys_tells_l2s() {
    let chain = chain();
    // number() and arbBlockNumber() of ArbSys
    let contract = deploy(&chain, &hex!("435f5260205ff3"));
    let number = word(&call(&chain, contract, Bytes::new()).unwrap());
    assert_eq!(number, U256::from(l1_block_number(chain.next_timestamp())));
    let l2 = call(&chain, params::ARB_SYS, hex!("a3b1b31d").to_vec()).unwrap();
    assert_eq!(word(&l2), U256::from(chain.block_number() + 1));
    let latest = request(alice(&chain), params::ARB_SYS, hex!("a3b1b31d").to_vec());
    let l2 = chain.call(BlockId::latest(), &latest, None).unwrap();
    assert_eq!(word(&l2), U256::from(chain.block_number()));
}

#[test]
fn a_reverted_transaction_is_mined_and_undone() {
    let chain = chain();
    // sstore(0, 1) revert(0, 0)
    let contract = deploy(&chain, &hex!("60015f555f5ffd"));
    let mined = send_with_gas(
        &chain,
        request(alice(&chain), contract, Bytes::new()),
        100_000,
    );
    assert!(!mined.receipt().success);
    assert!(mined.receipt().gas_used < 50_000);
    assert_eq!(slot0(&chain, contract), U256::ZERO);
    assert_eq!(chain.nonce(alice(&chain)), 2);
}

#[test]
fn an_inner_revert_undoes_the_inner_frame_alone() {
    let chain = chain();
    let inner = deploy(&chain, &hex!("60015f555f5ffd"));
    // sstore(0, 5), call(inner), stop
    let mut code = hex!("60055f555f5f5f5f5f73").to_vec();
    code.extend_from_slice(inner.as_slice());
    code.extend_from_slice(&hex!("5af15000"));
    let outer = deploy(&chain, &code);
    assert!(
        send(&chain, request(alice(&chain), outer, Bytes::new()))
            .receipt()
            .success
    );
    assert_eq!(slot0(&chain, outer), U256::from(5));
    assert_eq!(slot0(&chain, inner), U256::ZERO);
}

#[test]
fn calls_report_revert_data() {
    let chain = chain();
    let contract = deploy(&chain, &REVERTER);
    let data = U256::from(0xdead).to_be_bytes_vec();
    assert_eq!(
        call(&chain, contract, data.clone()),
        Err(CallError::Reverted {
            data: data.into(),
            reason: None
        })
    );
}

#[test]
fn only_stylus_code_may_begin_with_ef() {
    let chain = chain();
    for prefix in [hex!("eff00000"), hex!("eff00100"), hex!("eff00200")] {
        assert!(deploy_transaction(&chain, &prefix).receipt().success);
    }
    for prefix in [hex!("ef000000"), hex!("eff00300"), hex!("ef010000")] {
        let mined = deploy_transaction(&chain, &prefix);
        assert!(!mined.receipt().success);
        assert_eq!(mined.receipt().gas_used, 20_000_000);
        assert!(mined.receipt().failure.as_ref().unwrap().contains("0xef"));
    }
}

#[test]
fn contracts_have_at_most_24576_bytes() {
    let chain = chain();
    let mut code = vec![0; params::MAX_CODE_SIZE];
    assert!(deploy_transaction(&chain, &code).receipt().success);
    code.push(0);
    assert!(!deploy_transaction(&chain, &code).receipt().success);
}

#[test]
fn estimates_allow_for_what_calls_hold_back() {
    let chain = chain();
    // Burns gas in a loop of 20,000 rounds, then returns.
    let burner = deploy(&chain, &hex!("614e205b600190038060035700"));
    // Passes 63/64 on at each of three levels, and reverts when the call fails.
    let mut target = burner;
    for _ in 0..3 {
        target = deploy(&chain, &forwarder(0xf1, target));
    }
    let asked = request(alice(&chain), target, Bytes::new());
    let estimate = chain
        .estimate_gas(BlockId::pending(), &asked, None)
        .unwrap();
    let mined = send_with_gas(&chain, asked.clone(), estimate);
    assert!(mined.receipt().success, "{:?}", mined.receipt());
    assert!(
        estimate > mined.receipt().gas_used,
        "the rest is held back, not used"
    );
    assert!(
        !send_with_gas(&chain, asked, estimate * 97 / 100)
            .receipt()
            .success
    );
}

#[test]
fn estimates_say_why_there_is_none() {
    let chain = chain();
    let reverter = deploy(&chain, &REVERTER);
    let asked = request(alice(&chain), reverter, Bytes::new());
    assert!(matches!(
        chain.estimate_gas(BlockId::pending(), &asked, None),
        Err(CallError::Reverted { .. })
    ));
    // An endless loop.
    let endless = deploy(&chain, &hex!("5b5f56"));
    let asked = request(alice(&chain), endless, Bytes::new());
    assert_eq!(
        chain.estimate_gas(BlockId::pending(), &asked, None),
        Err(CallError::GasRequired(params::MAX_TX_GAS))
    );
    let rich = TransactionRequest {
        value: Some(U256::MAX),
        ..request(alice(&chain), bob(&chain), Bytes::new())
    };
    assert!(matches!(
        chain.estimate_gas(BlockId::pending(), &rich, None),
        Err(CallError::Transaction(
            TransactionError::InsufficientFunds { .. }
        ))
    ));
}

#[test]
fn the_create2_factory_works() {
    let chain = chain();
    let code = init_code(&READER);
    let salt = U256::from(5).to_be_bytes::<32>();
    let mut input = salt.to_vec();
    input.extend_from_slice(&code);
    let mined = send(
        &chain,
        request(alice(&chain), params::CREATE2_FACTORY, input),
    );
    assert!(mined.receipt().success);
    let expected = params::CREATE2_FACTORY.create2_from_code(salt, &code);
    assert_eq!(chain.code(expected), Bytes::from(READER.to_vec()));
}

#[test]
fn ethereums_precompiles_are_there() {
    let chain = chain();
    let output = call(&chain, Address::with_last_byte(2), b"abc".to_vec()).unwrap();
    assert_eq!(
        output.as_ref(),
        hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    );
}

#[test]
fn an_access_list_names_what_a_call_touches() {
    let chain = chain();
    let inner = deploy(&chain, &READER);
    let outer = deploy(&chain, &forwarder(0xf1, inner));
    let asked = request(alice(&chain), outer, Bytes::new());
    let answer = chain.access_list(BlockId::latest(), &asked, None).unwrap();
    let list = answer.access_list.0;
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].address, inner);
    assert_eq!(list[0].storage_keys, [B256::ZERO]);
    assert!(answer.error.is_none());
    // The answer is what a transaction with the list uses.
    let listed = TransactionRequest {
        access_list: Some(list.into()),
        ..asked
    };
    let mined = send(&chain, listed);
    assert_eq!(U256::from(mined.receipt().gas_used), answer.gas_used);
}

#[test]
fn a_transaction_uses_at_most_32_million_gas() {
    let chain = chain();
    let endless = deploy(&chain, &hex!("5b5f56"));
    let asked = request(alice(&chain), endless, Bytes::new());
    let mined = send_with_gas(&chain, asked, 100_000_000);
    assert!(!mined.receipt().success);
    assert_eq!(mined.receipt().gas_used, params::MAX_TX_GAS);
}

#[test]
fn deep_recursion_ends_without_harm() {
    let chain = chain();
    // Calls itself with all its gas until the depth or the gas runs out.
    let contract = deploy(&chain, &hex!("5f5f5f5f5f305af100"));
    let asked = request(alice(&chain), contract, Bytes::new());
    assert!(send_with_gas(&chain, asked, 30_000_000).receipt().success);
}
