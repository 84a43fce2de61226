//! Traces of transactions find the state that the transactions found.

use alloy_eips::BlockId;
use alloy_primitives::{B256, U256, hex};
use alloy_rpc_types_eth::{
    BlockOverrides,
    state::{AccountOverride, EvmOverrides, StateOverride},
};
use arbius_devnet::{
    chain::{TraceCallOptions, TraceError},
    evm::{
        params,
        trace::{PrestateOptions, StepOptions, TraceKind},
    },
};
use serde_json::json;

use crate::{
    CALLS,
    common::{
        NOTHING, READER, act, act_word, actor, alice, chain, deploy, deploy_program, request,
        send_with_gas, writer,
    },
    number, trace,
};

#[test]
fn earlier_transactions_of_the_block_come_first() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    chain.set_automine(false);
    let send = |input: Vec<u8>| {
        let mut call = request(alice(&chain), program, input);
        call.gas = Some(1_000_000);
        chain.send(call).unwrap()
    };
    let hashes = [
        send(act_word(act::STORE, 1)),
        send(act_word(act::STORE, 2)),
        send(vec![act::LOAD]),
    ];
    assert_eq!(
        chain.trace_transaction(hashes[0], CALLS),
        Err(TraceError::NotMined(hashes[0]))
    );
    chain.mine();
    // What happens later does not matter.
    chain.set_storage(program, U256::ZERO, U256::from(9));
    chain.mine();

    let traces = chain.trace_block(2.into(), CALLS);
    assert!(
        traces.unwrap().len() == 1,
        "the activation has a block of its own"
    );
    let traces = chain.trace_block(3.into(), CALLS).unwrap();
    assert_eq!(
        traces.iter().map(|(hash, _)| *hash).collect::<Vec<_>>(),
        hashes
    );
    for (hash, of_block) in &traces {
        let mined = chain.mined(*hash).unwrap();
        assert_eq!(&trace(&chain, &mined, CALLS), of_block);
        // The second and third start of a program in a block cost less: that is known too.
        assert_eq!(number(&of_block["gasUsed"]), mined.receipt().gas_used);
    }
    let two = U256::from(2).to_be_bytes::<32>();
    assert_eq!(traces[2].1["output"], json!(hex::encode_prefixed(two)));
}

#[test]
fn tracing_changes_nothing() {
    let chain = chain();
    let writer = deploy(&chain, &writer());
    let block = chain.latest_block().hash;
    let state = chain.state_at(BlockId::latest()).unwrap().clone();
    let call = request(alice(&chain), writer, [1; 32]);
    let options = TraceCallOptions::default();
    chain
        .trace_call(BlockId::latest(), &call, &options, CALLS)
        .unwrap();
    assert_eq!(chain.latest_block().hash, block);
    assert_eq!(chain.storage(writer, U256::ZERO), U256::ZERO);
    assert_eq!(chain.nonce(alice(&chain)), state.nonce(alice(&chain)));
}

#[test]
fn a_call_is_traced_at_any_block_with_overrides() {
    let chain = chain();
    let reader = deploy(&chain, &READER);
    let asks = request(alice(&chain), reader, vec![]);
    chain.set_storage(reader, U256::ZERO, U256::from(5));
    chain.mine();
    let output = |block: BlockId, options: &TraceCallOptions| {
        let trace = chain.trace_call(block, &asks, options, CALLS).unwrap();
        U256::from_be_slice(&hex::decode(trace["output"].as_str().unwrap()).unwrap())
    };
    let plain = TraceCallOptions::default();
    assert_eq!(output(BlockId::latest(), &plain), U256::from(5));
    let overridden = TraceCallOptions {
        overrides: EvmOverrides::state(Some(StateOverride::from_iter([(
            reader,
            AccountOverride {
                state_diff: Some(std::iter::once((B256::ZERO, B256::with_last_byte(8))).collect()),
                ..AccountOverride::default()
            },
        )]))),
        ..TraceCallOptions::default()
    };
    assert_eq!(output(BlockId::latest(), &overridden), U256::from(8));

    // TIMESTAMP, returned.
    let clock = deploy(&chain, &hex!("425f5260205ff3"));
    let asks = request(alice(&chain), clock, vec![]);
    let later = BlockOverrides {
        time: Some(77),
        ..BlockOverrides::default()
    };
    let options = TraceCallOptions {
        overrides: EvmOverrides::new(None, Some(Box::new(later))),
        ..TraceCallOptions::default()
    };
    let trace = chain
        .trace_call(BlockId::latest(), &asks, &options, CALLS)
        .unwrap();
    let expected = U256::from(77).to_be_bytes::<32>();
    assert_eq!(trace["output"], json!(hex::encode_prefixed(expected)));
}

