//! Calls and creations: what a program asks for, what it pays, what it gets back.

use std::collections::HashMap;

use crate::world::{
    CALLER, CONTRACT, GAS, HEADER, INK, MemoryWorld, environment, expect_call, expect_create,
    expect_done, frame, hook, ink_used, machine, program, starting_ink, with_body,
};
use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_devnet::stylus::{
    CallKind, CallRequest, Fault, Machine, MachineError, Outcome, Program, Resume, Status, Step,
    StylusParams,
};

pub(crate) const TARGET: Address = Address::repeat_byte(0x7A);
/// Ink of a call: three pointers, the way to the chain, and two readings of no data.
const CALL: u64 = 8_400 + 3 * 5_040 + 59_673 + 2 * 16_381;
const CREATE1: u64 = CALL;
const CREATE2: u64 = CALL + 5_040;

fn imports() -> String {
    [
        hook(
            "call_contract",
            "(param i32 i32 i32 i32 i64 i32) (result i32)",
        ),
        hook(
            "delegate_call_contract",
            "(param i32 i32 i32 i64 i32) (result i32)",
        ),
        hook(
            "static_call_contract",
            "(param i32 i32 i32 i64 i32) (result i32)",
        ),
        hook("create1", "(param i32 i32 i32 i32 i32)"),
        hook("create2", "(param i32 i32 i32 i32 i32 i32)"),
        hook("read_return_data", "(param i32 i32 i32) (result i32)"),
        hook("return_data_size", "(result i32)"),
        hook("write_result", "(param i32 i32)"),
        hook("evm_gas_left", "(result i64)"),
    ]
    .join("\n")
}

/// A program with the target's address at 0, `value` wei as a word at 32, and calldata
/// or init code `"input"` at 64. It returns what it writes at 128.
fn caller(value: u64, body: &str) -> Program {
    let address: String = TARGET.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let value: String = U256::from(value)
        .to_be_bytes::<32>()
        .iter()
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    program(&format!(
        r#"(module {}
             (memory (export "memory") 1 1)
             (data (i32.const 0) "{address}")
             (data (i32.const 32) "{value}")
             (data (i32.const 64) "input")
             (func (export "user_entrypoint") (param i32) (result i32) {body}))"#,
        imports()
    ))
}

/// Calls with five bytes of input and as much gas as can be had; ends with the call's status.
const CALL_BODY: &str = "i32.const 0 i32.const 64 i32.const 5 i32.const 32 i64.const -1
                         i32.const 124 call $call_contract";

pub(crate) fn start(world: &mut MemoryWorld, machine: &mut Machine) -> Step {
    machine
        .run(world, Resume::Start)
        .expect("memory cannot fail")
}

pub(crate) fn called(success: bool, output: &[u8], gas_left: u64) -> Resume {
    Resume::Called {
        success,
        output: Bytes::copy_from_slice(output),
        gas_left,
        refund: 0,
    }
}

pub(crate) fn created(address: Option<Address>, output: &[u8], gas_left: u64) -> Resume {
    Resume::Created {
        address,
        output: Bytes::copy_from_slice(output),
        gas_left,
        refund: 0,
    }
}

pub(crate) fn finish(world: &mut MemoryWorld, machine: &mut Machine, resume: Resume) -> Outcome {
    expect_done(machine.run(world, resume).expect("memory cannot fail"))
}

/// Gas at the moment of the first call: const six times (one a long) and call 3,800.
fn gas_at_call(program: &Program, host_ink: u64, constants: u64) -> u64 {
    let ink = starting_ink(program) - (HEADER + constants + 3_800) - host_ink;
    ink / INK
}

#[test]
fn a_call_forwards_63_of_64_parts_of_the_gas() {
    let program = caller(0, CALL_BODY);
    let mut world = MemoryWorld::default();
    let mut machine = machine(&program, frame());
    let request = expect_call(start(&mut world, &mut machine));

    let gas = gas_at_call(&program, CALL, 6);
    assert_eq!(request.kind, CallKind::Call);
    assert_eq!((request.code_address, request.contract), (TARGET, TARGET));
    assert_eq!(request.caller, CONTRACT);
    assert_eq!(request.value, U256::ZERO);
    assert_eq!(request.input, Bytes::from_static(b"input"));
    assert!(!request.is_static);
    // A cold account costs 2,600.
    assert_eq!(request.gas_limit, (gas - 2_600) * 63 / 64);

    // It uses 1,000 gas. What follows is the block with the function's end.
    let outcome = finish(
        &mut world,
        &mut machine,
        called(true, b"", request.gas_limit - 1_000),
    );
    assert_eq!(outcome.status, Status::Success);
    assert_eq!(
        ink_used(&program, &outcome),
        (HEADER + 3_806) + CALL + 3_600 * INK + (HEADER + 1)
    );
}

