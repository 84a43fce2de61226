//! Blocks, the pool, time, snapshots and queries.

mod common;

use alloy_eips::BlockId;
use alloy_primitives::{Address, Bytes, U256, address, hex, keccak256};
use alloy_rpc_types_eth::{
    Filter, TransactionRequest,
    state::{AccountOverride, EvmOverrides, StateOverride},
};
use arbius_devnet::{
    Devnet,
    chain::{CallError, ControlError, TransactionError},
    evm::params,
};
use common::*;

#[test]
fn transactions_wait_until_their_nonce_has_come() {
    let chain = chain();
    let (alice, bob) = (alice(&chain), bob(&chain));
    let with_nonce = |nonce| TransactionRequest {
        nonce: Some(nonce),
        gas: Some(21_000),
        ..request(alice, bob, Bytes::new())
    };
    let second = chain.send(with_nonce(1)).unwrap();
    assert!(chain.mined(second).is_none());
    assert!(chain.waiting(second).is_some());
    assert_eq!((chain.nonce(alice), chain.pending_nonce(alice)), (0, 0));
    let first = chain.send(with_nonce(0)).unwrap();
    assert_eq!(chain.mined(first).unwrap().block.header.number, 1);
    assert_eq!(chain.mined(second).unwrap().block.header.number, 2);
    assert!(matches!(
        chain.send(TransactionRequest {
            value: Some(U256::ONE),
            ..with_nonce(0)
        }),
        Err(CallError::Transaction(TransactionError::NonceTooLow {
            given: 0,
            expected: 2,
            ..
        }))
    ));
}

#[test]
fn a_waiting_transaction_is_replaced_by_one_that_pays_more() {
    let chain = chain();
    chain.set_automine(false);
    let offer = |price: u128, value| TransactionRequest {
        nonce: Some(0),
        gas: Some(21_000),
        gas_price: Some(price),
        value: Some(U256::from(value)),
        ..request(alice(&chain), bob(&chain), Bytes::new())
    };
    let base = 10 * u128::from(params::BASE_FEE);
    let first = chain.send(offer(base, 1)).unwrap();
    assert!(matches!(
        chain.send(offer(base + 1, 2)),
        Err(CallError::Transaction(TransactionError::Underpriced { .. }))
    ));
    let second = chain.send(offer(base * 2, 2)).unwrap();
    let block = chain.mine();
    assert_eq!(block.transactions.len(), 1);
    assert!(chain.mined(first).is_none());
    assert!(chain.mined(second).is_some());
}

#[test]
fn without_automine_a_block_takes_all_that_waits() {
    let chain = chain();
    chain.set_automine(false);
    for account in chain.accounts() {
        chain
            .send(request(account.address, alice(&chain), Bytes::new()))
            .unwrap();
    }
    assert_eq!(chain.block_number(), 0);
    let block = chain.mine();
    assert_eq!(block.transactions.len(), 10);
    let gas: Vec<_> = block
        .receipts
        .iter()
        .map(|receipt| receipt.cumulative_gas_used)
        .collect();
    assert_eq!(
        gas,
        (1..=10).map(|count| 21_000 * count).collect::<Vec<_>>()
    );
}

#[test]
fn raw_transactions_are_checked() {
    let source = chain();
    let target = chain();
    let mined = send(&source, request(alice(&source), bob(&source), Bytes::new()));
    let raw = mined.transaction().encoded();
    let hash = target.send_raw(&raw).unwrap();
    assert_eq!(hash, mined.transaction().hash());
    assert_eq!(
        target.mined(hash).unwrap().transaction().from(),
        alice(&source)
    );
    assert_eq!(target.send_raw(&raw), Err(TransactionError::AlreadyKnown));

    let other = Devnet::builder().chain_id(1).build_chain();
    assert_eq!(
        other.send_raw(&raw),
        Err(TransactionError::WrongChain {
            given: 412_346,
            expected: 1
        })
    );
    assert!(matches!(
        target.send_raw(&raw[..40]),
        Err(TransactionError::Malformed(_))
    ));
    assert!(matches!(
        target.send_raw(&[]),
        Err(TransactionError::Malformed(_))
    ));
    let poor = Devnet::builder().balance(U256::from(5)).build_chain();
    assert!(matches!(
        poor.send_raw(&raw),
        Err(TransactionError::InsufficientFunds { .. })
    ));
}

