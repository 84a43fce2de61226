//! What only a development chain can do, as a client asks for it.

mod common;

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, U256, address, hex};
use alloy_rpc_types_eth::TransactionRequest;
use arbius_devnet::{
    Devnet,
    chain::{Chain, Mining, UnknownBlock},
    evm::params,
    rpc,
};
use common::*;
use serde_json::{Value, json};

fn ask(chain: &Chain, method: &str, params: Value) -> Result<Value, (i64, String)> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let answer = rpc::answer(chain, body.to_string().as_bytes()).unwrap();
    let mut answer: Value = serde_json::from_str(&answer).unwrap();
    match answer.get("error") {
        None => Ok(answer["result"].take()),
        Some(error) => Err((
            error["code"].as_i64().unwrap(),
            error["message"].as_str().unwrap().to_owned(),
        )),
    }
}

#[track_caller]
fn ok(chain: &Chain, method: &str, params: Value) -> Value {
    ask(chain, method, params).unwrap_or_else(|error| panic!("{method}: {error:?}"))
}

/// Rows of the README's table of cheats: names, and parameters to try them with.
fn documented() -> Vec<(Vec<String>, Value)> {
    let readme = include_str!("../README.md");
    let table = readme.split_once("| cheat | parameters |").unwrap().1;
    let quoted = |cell: &str| -> Vec<String> {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<_> = line.split('|').collect();
            let params = serde_json::from_str(&quoted(cells[2])[0])
                .unwrap_or_else(|error| panic!("{line}: {error}"));
            (quoted(cells[1]), params)
        })
        .collect()
}

#[test]
fn the_readme_lists_every_cheat_and_no_other() {
    let mut documented: Vec<_> = documented()
        .into_iter()
        .flat_map(|(names, _)| names)
        .collect();
    let mut known: Vec<_> = rpc::cheat_names().collect();
    documented.sort();
    known.sort();
    assert_eq!(documented, known);
}

#[test]
fn every_example_of_the_readme_works_under_every_prefix() {
    const REFUSED: [&str; 3] = ["setRpcUrl", "setPrevRandao", "setBlock"];
    // A token to deal: it answers whatever it is asked with its slot 0.
    let token = address!("00000000000000000000000000000000000000ee");
    for (names, params) in documented() {
        for name in names {
            for prefix in ["evm_", "anvil_", "hardhat_"] {
                let method = format!("{prefix}{name}");
                let chain = chain();
                chain.set_code(token, READER.to_vec().into());
                chain.mine();
                assert_eq!(chain.snapshot(), 1);
                // The one method that differs: Ganache's takes a timestamp.
                let params = match method.as_str() {
                    "evm_mine" => json!([]),
                    // What is loaded has been dumped before.
                    _ if name == "loadState" => json!([Bytes::from(chain.dump_state())]),
                    _ => params.clone(),
                };
                let answer = ask(&chain, &method, params);
                match answer {
                    Err((code, reason)) if REFUSED.contains(&name.as_str()) => {
                        assert_eq!(code, -32000, "{method}: {reason}");
                    }
                    answer => assert!(answer.is_ok(), "{method}: {answer:?}"),
                }
            }
        }
    }
}

#[test]
fn a_misspelt_cheat_is_answered_with_the_one_meant() {
    for (given, meant) in [
        ("anvil_setbalance", Some("anvil_setBalance")),
        ("evm_snapshott", Some("evm_snapshot")),
        (
            "hardhat_impersonatAcount",
            Some("hardhat_impersonateAccount"),
        ),
        ("anvil_frobnicate", None),
        ("anvil_", None),
        ("foo_mine", None),
    ] {
        let (code, message) = ask(&chain(), given, json!([])).unwrap_err();
        assert_eq!(code, -32601);
        match meant {
            Some(meant) => assert!(message.ends_with(&format!("did you mean {meant}?"))),
            None => assert!(!message.contains("did you mean"), "{message}"),
        }
    }
    let endless = format!("evm_{}", "x".repeat(1 << 20));
    assert_eq!(ask(&chain(), &endless, json!([])).unwrap_err().0, -32601);
}

