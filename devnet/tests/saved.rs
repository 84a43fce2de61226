//! Chains that are saved and go on, and proofs of what they hold.

mod common;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rpc_types_eth::Filter;
use alloy_trie::{Nibbles, TrieAccount, proof::verify_proof};
use arbius_devnet::{
    Devnet,
    chain::{Chain, StateError, StateFileError},
    rpc,
};
use common::*;
use serde_json::{Value, json};

/// A chain with a contract that has written and logged, a transaction that failed, one that
/// waits, a clock that was set, and a stranger who was impersonated.
fn eventful() -> (Chain, Address) {
    let chain = Devnet::builder().chain_id(77).accounts(12).build_chain();
    let contract = deploy(&chain, &writer());
    send(
        &chain,
        request(alice(&chain), contract, U256::from(9).to_be_bytes_vec()),
    );
    chain.set_l1_price_per_unit(1_000_000);
    let stranger = Address::repeat_byte(0xab);
    chain.set_balance(stranger, U256::from(10).pow(U256::from(20)));
    chain.impersonate(stranger);
    send(&chain, request(stranger, bob(&chain), Bytes::new()));
    chain.increase_time(1_000_000).unwrap();
    chain.set_base_fee(20_000_000);
    chain.mine();
    chain.set_automine(false);
    chain
        .send(request(bob(&chain), alice(&chain), Bytes::new()))
        .unwrap();
    chain
        .attach(Bytes::from_static(b"where things are"))
        .unwrap();
    (chain, contract)
}

#[test]
fn a_saved_chain_goes_on_as_it_was() {
    let (chain, contract) = eventful();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/chain.state");
    chain.save_state(&path).unwrap();
    let again = Devnet::builder().build_chain();
    again.load_state_file(&path).unwrap();

    assert_eq!(again.chain_id(), 77);
    assert_eq!(again.accounts().len(), 12);
    assert_eq!(again.base_fee(), 20_000_000);
    assert_eq!(again.attachment(), Bytes::from_static(b"where things are"));
    assert_eq!(again.code(contract), chain.code(contract));
    assert_eq!(slot0(&again, contract), U256::from(9));
    for number in 0..=chain.block_number() {
        let (old, new) = (
            chain.block(number.into()).unwrap(),
            again.block(number.into()).unwrap(),
        );
        assert_eq!(old.hash, new.hash);
        assert_eq!(format!("{old:?}"), format!("{new:?}"));
        for transaction in &old.transactions {
            assert_eq!(
                again
                    .mined(transaction.hash())
                    .unwrap()
                    .transaction()
                    .from(),
                transaction.from()
            );
        }
    }
    let everything = Filter::new().from_block(0u64);
    assert_eq!(
        again.logs(&everything).unwrap(),
        chain.logs(&everything).unwrap()
    );
    assert!(again.next_timestamp().abs_diff(chain.next_timestamp()) < 60);
    // What waits is mined, and both go the same way from here.
    assert_eq!(again.pool().len(), 1);
    for chain in [&chain, &again] {
        chain.set_automine(false);
        chain.set_next_block_timestamp(4_000_000_000).unwrap();
        let block = chain.mine();
        assert_eq!(block.transactions.len(), 1);
        assert!(
            block.receipts[0].gas_used_for_l1 > 0,
            "data has its price still"
        );
    }
    assert_eq!(again.latest_block().hash, chain.latest_block().hash);
    assert_eq!(again.dump_state(), chain.dump_state());
    // The states of earlier blocks have not come along.
    assert!(again.state_at(0.into()).is_err());
}

