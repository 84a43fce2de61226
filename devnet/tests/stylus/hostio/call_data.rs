//! Input, result and status of a call.

use alloy_primitives::hex;

use super::*;

#[test]
fn calldata_and_result_cost_by_the_byte() {
    for len in [0u64, 1, 32, 33, 1000] {
        let calldata = Bytes::from(vec![0xAB; len as usize]);
        let call = HostCall::new("read_args", "i32", &[out()]).returning(len as u32);
        let mut frame = frame();
        frame.calldata = calldata.clone();
        let (ink, outcome) = call.run_in(&mut MemoryWorld::default(), frame);
        assert_eq!(outcome.output, calldata);
        assert_eq!(
            ink,
            BASE + 5_040 + 30 * len.saturating_sub(32),
            "{len} bytes"
        );
    }
}

#[test]
fn the_entrypoint_gets_the_length_of_the_calldata() {
    let program = with_imports("", "local.get 0 i32.const 77 i32.ne");
    let mut frame = frame();
    frame.calldata = vec![1; 77].into();
    assert_eq!(
        run_in(&mut MemoryWorld::default(), &program, frame).status,
        Status::Success
    );
}

#[test]
fn a_status_other_than_zero_reverts_with_the_result_as_data() {
    let program = with_imports(
        &hook("write_result", "(param i32 i32)"),
        "i32.const 0 i32.const 5 call $write_result i32.const 7",
    );
    let outcome = run(&program);
    assert_eq!(outcome.status, Status::Revert);
    assert_eq!(outcome.output, Bytes::from(vec![0; 5]));
    assert!(outcome.gas_left > 0);
}

#[test]
fn exiting_early_is_free_and_takes_the_status() {
    let exit = |status: i32| {
        with_imports(
            &format!(
                "{}{}",
                hook("exit_early", "(param i32)"),
                hook("write_result", "(param i32 i32)")
            ),
            &format!(
                "i32.const 0 i32.const 3 call $write_result
                 i32.const {status} call $exit_early
                 unreachable"
            ),
        )
    };
    let program = exit(0);
    let outcome = run(&program);
    assert_eq!(outcome.status, Status::Success);
    assert_eq!(outcome.output.len(), 3);
    // const const call | const call, and nothing for the exit itself.
    assert_eq!(
        ink_used(&program, &outcome),
        (HEADER + 2 + 3_800 + result_ink(3)) + (HEADER + 1 + 3_800)
    );
    assert_eq!(run(&exit(1)).status, Status::Revert);
    assert_eq!(run(&exit(-1)).status, Status::Revert);
}

#[test]
fn a_trap_reverts_without_data_and_keeps_gas() {
    let program = with_imports(
        &hook("write_result", "(param i32 i32)"),
        "i32.const 0 i32.const 5 call $write_result i32.const 1 i32.const 0 i32.div_u",
    );
    let outcome = run(&program);
    assert!(matches!(outcome.status, Status::Failure(Fault::Trap(_))));
    assert!(outcome.output.is_empty());
    assert!(outcome.gas_left > 0);
}

#[test]
fn return_data_costs_at_least_what_it_costs_in_the_evm() {
    // 65,536 bytes are 2,048 words: 3 · 2,048 + 2,048² / 512 = 14,336 gas in the EVM; ink
    // for it is 2 · (16,381 + 55 · 65,504) = 722 gas. The whole program costs less than
    // 14,336 when it is cached, so the rule bites.
    let program = with_imports(
        &hook("write_result", "(param i32 i32)"),
        "i32.const 0 i32.const 65536 call $write_result i32.const 0",
    );
    let with_gas = |gas| {
        let mut frame = frame();
        (frame.gas, frame.cached) = (gas, true);
        run_in(&mut MemoryWorld::default(), &program, frame)
    };
    let outcome = with_gas(GAS);
    assert_eq!(outcome.gas_left, GAS - 14_336);
    assert_eq!(with_gas(14_336).gas_left, 0);
    assert_eq!(with_gas(14_336).status, Status::Success);
    let short = with_gas(14_335);
    assert_eq!((short.status, short.gas_left), (Status::OutOfInk, 0));
    assert!(short.output.is_empty());
}

#[test]
fn output_is_the_last_result_written() {
    let program = program(&format!(
        r#"(module {}
             (memory (export "memory") 1 1)
             (data (i32.const 0) "\de\ad\be\ef")
             (func (export "user_entrypoint") (param i32) (result i32)
               i32.const 0 i32.const 4 call $write_result
               i32.const 2 i32.const 2 call $write_result
               i32.const 0))"#,
        hook("write_result", "(param i32 i32)")
    ));
    assert_eq!(run(&program).output, Bytes::from(hex!("beef")));
}