#[test]
fn pending_is_the_block_that_would_be_made_now() {
    let chain = chain();
    let (alice, bob) = (alice(&chain), bob(&chain));
    let contract = deploy(&chain, &writer());
    chain.set_automine(false);
    let number = chain.block_number();
    let nonce = chain.nonce(alice);
    let sent = [
        chain
            .send(TransactionRequest {
                value: Some(U256::from(77)),
                ..request(alice, Address::repeat_byte(9), Bytes::new())
            })
            .unwrap(),
        chain
            .send(request(bob, contract, U256::from(5).to_be_bytes_vec()))
            .unwrap(),
    ];
    let at = |tag: &str| {
        (
            ok(
                &chain,
                "eth_getBalance",
                json!([Address::repeat_byte(9), tag]),
            ),
            ok(&chain, "eth_getTransactionCount", json!([alice, tag])),
            ok(&chain, "eth_getStorageAt", json!([contract, "0x0", tag])),
        )
    };
    let count = |nonce: u64| json!(format!("{nonce:#x}"));
    assert_eq!(
        at("latest"),
        (json!("0x0"), count(nonce), json!(B256::ZERO))
    );
    assert_eq!(
        at("pending"),
        (
            json!("0x4d"),
            count(nonce + 1),
            json!(B256::with_last_byte(5))
        )
    );
    // What is estimated and called sees it too.
    let asked = json!({ "from": Address::repeat_byte(9), "to": bob, "value": "0x4d" });
    assert!(ask(&chain, "eth_call", json!([asked, "latest"])).is_err());
    ok(&chain, "eth_call", json!([asked, "pending"]));

    let block = ok(&chain, "eth_getBlockByNumber", json!(["pending", false]));
    assert_eq!(block["number"], json!(format!("{:#x}", number + 1)));
    assert_eq!(block["transactions"], json!(sent));
    // One more arrival is added to it.
    let third = chain.send(request(alice, bob, Bytes::new())).unwrap();
    let block = ok(&chain, "eth_getBlockByNumber", json!(["pending", false]));
    assert_eq!(block["transactions"], json!([sent[0], sent[1], third]));
    assert_eq!(chain.block_number(), number);

    let mined = chain.mine();
    assert_eq!(json!(mined.header.state_root), block["stateRoot"]);
    assert_eq!(at("latest"), at("pending"));
}

#[test]
fn the_pool_is_mined_in_the_order_of_arrival_and_is_bounded() {
    let chain = chain();
    chain.set_automine(false);
    let accounts = chain.accounts();
    let send = |account: usize, nonce: u64| {
        chain.send(TransactionRequest {
            nonce: Some(nonce),
            gas: Some(21_000),
            ..request(accounts[account].address, bob(&chain), Bytes::new())
        })
    };
    let late = send(0, 1).unwrap();
    let other = send(1, 0).unwrap();
    let first = send(0, 0).unwrap();
    let stuck = send(2, 1).unwrap();
    let mined: Vec<_> = chain
        .mine()
        .transactions
        .iter()
        .map(|transaction| transaction.hash())
        .collect();
    // The late one came first, and goes as soon as its nonce has come.
    assert_eq!(mined, [other, first, late]);
    assert_eq!(chain.pool().len(), 1);

    assert_eq!(ok(&chain, "hardhat_dropTransaction", json!([stuck])), true);
    assert_eq!(
        ok(&chain, "anvil_dropTransaction", json!([stuck])),
        Value::Null
    );

    for nonce in 0..1_024 {
        for account in 3..10 {
            send(account, nonce).unwrap();
        }
    }
    assert_eq!(chain.drop_transactions_of(accounts[3].address), 1_024);
    assert_eq!(chain.pending_nonce(accounts[3].address), 0);
    assert_eq!(chain.drop_all_transactions(), 6 * 1_024);
    assert!(chain.pool().is_empty());
}