#[test]
fn a_call_to_a_warm_account_costs_100() {
    let program = caller(0, CALL_BODY);
    let mut world = MemoryWorld::default();
    world.warm_accounts.insert(TARGET);
    let mut machine = machine(&program, frame());
    let request = expect_call(start(&mut world, &mut machine));
    assert_eq!(
        request.gas_limit,
        (gas_at_call(&program, CALL, 6) - 100) * 63 / 64
    );
}

#[test]
fn less_gas_can_be_given() {
    let program = caller(0, &CALL_BODY.replace("i64.const -1", "i64.const 5000"));
    let mut world = MemoryWorld::default();
    let request = expect_call(start(&mut world, &mut machine(&program, frame())));
    assert_eq!(request.gas_limit, 5_000);
}

#[test]
fn value_costs_9000_and_gives_a_stipend() {
    let body = CALL_BODY.replace("i64.const -1", "i64.const 0");
    let program = caller(77, &body);
    let mut world = MemoryWorld::default();
    world.balances.insert(TARGET, U256::from(1u64));
    let mut machine = machine(&program, frame());
    let request = expect_call(start(&mut world, &mut machine));
    assert_eq!(request.value, U256::from(77u64));
    assert_eq!(request.gas_limit, 2_300);
    // What the callee uses of the stipend is paid by the caller, on Nitro.
    let outcome = finish(&mut world, &mut machine, called(true, b"", 2_000));
    assert_eq!(
        ink_used(&program, &outcome),
        (HEADER + 3_806) + CALL + (2_600 + 9_000 + 300) * INK + (HEADER + 1)
    );
}

#[test]
fn value_to_an_account_that_does_not_exist_costs_25000_more() {
    let program = caller(1, CALL_BODY);
    let mut world = MemoryWorld::default();
    let mut machine = machine(&program, frame());
    let request = expect_call(start(&mut world, &mut machine));
    let gas = gas_at_call(&program, CALL, 6);
    assert_eq!(request.gas_limit, (gas - 36_600) * 63 / 64 + 2_300);
}

#[test]
fn a_call_that_cannot_be_paid_fails_and_takes_what_is_left() {
    let program = caller(1, CALL_BODY);
    let start_gas = program.costs().start_gas(&StylusParams::default(), false);
    let mut world = MemoryWorld::default();
    let mut frame = frame();
    // Enough for the call's ink, not for its 36,600 gas: all whole gas is taken, which
    // leaves what is broken into, enough for the end of the program.
    frame.gas = start_gas + 20_000;
    let outcome = expect_done(start(&mut world, &mut machine(&program, frame)));
    let broken = (20_000 * INK - (HEADER + 3_806) - CALL) % INK;
    assert_eq!(
        outcome.status,
        Status::Revert,
        "the program ends with the status of the call"
    );
    assert_eq!(
        (outcome.gas_left, outcome.ink_left),
        (0, broken - (HEADER + 1))
    );
}

#[test]
fn failure_is_status_2_with_its_data() {
    // Returns the status, the length of the data, and the data itself.
    let body = "i32.const 128
                i32.const 0 i32.const 64 i32.const 5 i32.const 32 i64.const -1 i32.const 132
                call $call_contract
                i32.store8
                i32.const 136 i32.const 1 i32.const 100 call $read_return_data drop
                i32.const 129 call $return_data_size i32.store8
                i32.const 128 i32.const 10 call $write_result
                i32.const 0";
    let program = caller(0, body);
    let mut world = MemoryWorld::default();
    let mut machine = machine(&program, frame());
    let request = expect_call(start(&mut world, &mut machine));
    let resume = called(false, b"why", request.gas_limit / 2);
    let outcome = finish(&mut world, &mut machine, resume);
    assert_eq!(outcome.output[..], [2, 3, 0, 0, 3, 0, 0, 0, b'h', b'y']);
}