#[test]
fn a_call_can_be_placed_between_the_transactions_of_a_block() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    chain.set_automine(false);
    for number in 1..=3 {
        let mut call = request(alice(&chain), program, act_word(act::STORE, number));
        call.gas = Some(1_000_000);
        chain.send(call).unwrap();
    }
    let block = chain.mine().header.number;
    let asks = request(alice(&chain), program, vec![act::LOAD]);
    let after = |count| {
        let options = TraceCallOptions {
            after_transactions: Some(count),
            ..TraceCallOptions::default()
        };
        chain.trace_call(block.into(), &asks, &options, CALLS)
    };
    for count in 0..=3 {
        let expected = U256::from(count).to_be_bytes::<32>();
        assert_eq!(
            after(count).unwrap()["output"],
            json!(hex::encode_prefixed(expected))
        );
    }
    assert_eq!(
        after(4),
        Err(TraceError::NoSuchIndex {
            block,
            index: 4,
            transactions: 3
        })
    );
}

#[test]
fn what_is_not_there_has_no_trace() {
    let chain = chain();
    assert_eq!(
        chain.trace_transaction(NOTHING, CALLS),
        Err(TraceError::UnknownTransaction(NOTHING))
    );
    assert_eq!(chain.trace_block(0.into(), CALLS), Err(TraceError::Genesis));
    assert!(matches!(
        chain.trace_block(7.into(), CALLS),
        Err(TraceError::Block(_))
    ));
}

#[test]
fn traces_of_transactions_that_pay_for_data_agree_with_their_receipts() {
    let chain = chain();
    let program = deploy_program(&chain, &actor());
    chain.set_l1_price_per_unit(params::BASE_FEE);
    let before = chain.balance(alice(&chain));
    let mined = send_with_gas(
        &chain,
        request(alice(&chain), program, act_word(act::STORE, 3)),
        2_000_000,
    );
    // Neither a price that is set later nor a later balance matters.
    chain.set_l1_price_per_unit(0);
    chain.set_balance(alice(&chain), U256::ZERO);
    chain.mine();
    let receipt = mined.receipt();
    assert!(receipt.success && receipt.gas_used_for_l1 > 1_000);

    let calls = trace(&chain, &mined, CALLS);
    assert_eq!(number(&calls["gasUsed"]), receipt.gas_used);
    assert_eq!(number(&calls["gas"]), 2_000_000);
    let steps = trace(&chain, &mined, TraceKind::Steps(StepOptions::default()));
    assert_eq!(steps["gas"], json!(receipt.gas_used));
    let changes = TraceKind::Prestate(PrestateOptions {
        diff_mode: true,
        ..PrestateOptions::default()
    });
    let changes = trace(&chain, &mined, changes);
    let sender = alice(&chain).to_string().to_lowercase();
    let paid = U256::from(receipt.gas_used) * U256::from(params::BASE_FEE);
    assert_eq!(changes["pre"][&sender]["balance"], json!(before));
    assert_eq!(changes["post"][&sender]["balance"], json!(before - paid));
}