#[test]
fn a_full_pool_refuses_more_until_a_block_is_made() {
    let accounts = 12;
    let chain = Devnet::builder().accounts(accounts).build_chain();
    chain.set_automine(false);
    let price = u128::from(params::BASE_FEE);
    let offer = |account: usize, nonce, price| {
        chain.send(TransactionRequest {
            nonce: Some(nonce),
            gas: Some(21_000),
            gas_price: Some(price),
            ..request(chain.accounts()[account].address, bob(&chain), Bytes::new())
        })
    };
    let mut taken = 0;
    let refused = (0..accounts)
        .flat_map(|account| (0..1_000).map(move |nonce| (account, nonce)))
        .find_map(|(account, nonce)| match offer(account, nonce, price) {
            Ok(_) => {
                taken += 1;
                None
            }
            Err(error) => Some(error.to_string()),
        })
        .unwrap();
    assert_eq!(taken, 10_000);
    assert!(refused.starts_with("txpool is full"), "{refused}");
    // A better offer takes a place that exists.
    offer(0, 0, 2 * price).unwrap();
    assert_eq!(chain.mine().transactions.len(), taken);
    offer(11, 0, price).unwrap();
}

#[test]
fn transactions_larger_than_the_sequencer_takes_are_refused() {
    let chain = chain();
    let sized = |bytes: usize| {
        chain.send(TransactionRequest {
            gas: Some(30_000_000),
            ..request(alice(&chain), bob(&chain), vec![1; bytes])
        })
    };
    sized(params::MAX_TX_SIZE - 500).unwrap();
    let error = sized(params::MAX_TX_SIZE).unwrap_err().to_string();
    assert!(error.starts_with("oversized data"), "{error}");
}

#[test]
fn mining_modes_follow_each_other_as_in_anvil() {
    let chain = chain();
    assert_eq!(
        ok(&chain, "anvil_getIntervalMining", json!([])),
        Value::Null
    );
    ok(&chain, "evm_setIntervalMining", json!([7]));
    assert_eq!(chain.mining(), Mining::Interval(Duration::from_secs(7)));
    assert_eq!(ok(&chain, "anvil_getIntervalMining", json!([])), 7);
    assert_eq!(ok(&chain, "anvil_getAutomine", json!([])), false);
    ok(&chain, "evm_setAutomine", json!([true]));
    assert_eq!(chain.mining(), Mining::Automatic);
    ok(&chain, "evm_setIntervalMining", json!([0]));
    assert_eq!(chain.mining(), Mining::Manual);
    chain.set_mining(Mining::Mixed(Duration::from_secs(3)));
    ok(&chain, "evm_setAutomine", json!([false]));
    assert_eq!(chain.mining(), Mining::Interval(Duration::from_secs(3)));
}

