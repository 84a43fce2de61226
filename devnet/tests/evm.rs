//! The chain with EVM contracts alone.

mod common;

use alloy_eips::BlockId;
use alloy_primitives::{Address, Bytes, U256, address, hex, keccak256};
use alloy_rpc_types_eth::{
    Filter, TransactionRequest,
    state::{AccountOverride, StateOverride},
};
use arbius_devnet::{
    Devnet,
    chain::{CallError, ControlError, TransactionError, l1_block_number},
    evm::params,
};
use common::*;

/// Returns the value of slot 0.
const READER: [u8; 8] = hex!("5f545f5260205ff3");
/// Reverts with the first word of its input.
const REVERTER: [u8; 8] = hex!("5f355f5260205ffd");

/// Stores the first word of its input in slot 0 and logs it with topic 7.
fn writer() -> Vec<u8> {
    // calldataload(0) sstore(0, ·) mstore(0, ·) log1(0, 32, 7)
    hex!("5f355f555f355f52600760205fa100").to_vec()
}

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
        assert_ne!(pair[1].header.state_root, pair[0].header.state_root);
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
        .call(BlockId::latest(), &asked, Some(&overrides))
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
    chain.set_code(contract, Bytes::new());
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
    let (list, gas) = chain.access_list(BlockId::latest(), &asked).unwrap();
    assert_eq!(list.0.len(), 1);
    assert_eq!(list.0[0].address, inner);
    assert_eq!(list.0[0].storage_keys, [alloy_primitives::B256::ZERO]);
    assert!(gas > 21_000);
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