#[test]
fn return_data_is_read_in_parts_and_paid_for_by_what_can_be_written() {
    let ink = |offset: i32, size: i32, available: usize| {
        let body = format!(
            "{CALL_BODY} drop
             i32.const 256 i32.const {offset} i32.const {size} call $read_return_data"
        );
        let program = caller(0, &body);
        let mut world = MemoryWorld::default();
        let mut machine = machine(&program, frame());
        let request = expect_call(start(&mut world, &mut machine));
        let resume = called(true, &vec![1; available], request.gas_limit);
        let outcome = finish(&mut world, &mut machine, resume);
        let other = (HEADER + 3_806) + CALL + 2_600 * INK + (HEADER + 9 + 3 + 3_800) + HEADER + 1;
        ink_used(&program, &outcome) - other - 8_400 - 59_673
    };
    assert_eq!(ink(0, 100, 100), 5_040 + 30 * 68);
    assert_eq!(ink(60, 100, 100), 5_040 + 30 * 8);
    assert_eq!(ink(100, 100, 100), 5_040);
    assert_eq!(ink(-1, -1, 100), 5_040);
    assert_eq!(ink(0, -1, 0), 5_040);
}

#[test]
fn a_static_frame_calls_statically_and_cannot_pay() {
    let mut frame = frame();
    frame.is_static = true;
    let program = caller(0, CALL_BODY);
    let mut world = MemoryWorld::default();
    let request = expect_call(start(&mut world, &mut machine(&program, frame.clone())));
    assert!(request.is_static);

    // With value: status 2 at once, at no gas but the ink of asking.
    let program = caller(1, CALL_BODY);
    let outcome = expect_done(start(&mut world, &mut machine(&program, frame)));
    assert_eq!(outcome.status, Status::Revert);
    assert_eq!(
        ink_used(&program, &outcome),
        (HEADER + 3_806) + CALL + (HEADER + 1)
    );
}

#[test]
fn a_static_call_makes_its_frame_static() {
    let body = "i32.const 0 i32.const 64 i32.const 5 i64.const -1 i32.const 124
                call $static_call_contract";
    let program = caller(1, body);
    let mut world = MemoryWorld::default();
    let request = expect_call(start(&mut world, &mut machine(&program, frame())));
    assert_eq!(request.kind, CallKind::Static);
    assert!(request.is_static);
    assert_eq!((request.contract, request.caller), (TARGET, CONTRACT));
    assert_eq!(request.value, U256::ZERO);
    assert_eq!(
        request.gas_limit,
        (gas_at_call(&program, CALL, 5) - 2_600) * 63 / 64
    );
}

#[test]
fn a_delegate_call_keeps_contract_caller_and_value() {
    let body = "i32.const 0 i32.const 64 i32.const 5 i64.const -1 i32.const 124
                call $delegate_call_contract";
    let program = caller(0, body);
    let mut frame = frame();
    frame.value = U256::from(5u64);
    let mut world = MemoryWorld::default();
    let request = expect_call(start(&mut world, &mut machine(&program, frame)));
    assert_eq!(request.kind, CallKind::Delegate);
    assert_eq!(request.code_address, TARGET);
    assert_eq!((request.contract, request.caller), (CONTRACT, CALLER));
    assert_eq!(request.value, U256::from(5u64));
    // Its value is not moved and not paid for: no 9,000, no stipend.
    assert_eq!(
        request.gas_limit,
        (gas_at_call(&program, CALL, 5) - 2_600) * 63 / 64
    );
}

#[test]
fn refunds_of_successful_calls_count() {
    let program = caller(0, CALL_BODY);
    for (success, refund) in [(true, 4_800), (false, 0)] {
        let mut world = MemoryWorld::default();
        let mut machine = machine(&program, frame());
        expect_call(start(&mut world, &mut machine));
        let resume = Resume::Called {
            success,
            output: Bytes::new(),
            gas_left: 0,
            refund: 4_800,
        };
        assert_eq!(finish(&mut world, &mut machine, resume).refund, refund);
    }
}

const CREATE_BODY: &str = "i32.const 64 i32.const 5 i32.const 32 i32.const 128 i32.const 124
                           call $create1
                           i32.const 124 i32.const 24 call $write_result i32.const 0";