#[tokio::test]
async fn a_server_makes_blocks_at_an_interval_that_can_change() {
    let devnet = Devnet::builder().spawn().await.unwrap();
    let chain = devnet.chain();
    let from = alice(chain);
    chain.set_interval_mining(Duration::from_millis(30));
    let waiting = chain.send(request(from, bob(chain), Bytes::new())).unwrap();
    let patience = std::time::Instant::now();
    while chain.mined(waiting).is_none() || chain.block_number() < 3 {
        assert!(
            patience.elapsed() < Duration::from_secs(60),
            "no block is made"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    chain.set_mining(Mining::Manual);
    // A tick that has begun may still end.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let number = chain.block_number();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(chain.block_number(), number);
}

#[test]
fn time_obeys() {
    let chain = chain();
    assert_eq!(
        ok(&chain, "anvil_getGenesisTime", json!([])),
        chain.latest_block().header.timestamp
    );
    let jump = ok(&chain, "evm_setTime", json!([4_000_000_000u64]));
    assert!(jump.as_u64().unwrap() > 1_000_000_000);
    let timestamp = chain.mine().header.timestamp;
    assert!((4_000_000_000..4_000_000_060).contains(&timestamp));
    ok(&chain, "anvil_setBlockTimestampInterval", json!([12]));
    assert_eq!(chain.mine().header.timestamp, timestamp + 12);
    assert_eq!(chain.mine().header.timestamp, timestamp + 24);
    assert_eq!(
        ok(&chain, "anvil_removeBlockTimestampInterval", json!([])),
        true
    );
    assert_eq!(
        ok(&chain, "anvil_removeBlockTimestampInterval", json!([])),
        false
    );
    let (code, message) = ask(&chain, "evm_setTime", json!([1])).unwrap_err();
    assert_eq!(code, -32602);
    assert!(message.contains("before the latest"), "{message}");
}

#[test]
fn what_blocks_have_in_common_can_be_set() {
    let chain = chain();
    let base_fee = 3 * params::BASE_FEE;
    let coinbase = address!("00000000000000000000000000000000000000cc");
    ok(
        &chain,
        "hardhat_setNextBlockBaseFeePerGas",
        json!([base_fee]),
    );
    ok(&chain, "anvil_setCoinbase", json!([coinbase]));
    ok(&chain, "evm_setBlockGasLimit", json!([50_000]));
    assert_eq!(
        ok(&chain, "eth_gasPrice", json!([])),
        json!(format!("{base_fee:#x}"))
    );
    // An offer of the usual fee is too low now, and two transfers are too much for a block.
    let offer = |price| TransactionRequest {
        gas: Some(30_000),
        gas_price: Some(price),
        ..request(alice(&chain), bob(&chain), Bytes::new())
    };
    assert!(chain.send(offer(u128::from(params::BASE_FEE))).is_err());
    chain.set_automine(false);
    for _ in 0..2 {
        chain.send(offer(u128::from(base_fee))).unwrap();
    }
    let block = chain.mine();
    assert_eq!(block.transactions.len(), 1);
    assert_eq!(block.receipts[0].effective_gas_price, u128::from(base_fee));
    assert_eq!(block.header.base_fee_per_gas, Some(base_fee));
    assert_eq!(block.header.beneficiary, coinbase);
    assert_eq!(block.header.gas_limit, 50_000);
    // A fee above what the other one offers makes it wait.
    chain.set_base_fee(2 * base_fee);
    assert_eq!(chain.mine().transactions.len(), 0);
    chain.set_base_fee(base_fee);
    assert_eq!(chain.mine().transactions.len(), 1);
    let history = ok(&chain, "eth_feeHistory", json!(["0x3", "latest", []]));
    let fees: Vec<_> = [1, 2, 1, 1]
        .map(|times| format!("{:#x}", times * base_fee))
        .to_vec();
    assert_eq!(history["baseFeePerGas"], json!(fees));

    ok(&chain, "anvil_setChainId", json!([99]));
    assert_eq!(ok(&chain, "eth_chainId", json!([])), "0x63");
    let sent = chain.send(offer(u128::from(base_fee))).unwrap();
    chain.mine();
    assert!(chain.mined(sent).is_some());
}

/// The contract returns COINBASE and BASEFEE.
#[test]
fn contracts_see_what_was_set() {
    let chain = chain();
    let coinbase = address!("00000000000000000000000000000000000000cc");
    let contract = address!("00000000000000000000000000000000000000dd");
    chain.set_code(
        contract,
        Bytes::from_static(&hex!("415f52486020524560405260605ff3")),
    );
    chain.set_coinbase(coinbase);
    chain.set_base_fee(5);
    chain.set_block_gas_limit(1_000_000);
    chain.mine();
    let output = call(&chain, contract, Bytes::new()).unwrap();
    assert_eq!(
        Address::from_word(B256::from_slice(&output[..32])),
        coinbase
    );
    assert_eq!(U256::from_be_slice(&output[32..64]), U256::from(5));
    assert_eq!(U256::from_be_slice(&output[64..]), U256::from(1_000_000));
}

#[test]
fn anyone_can_be_impersonated_at_once() {
    let chain = chain();
    let stranger = address!("00000000000000000000000000000000000000ab");
    ok(
        &chain,
        "anvil_setBalance",
        json!([stranger, "0xde0b6b3a7640000"]),
    );
    ok(&chain, "anvil_addBalance", json!([stranger, "0x1"]));
    assert_eq!(
        chain.balance(stranger),
        U256::from(10).pow(U256::from(18)) + U256::ONE
    );
    let transfer = request(stranger, bob(&chain), Bytes::new());
    assert!(chain.send(transfer.clone()).is_err());
    ok(&chain, "anvil_autoImpersonateAccount", json!([true]));
    chain.send(transfer.clone()).unwrap();
    ok(&chain, "anvil_autoImpersonateAccount", json!([false]));
    assert!(chain.send(transfer).is_err());
}

#[test]
fn blocks_can_be_taken_back_and_made_otherwise() {
    let chain = chain();
    let contract = deploy(&chain, &writer());
    let kept = chain.block_number();
    let filter = ok(&chain, "eth_newFilter", json!([{ "address": contract }]));
    let write = |value: u64| {
        send(
            &chain,
            request(alice(&chain), contract, U256::from(value).to_be_bytes_vec()),
        )
    };
    let (first, _second) = (write(1), write(2));
    let raw = Bytes::from(first.transaction().encoded());
    let changes = |filter: &Value| ok(&chain, "eth_getFilterChanges", json!([filter]));
    assert_eq!(changes(&filter).as_array().unwrap().len(), 2);

    // The first transaction again, in the second of two new blocks.
    ok(&chain, "anvil_reorg", json!([2, [[raw, 1]]]));
    assert_eq!(chain.block_number(), kept + 2);
    assert_eq!(slot0(&chain, contract), U256::ONE);
    let mined = chain.mined(first.transaction().hash()).unwrap();
    assert_eq!(mined.block.header.number, kept + 2);
    assert_ne!(mined.block.hash, first.block.hash);
    assert!(chain.block(first.block.hash.into()).is_err());
    let removed: Vec<_> = changes(&filter)
        .as_array()
        .unwrap()
        .iter()
        .map(|log| log["removed"].as_bool().unwrap())
        .collect();
    assert_eq!(removed, [true, true, false]);

    // One that cannot be mined there changes nothing.
    let before = chain.latest_block().hash;
    let ahead = json!({ "from": alice(&chain), "to": contract, "gas": "0xffff", "nonce": "0x99" });
    assert!(ask(&chain, "anvil_reorg", json!([1, [[ahead, 0]]])).is_err());
    assert_eq!(chain.latest_block().hash, before);
    assert!(ask(&chain, "anvil_reorg", json!([1, [[ahead, 1]]])).is_err());

    ok(&chain, "anvil_rollback", json!([2]));
    assert_eq!(chain.block_number(), kept);
    assert_eq!(slot0(&chain, contract), U256::ZERO);
    let (_, message) = ask(&chain, "anvil_rollback", json!([kept + 1])).unwrap_err();
    assert!(message.contains("genesis"), "{message}");
}

#[test]
fn blocks_are_shown_in_detail() {
    let chain = chain();
    let contract = deploy(&chain, &writer());
    chain.set_automine(false);
    chain
        .send(request(alice(&chain), contract, [0; 32]))
        .unwrap();
    let reverts = address!("00000000000000000000000000000000000000dd");
    chain.set_code(reverts, Bytes::from_static(&hex!("60205ffd")));
    chain
        .send(TransactionRequest {
            gas: Some(100_000),
            ..request(bob(&chain), reverts, Bytes::new())
        })
        .unwrap();
    let blocks = ok(&chain, "anvil_mine_detailed", json!([{ "blocks": 2 }]));
    assert_eq!(blocks.as_array().unwrap().len(), 2);
    let transactions = blocks[0]["transactions"].as_array().unwrap();
    assert_eq!(transactions[0].get("revertReason"), None);
    assert_eq!(transactions[1]["revertReason"], "execution reverted");
    assert_eq!(transactions[1]["output"], json!(B256::ZERO));
}

#[test]
fn snapshots_are_bounded_and_the_oldest_goes_first() {
    let chain = chain();
    let first = chain.snapshot();
    let second = chain.snapshot();
    for _ in 2..=1_024 {
        let _ = chain.snapshot();
    }
    let metadata = ok(&chain, "hardhat_metadata", json!([]));
    assert_eq!(metadata["snapshots"].as_object().unwrap().len(), 1_024);
    assert!(!chain.revert(first));
    assert!(chain.revert(second));
    assert_eq!(chain.snapshots(), []);
}

#[test]
fn a_reset_begins_anew() {
    let chain = chain();
    let genesis = chain.latest_block();
    let instance = chain.instance();
    deploy(&chain, &writer());
    let snapshot = chain.snapshot();
    chain.set_automine(false);
    chain
        .send(request(alice(&chain), bob(&chain), Bytes::new()))
        .unwrap();
    let forking = json!([{ "forking": { "jsonRpcUrl": "http://127.0.0.1:1" } }]);
    let (_, message) = ask(&chain, "hardhat_reset", forking).unwrap_err();
    assert!(message.contains("forking"), "{message}");
    ok(&chain, "hardhat_reset", json!([]));
    assert_eq!(chain.block_number(), 0);
    assert_eq!(
        chain.latest_block().header.state_root,
        genesis.header.state_root
    );
    assert_eq!(chain.nonce(alice(&chain)), 0);
    assert!(chain.pool().is_empty());
    assert!(!chain.revert(snapshot));
    assert_ne!(chain.instance(), instance);
}

#[test]
fn states_are_kept_for_the_newest_blocks_alone() {
    let chain = Devnet::builder().history(3).build_chain();
    let contract = deploy(&chain, &writer());
    let snapshot = chain.snapshot();
    let deployed = chain.block_number();
    chain.mine_many(3, 0).unwrap();
    assert!(chain.state_at((deployed + 1).into()).is_ok());
    assert_eq!(
        chain.state_at(deployed.into()).unwrap_err(),
        UnknownBlock::StateForgotten {
            number: deployed,
            oldest: deployed + 1
        }
    );
    let (code, message) = ask(&chain, "eth_getBalance", json!([contract, "earliest"])).unwrap_err();
    assert_eq!(code, -32000);
    assert!(message.contains("no longer kept"), "{message}");
    // Blocks and what they hold stay; a snapshot has the states of its time.
    assert_eq!(chain.block(deployed.into()).unwrap().transactions.len(), 1);
    assert!(chain.rollback(3).is_err());
    assert!(chain.revert(snapshot));
    assert!(chain.state_at(deployed.into()).is_ok());
}

#[test]
fn a_token_balance_is_dealt_where_the_token_keeps_it() {
    let chain = chain();
    // keccak256(argument) is the slot: reads the word after the selector, hashes it, loads.
    let token = address!("00000000000000000000000000000000000000ee");
    chain.set_code(
        token,
        Bytes::from_static(&hex!("6004355f5260205f20545f5260205ff3")),
    );
    let holder = address!("00000000000000000000000000000000000000aa");
    ok(&chain, "anvil_dealERC20", json!([holder, token, "0x1234"]));
    let mut question = hex!("70a08231").to_vec();
    question.extend(holder.into_word());
    let balance = |question: Vec<u8>| U256::from_be_slice(&call(&chain, token, question).unwrap());
    assert_eq!(balance(question.clone()), U256::from(0x1234));
    question[35] = 0xab;
    assert_eq!(balance(question), U256::ZERO);
    // Each of the many questions has a million gas: this token takes 65,535 rounds of 26
    // before it answers.
    let slow = address!("00000000000000000000000000000000000000ef");
    chain.set_code(
        slow,
        Bytes::from_static(&hex!(
            "61ffff5b6001900380600357506004355f5260205f20545f5260205ff3"
        )),
    );
    assert!(call(&chain, slow, Bytes::new()).is_ok());
    let (_, message) = ask(&chain, "anvil_dealERC20", json!([holder, slow, "0x1"])).unwrap_err();
    assert!(message.contains("out of gas"), "{message}");
    // Without a slot there is nothing to set.
    let (_, message) = ask(
        &chain,
        "anvil_dealERC20",
        json!([holder, bob(&chain), "0x1"]),
    )
    .unwrap_err();
    assert!(message.contains("no ERC-20"), "{message}");
}