#[test]
fn what_is_damaged_or_newer_is_refused_and_changes_nothing() {
    let (source, _) = eventful();
    let state = source.dump_state();
    let chain = chain();
    let before = chain.dump_state();
    assert_eq!(chain.load_state(b""), Err(StateError::NotAState));
    assert_eq!(
        chain.load_state(b"\x1f\x8b gzip, as Anvil writes it"),
        Err(StateError::NotAState)
    );
    for length in (20..state.len()).step_by(97) {
        assert!(
            matches!(
                chain.load_state(&state[..length]),
                Err(StateError::Damaged(_))
            ),
            "{length}"
        );
    }
    let mut newer = state.clone();
    newer[23] = 9;
    assert_eq!(
        chain.load_state(&newer),
        Err(StateError::Newer { given: 9 })
    );
    let with_checksum = |mut content: Vec<u8>| {
        let checksum = keccak256(&content);
        content.extend(checksum);
        content
    };
    let content = &state[..state.len() - 32];
    // Whoever makes the checksum match may write what he likes: it is an error or a chain,
    // soon and without much memory.
    for place in (24..content.len()).step_by(31) {
        for value in [0x00, 0x7f, 0xb8, 0xbf, 0xc0, 0xff] {
            let mut changed = content.to_vec();
            changed[place] = value;
            let other = Devnet::builder().build_chain();
            if other.load_state(&with_checksum(changed)).is_ok() {
                other.mine();
            }
        }
        let mut changed = state.clone();
        changed[place] ^= 1;
        assert!(
            matches!(chain.load_state(&changed), Err(StateError::Damaged(_))),
            "{place}"
        );
    }
    // A count beyond all bounds.
    let mut endless = content[..24].to_vec();
    endless.extend([0x01, 0x01, 0x01, 0x94]);
    endless.extend([0; 20]);
    endless.extend([0x80, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert!(matches!(
        chain.load_state(&with_checksum(endless)),
        Err(StateError::Damaged(_))
    ));
    let mut more = content.to_vec();
    more.push(0);
    assert!(matches!(
        chain.load_state(&with_checksum(more)),
        Err(StateError::Damaged(_))
    ));
    assert_eq!(chain.dump_state(), before);
    assert!(chain.attach(vec![0; (1 << 20) + 1].into()).is_err());
}

#[test]
fn a_file_is_replaced_whole_and_its_faults_name_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.state");
    let chain = chain();
    let missing = chain.load_state_file(&path).unwrap_err();
    assert!(matches!(missing, StateFileError::Read { .. }));
    std::fs::write(&path, "something else").unwrap();
    let error = chain.load_state_file(&path).unwrap_err().to_string();
    assert!(
        error.contains("chain.state") && error.contains("no saved state"),
        "{error}"
    );
    chain.save_state(&path).unwrap();
    chain.load_state_file(&path).unwrap();
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing else is left"
    );
    let error = chain.save_state(folder.path()).unwrap_err();
    assert!(matches!(error, StateFileError::Write { .. }), "{error}");
}

fn proof(chain: &Chain, address: Address, slots: Value, block: Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_getProof", "params": [address, slots, block] });
    let answer = rpc::answer(chain, body.to_string().as_bytes()).unwrap();
    let mut answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer.get("error"), None);
    answer["result"].take()
}

fn nodes(value: &Value) -> Vec<Bytes> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn proofs_hold_against_the_block_by_another_implementation() {
    let chain = chain();
    let contract = deploy(&chain, &writer());
    for slot in 1..40u64 {
        chain.set_storage(contract, U256::from(slot), U256::from(slot * 1_000_003));
    }
    for value in [5u64, 6] {
        send(
            &chain,
            request(alice(&chain), contract, U256::from(value).to_be_bytes_vec()),
        );
    }
    let nobody = Address::repeat_byte(0x77);
    for (back, slot0) in [(0, 6u64), (1, 5)] {
        let number = chain.block_number() - back;
        let root = chain.block(number.into()).unwrap().header.state_root;
        for address in [contract, alice(&chain), nobody] {
            let slots = json!(["0x0", "0x7", B256::repeat_byte(0x55)]);
            let answer = proof(
                &chain,
                address,
                slots.clone(),
                json!(format!("{number:#x}")),
            );
            let field = |name: &str| answer[name].clone();
            let storage_root: B256 = serde_json::from_value(field("storageHash")).unwrap();
            let account = TrieAccount {
                nonce: serde_json::from_value::<U256>(field("nonce")).unwrap().to(),
                balance: serde_json::from_value(field("balance")).unwrap(),
                storage_root,
                code_hash: serde_json::from_value(field("codeHash")).unwrap(),
            };
            let expected = (address != nobody).then(|| alloy_rlp::encode(account));
            let path = nodes(&answer["accountProof"]);
            verify_proof(root, Nibbles::unpack(keccak256(address)), expected, &path).unwrap();
            for (index, slot) in answer["storageProof"]
                .as_array()
                .unwrap()
                .iter()
                .enumerate()
            {
                assert_eq!(slot["key"], slots[index]);
                let key: U256 = serde_json::from_value(slot["key"].clone()).unwrap();
                let value: U256 = serde_json::from_value(slot["value"].clone()).unwrap();
                if address == contract && index < 2 {
                    assert_eq!(value, U256::from([slot0, 7 * 1_000_003][index]));
                } else {
                    assert_eq!(value, U256::ZERO);
                }
                let expected = (!value.is_zero()).then(|| alloy_rlp::encode(value));
                let path = nodes(&slot["proof"]);
                let key = Nibbles::unpack(keccak256(B256::from(key)));
                verify_proof(storage_root, key, expected, &path).unwrap();
            }
        }
    }
}