#[test]
fn a_creation_costs_32000_and_keeps_a_64th() {
    let program = caller(9, CREATE_BODY);
    let mut world = MemoryWorld::default();
    let mut machine = machine(&program, frame());
    let request = expect_create(start(&mut world, &mut machine));
    assert_eq!(request.caller, CONTRACT);
    assert_eq!(request.value, U256::from(9u64));
    assert_eq!(request.init_code, Bytes::from_static(b"input"));
    assert_eq!(request.salt, None);
    let gas = gas_at_call(&program, CREATE1, 5) - 32_000;
    assert_eq!(request.gas_limit, gas - gas / 64);

    let resume = created(Some(TARGET), b"ignored", request.gas_limit - 500);
    let outcome = finish(&mut world, &mut machine, resume);
    assert_eq!(outcome.status, Status::Success);
    // No return data; then the address.
    assert_eq!(
        outcome.output,
        Bytes::from([&[0; 4], TARGET.as_slice()].concat())
    );
    let result = (HEADER + 2 + 3_800) + 8_400 + 2 * 16_381 + (HEADER + 2);
    assert_eq!(
        ink_used(&program, &outcome),
        (HEADER + 3_805) + CREATE1 + 32_500 * INK + result
    );
}

#[test]
fn a_failed_creation_gives_no_address_and_its_revert_data() {
    let program = caller(0, CREATE_BODY);
    let mut world = MemoryWorld::default();
    let mut machine = machine(&program, frame());
    let request = expect_create(start(&mut world, &mut machine));
    let resume = created(None, b"no", request.gas_limit);
    let outcome = finish(&mut world, &mut machine, resume);
    assert_eq!(
        outcome.output,
        Bytes::from([&[2, 0, 0, 0][..], &[0; 20]].concat())
    );
}

#[test]
fn a_salted_creation_pays_for_hashing_its_code() {
    let body = "i32.const 64 i32.const 33 i32.const 96 i32.const 0 i32.const 128 i32.const 124
                call $create2 i32.const 0";
    let program = caller(0, body);
    let mut world = MemoryWorld::default();
    let request = expect_create(start(&mut world, &mut machine(&program, frame())));
    // The salt is the word at 0: the address and twelve zero bytes.
    assert_eq!(
        request.salt,
        Some(B256::right_padding_from(TARGET.as_slice()))
    );
    // 33 bytes are two words of 6 gas; reading them costs 55 ink twice on top.
    let gas = gas_at_call(&program, CREATE2 + 110, 6) - 32_000 - 12;
    assert_eq!(request.gas_limit, gas - gas / 64);
}

#[test]
fn creating_in_a_static_frame_or_without_gas_fails_the_program() {
    let program = caller(0, CREATE_BODY);
    let mut world = MemoryWorld::default();
    let mut in_static = frame();
    in_static.is_static = true;
    let outcome = expect_done(start(&mut world, &mut machine(&program, in_static)));
    assert_eq!(
        outcome.status,
        Status::Failure(Fault::WriteProtection("a creation"))
    );
    assert!(outcome.gas_left > 0);

    let mut poor = frame();
    poor.gas = program.costs().start_gas(&StylusParams::default(), false) + 30_000;
    let outcome = expect_done(start(&mut world, &mut machine(&program, poor)));
    assert!(matches!(
        outcome.status,
        Status::Failure(Fault::CreateGas { needed: 32_000, .. })
    ));
    assert!(outcome.gas_left > 0);
}

#[test]
fn the_storage_cache_outlives_a_call() {
    // Nitro neither flushes nor clears it by itself: the SDK does.
    let program = program(&format!(
        r#"(module {} {} {}
             (memory (export "memory") 1 1)
             (func (export "user_entrypoint") (param i32) (result i32)
               i32.const 64 i32.const 0 call $storage_load_bytes32
               {CALL_BODY} drop
               i32.const 64 i32.const 0 call $storage_load_bytes32
               i32.const 0))"#,
        hook(
            "call_contract",
            "(param i32 i32 i32 i32 i64 i32) (result i32)"
        ),
        hook("storage_load_bytes32", "(param i32 i32)"),
        hook("storage_cache_bytes32", "(param i32 i32)"),
    ));
    let mut world = MemoryWorld::default();
    let mut machine = machine(&program, frame());
    expect_call(start(&mut world, &mut machine));
    let outcome = finish(&mut world, &mut machine, called(true, b"", 0));
    assert_eq!(outcome.status, Status::Success);
    assert_eq!(world.loads, 1);
}