#[test]
fn offers_below_the_base_fee_and_below_the_intrinsic_gas_are_refused() {
    let chain = chain();
    let base = TransactionRequest {
        gas: Some(21_000),
        ..request(alice(&chain), bob(&chain), Bytes::new())
    };
    let cheap = TransactionRequest {
        gas_price: Some(1),
        ..base.clone()
    };
    assert!(matches!(
        chain.send(cheap),
        Err(CallError::Transaction(TransactionError::FeeTooLow {
            offered: 1,
            ..
        }))
    ));
    let short = TransactionRequest {
        gas: Some(20_999),
        ..base
    };
    assert!(matches!(
        chain.send(short),
        Err(CallError::Transaction(TransactionError::IntrinsicGas {
            have: 20_999,
            needed: 21_000
        }))
    ));
}

#[test]
fn blocks_are_linked_and_hashed() {
    let chain = chain();
    send(&chain, request(alice(&chain), bob(&chain), Bytes::new()));
    chain.mine();
    let blocks: Vec<_> = (0..3u64)
        .map(|number| chain.block(number.into()).unwrap())
        .collect();
    for pair in blocks.windows(2) {
        assert_eq!(pair[1].header.parent_hash, pair[0].hash);
        assert_eq!(pair[1].header.hash_slow(), pair[1].hash);
    }
    assert_eq!(chain.block(blocks[1].hash.into()).unwrap().header.number, 1);
    assert!(chain.block(NOTHING.into()).is_err());
    assert!(chain.block(3.into()).is_err());
    // ArbSys knows the hashes of blocks before the one that asks.
    let mut input = hex!("2b407a82").to_vec();
    input.extend(U256::from(2).to_be_bytes_vec());
    let asked = call(&chain, params::ARB_SYS, input.clone()).unwrap();
    assert_eq!(asked.as_ref(), blocks[2].hash.as_slice());
    let latest = request(alice(&chain), params::ARB_SYS, input);
    assert!(matches!(
        chain.call(BlockId::latest(), &latest, None),
        Err(CallError::Reverted { .. })
    ));
}

#[test]
fn past_states_stay_readable() {
    let chain = chain();
    let contract = deploy(&chain, &writer());
    for value in 1..=3u64 {
        send(
            &chain,
            request(alice(&chain), contract, U256::from(value).to_be_bytes_vec()),
        );
    }
    for value in 1..=3u64 {
        let state = chain.state_at((value + 1).into()).unwrap();
        assert_eq!(state.storage(contract, U256::ZERO), U256::from(value));
    }
}

#[test]
fn snapshots_bring_everything_back() {
    let chain = chain();
    let contract = deploy(&chain, &writer());
    let first = chain.snapshot();
    let mined = send(
        &chain,
        request(alice(&chain), contract, U256::from(9).to_be_bytes_vec()),
    );
    let second = chain.snapshot();
    chain.increase_time(1_000).unwrap();
    chain.mine();
    assert!(chain.revert(first));
    assert_eq!(slot0(&chain, contract), U256::ZERO);
    assert_eq!(chain.block_number(), 1);
    assert!(chain.mined(mined.transaction().hash()).is_none());
    assert!(chain.next_timestamp() < mined.block.header.timestamp + 1_000);
    // Both are used up.
    assert!(!chain.revert(first));
    assert!(!chain.revert(second));
}

#[test]
fn time_can_be_set_and_runs_on() {
    let chain = Devnet::builder()
        .genesis_timestamp(2_000_000_000)
        .build_chain();
    assert_eq!(chain.latest_block().header.timestamp, 2_000_000_000);
    chain.set_next_block_timestamp(2_000_001_000).unwrap();
    assert_eq!(chain.mine().header.timestamp, 2_000_001_000);
    chain.increase_time(500).unwrap();
    let timestamp = chain.mine().header.timestamp;
    assert!(
        (2_000_001_500..2_000_001_510).contains(&timestamp),
        "{timestamp}"
    );
    assert_eq!(
        chain.set_next_block_timestamp(1_999_999_999),
        Err(ControlError::TimeBackwards {
            given: 1_999_999_999,
            latest: timestamp
        })
    );
    chain.mine_many(3, 60).unwrap();
    let last = chain.latest_block().header.timestamp;
    assert!((timestamp + 120..timestamp + 130).contains(&last), "{last}");
    assert!(chain.increase_time(u64::MAX).is_err());
}

