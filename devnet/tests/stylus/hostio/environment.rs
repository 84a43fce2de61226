//! The block, the transaction, the message, and what is left to spend.

use alloy_primitives::U256;

use super::*;

#[test]
fn numbers_of_the_chain_cost_the_base() {
    let env = environment();
    let number = |name, ty| {
        let (ink, output) = HostCall::new(name, "", &[]).with_result(ty).output();
        assert_eq!(ink, BASE, "{name}");
        let mut bytes = [0; 8];
        bytes[..output.len()].copy_from_slice(&output);
        u64::from_le_bytes(bytes)
    };
    assert_eq!(number("block_gas_limit", "i64"), env.block_gas_limit);
    assert_eq!(number("block_number", "i64"), env.l1_block_number);
    assert_eq!(number("block_timestamp", "i64"), env.timestamp);
    assert_eq!(number("chainid", "i64"), env.chain_id);
    assert_eq!(number("tx_ink_price", "i32"), 10_000);
    assert_eq!(number("msg_reentrant", "i32"), 0);
    assert_eq!(number("return_data_size", "i32"), 0);
}

#[test]
fn a_reentered_program_knows_it() {
    let mut frame = frame();
    frame.reentrant = true;
    let call = HostCall::new("msg_reentrant", "", &[]).with_result("i32");
    let (_, outcome) = call.run_in(&mut MemoryWorld::default(), frame);
    assert_eq!(outcome.output, Bytes::from(vec![1, 0, 0, 0]));
}

#[test]
fn words_of_the_chain_cost_a_pointer_more() {
    let env = environment();
    let mut frame = frame();
    frame.value = U256::from(12_345u64);
    let read = |name, len| {
        let call = HostCall::new(name, "i32", &[out()]).returning(len);
        let (ink, outcome) = call.run_in(&mut MemoryWorld::default(), frame.clone());
        assert_eq!(outcome.status, Status::Success, "{name}");
        assert_eq!(ink, BASE + POINTER, "{name}");
        outcome.output
    };
    let word = |value: U256| Bytes::from(value.to_be_bytes::<32>());
    assert_eq!(read("block_basefee", 32), word(env.base_fee));
    assert_eq!(read("tx_gas_price", 32), word(env.gas_price));
    assert_eq!(read("msg_value", 32), word(U256::from(12_345u64)));
    assert_eq!(
        read("block_coinbase", 20),
        Bytes::copy_from_slice(env.coinbase.as_slice())
    );
    assert_eq!(
        read("tx_origin", 20),
        Bytes::copy_from_slice(env.origin.as_slice())
    );
    assert_eq!(
        read("contract_address", 20),
        Bytes::copy_from_slice(CONTRACT.as_slice())
    );
    assert_eq!(
        read("msg_sender", 20),
        Bytes::copy_from_slice(CALLER.as_slice())
    );
}

#[test]
fn gas_and_ink_left_are_those_after_the_call_is_paid() {
    for (name, per) in [("evm_ink_left", 1), ("evm_gas_left", INK)] {
        let call = HostCall::new(name, "", &[]).with_result("i64");
        let (ink, output) = call.output();
        assert_eq!(ink, BASE);
        // Up to the call: the block with const 1 and call 3,800.
        let left = starting_ink(&call.program()) - (HEADER + 3_801) - BASE;
        assert_eq!(output, Bytes::from((left / per).to_le_bytes()));
    }
}