#[test]
fn a_machine_refuses_what_it_does_not_wait_for() {
    let program = caller(0, CALL_BODY);
    let mut world = MemoryWorld::default();
    let mut machine = machine(&program, frame());
    let out_of_turn = |result| assert!(matches!(result, Err(MachineError::OutOfTurn(_))));
    out_of_turn(machine.run(&mut world, called(true, b"", 0)));
    expect_call(start(&mut world, &mut machine));
    out_of_turn(machine.run(&mut world, Resume::Start));
    out_of_turn(machine.run(&mut world, created(None, b"", 0)));
    // It still waits, and ends as it should.
    let outcome = finish(&mut world, &mut machine, called(true, b"", 0));
    assert_eq!(outcome.status, Status::Success);
    out_of_turn(machine.run(&mut world, called(true, b"", 0)));
}

#[test]
fn pages_stay_open_while_a_program_waits() {
    let program = caller(0, CALL_BODY);
    let mut world = MemoryWorld::default();
    let mut machine = machine(&program, frame());
    expect_call(start(&mut world, &mut machine));
    assert_eq!(world.pages.open, 1);
    finish(&mut world, &mut machine, called(true, b"", 0));
    assert_eq!((world.pages.open, world.pages.ever), (0, 1));
}

/// Runs a tree of calls between programs as a chain does, with a stack of its own.
fn run_all(world: &mut MemoryWorld, programs: &HashMap<Address, Program>, gas: u64) -> Outcome {
    let enter = |request: &CallRequest| {
        let mut frame = frame();
        frame.contract = request.contract;
        frame.caller = request.caller;
        frame.calldata = request.input.clone();
        frame.gas = request.gas_limit;
        let program = &programs[&request.code_address];
        Machine::start(program, frame, &environment(), &StylusParams::default())
    };
    let mut stack = vec![enter(&CallRequest {
        kind: CallKind::Call,
        code_address: TARGET,
        contract: TARGET,
        caller: CALLER,
        value: U256::ZERO,
        input: Bytes::new(),
        gas_limit: gas,
        is_static: false,
    })];
    let mut resume = Resume::Start;
    loop {
        let machine = stack
            .last_mut()
            .expect("the loop returns with the first frame");
        match machine.run(world, resume).expect("memory cannot fail") {
            Step::Call(request) if stack.len() < 1024 => {
                stack.push(enter(&request));
                resume = Resume::Start;
            }
            Step::Call(request) => resume = called(false, b"", request.gas_limit),
            Step::Create(request) => resume = created(None, b"", request.gas_limit),
            Step::Done(outcome) => {
                stack.pop();
                if stack.is_empty() {
                    return outcome;
                }
                let success = outcome.status == Status::Success;
                resume = called(success, &outcome.output, outcome.gas_left);
            }
        }
    }
}

#[test]
fn nested_calls_end_when_their_pages_cannot_be_paid() {
    // Each frame opens one page, and no gas buys the 129th.
    let program = caller(0, &format!("{CALL_BODY} drop i32.const 0"));
    let programs = HashMap::from([(TARGET, program)]);
    let mut world = MemoryWorld::default();
    let outcome = run_all(&mut world, &programs, u64::MAX / 20_000);
    assert_eq!(outcome.status, Status::Success);
    assert_eq!((world.pages.open, world.pages.ever), (0, 128));
}

#[test]
fn gas_is_conserved_through_nested_calls() {
    // The outer program calls one that returns at once: what both use is what is missing.
    let leaf = with_body("i32.const 0");
    let program = caller(0, CALL_BODY);
    let mut world = MemoryWorld::default();
    let mut outer = machine(&program, frame());
    let request = expect_call(start(&mut world, &mut outer));
    let mut inner_frame = frame();
    inner_frame.gas = request.gas_limit;
    let inner = expect_done(start(&mut world, &mut machine(&leaf, inner_frame)));
    let outcome = finish(&mut world, &mut outer, called(true, b"", inner.gas_left));

    let start_gas = |program: &Program| program.costs().start_gas(&StylusParams::default(), false);
    // The leaf's 2,452 ink round up to one gas; the caller's own ink likewise.
    let used = start_gas(&leaf) + 1 + 2_600;
    let own = ((HEADER + 3_806) + CALL + (HEADER + 1)).div_ceil(INK);
    assert_eq!(outcome.gas_left, GAS - start_gas(&program) - used - own);
}