#[test]
fn overrides_change_a_call_and_nothing_else() {
    let chain = chain();
    let nowhere = address!("00000000000000000000000000000000000000aa");
    let overrides = StateOverride::from_iter([(
        nowhere,
        AccountOverride {
            code: Some(READER.to_vec().into()),
            state_diff: Some(
                [(U256::ZERO.into(), U256::from(77).into())]
                    .into_iter()
                    .collect(),
            ),
            ..AccountOverride::default()
        },
    )]);
    let asked = request(Address::ZERO, nowhere, Bytes::new());
    let output = chain
        .call(
            BlockId::latest(),
            &asked,
            Some(&EvmOverrides::state(Some(overrides))),
        )
        .unwrap();
    assert_eq!(word(&output), U256::from(77));
    assert_eq!(
        chain.call(BlockId::latest(), &asked, None).unwrap(),
        Bytes::new()
    );
}

#[test]
fn cheats_change_accounts() {
    let chain = chain();
    let contract = address!("00000000000000000000000000000000000000bb");
    chain.set_code(contract, READER.to_vec().into());
    chain.set_storage(contract, U256::ZERO, U256::from(3));
    chain.set_nonce(contract, 5);
    chain.set_balance(contract, U256::from(10).pow(U256::from(18)));
    assert_eq!(
        word(&call(&chain, contract, Bytes::new()).unwrap()),
        U256::from(3)
    );
    // A contract may send when it is impersonated, though nobody has a key for it.
    let from_contract = request(contract, bob(&chain), Bytes::new());
    assert!(matches!(
        chain.send(from_contract.clone()),
        Err(CallError::Transaction(TransactionError::UnknownAccount(_)))
    ));
    chain.impersonate(contract);
    let mined = send(&chain, from_contract.clone());
    assert_eq!(mined.transaction().from(), contract);
    assert_eq!(chain.nonce(contract), 6);
    chain.stop_impersonating(contract);
    assert!(chain.send(from_contract).is_err());
}

#[test]
fn logs_are_found_by_address_topic_and_block() {
    let chain = chain();
    let contracts = [deploy(&chain, &writer()), deploy(&chain, &writer())];
    for contract in contracts {
        send(
            &chain,
            request(alice(&chain), contract, U256::from(1).to_be_bytes_vec()),
        );
    }
    let everything = Filter::new().from_block(0u64);
    assert_eq!(chain.logs(&everything).unwrap().len(), 2);
    let of_second = chain
        .logs(&everything.clone().address(contracts[1]))
        .unwrap();
    assert_eq!(of_second.len(), 1);
    assert_eq!(of_second[0].block_number, Some(4));
    assert_eq!(of_second[0].log_index, Some(0));
    let topic = alloy_primitives::B256::with_last_byte(7);
    assert_eq!(
        chain
            .logs(&everything.clone().event_signature(topic))
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        chain
            .logs(&everything.event_signature(keccak256("other")))
            .unwrap()
            .len(),
        0
    );
    assert_eq!(
        chain
            .logs(&Filter::new().from_block(3u64).to_block(3u64))
            .unwrap()
            .len(),
        1
    );
    assert!(
        chain
            .logs(&Filter::new().from_block(3u64).to_block(2u64))
            .is_err()
    );
    assert!(chain.logs(&Filter::new().at_block_hash(NOTHING)).is_err());
}

#[test]
fn equal_histories_give_equal_blocks() {
    let make = || {
        let chain = Devnet::builder()
            .genesis_timestamp(1_900_000_000)
            .build_chain();
        for timestamp in [1_900_000_010, 1_900_000_020] {
            chain.set_next_block_timestamp(timestamp).unwrap();
            deploy(&chain, &writer());
        }
        chain
    };
    let (one, other) = (make(), make());
    assert_eq!(one.latest_block().hash, other.latest_block().hash);
    // A balance that nobody touches is part of the state root all the same.
    other.set_balance(Address::repeat_byte(9), U256::ONE);
    for chain in [&one, &other] {
        chain.set_next_block_timestamp(1_900_000_030).unwrap();
        chain.mine();
    }
    assert_ne!(
        one.latest_block().header.state_root,
        other.latest_block().header.state_root
    );
}
