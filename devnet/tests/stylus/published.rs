//! Totals that were not worked out here: Nitro's own tests state them, and a chain under
//! ArbOS 61 charges them.
//!
//! Each test names the file and function of Nitro v3.10.0 that it has its numbers from. The
//! programs are written anew; what a host function costs does not depend on its caller.

use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_devnet::stylus::{MemoryModel, Pages, Program, Status, StylusParams, activate};

use crate::calls::{TARGET, called, created, finish, start};
use crate::host_call::{HostCall, OUT};
use crate::world::*;

const OUT_AT: i64 = OUT as i64;

/// An account with code, and one that the transaction touched before.
const OTHER: Address = Address::repeat_byte(0xAC);
const WARM: Address = Address::repeat_byte(0x1A);

fn ink_of(world: &mut MemoryWorld, call: &HostCall) -> u64 {
    call.output_in(world).0
}

/// `system_tests/program_ink_test.go`, `TestSimpleInkUsage`, `TestMsgReentrantInkUsage` and
/// `TestStorageCacheBytes32InkUsage`.
#[test]
fn simple_host_functions() {
    let number = |name, ty, ink| (HostCall::new(name, "", &[]).with_result(ty), ink);
    let words = |name, ink| (HostCall::new(name, "i32", &[OUT_AT]), ink);
    let at = |name, args: &[i64], ink| {
        let params = ["i32", "i32 i32", "i32 i32 i32"][args.len() - 1];
        (HostCall::new(name, params, args), ink)
    };
    let on =
        |account: Address, (call, ink): (HostCall, u64)| (call.with_data(account.as_slice()), ink);
    for (call, ink) in [
        at("transient_load_bytes32", &[0, OUT_AT], 1_078_153),
        at("transient_store_bytes32", &[0, 32], 1_078_153),
        number("return_data_size", "i32", 8_400),
        on(WARM, at("account_balance", &[0, OUT_AT], 1_078_153)),
        on(OTHER, at("account_codehash", &[0, OUT_AT], 26_078_153)),
        number("evm_gas_left", "i64", 8_400),
        number("evm_ink_left", "i64", 8_400),
        words("block_basefee", 13_440),
        number("chainid", "i64", 8_400),
        words("block_coinbase", 13_440),
        number("block_gas_limit", "i64", 8_400),
        number("block_number", "i64", 8_400),
        number("block_timestamp", "i64", 8_400),
        words("contract_address", 13_440),
        at("math_div", &[0, 32], 43_520),
        at("math_mod", &[0, 32], 43_520),
        at("math_add_mod", &[0, 32, 64], 49_560),
        at("math_mul_mod", &[0, 32, 64], 52_660),
        words("msg_sender", 13_440),
        words("msg_value", 13_440),
        words("tx_gas_price", 13_440),
        number("tx_ink_price", "i32", 8_400),
        words("tx_origin", 13_440),
        number("msg_reentrant", "i32", 8_400),
        at("storage_cache_bytes32", &[0, 32], 18_480),
    ] {
        let mut world = MemoryWorld::default();
        world.codes.insert(OTHER, Bytes::from_static(b"code"));
        world.warm_accounts.insert(WARM);
        assert_eq!(ink_of(&mut world, &call), ink, "{}", call.name);
    }
}

/// `system_tests/program_ink_test.go`, `TestSimpleInkUsage` and `TestAccountCodeInkUsage`. The
/// totals of the latter tell how long the code was that Nitro's tests read: 120, 206, 179 and
/// 135 bytes.
#[test]
fn code_of_other_accounts() {
    let world = |len: usize| {
        let mut world = MemoryWorld::default();
        world.codes.insert(OTHER, Bytes::from(vec![0xEF; len]));
        world
    };
    let size = HostCall::new("account_code_size", "i32", &[0])
        .with_data(OTHER.as_slice())
        .with_result("i32");
    assert_eq!(ink_of(&mut world(9), &size), 33_068_073);
    for (len, ink) in [
        (120, 33_075_753),
        (206, 33_078_333),
        (179, 33_077_523),
        (135, 33_076_203),
    ] {
        let code = HostCall::new("account_code", "i32 i32 i32 i32", &[0, 0, 0, OUT_AT])
            .with_data(OTHER.as_slice())
            .with_result("i32");
        assert_eq!(ink_of(&mut world(len), &code), ink, "{len} bytes");
    }
}

/// `system_tests/program_ink_test.go`, `TestPowInkUsage`: the base is 1, the exponent the
/// largest power of two with so many bytes.
#[test]
fn powers() {
    for (bytes, ink) in [(1u32, 61_520), (2, 79_020), (10, 219_020), (32, 604_020)] {
        let exponent = U256::from(1u8) << (8 * bytes as usize - 1);
        let data = [
            U256::from(1u8).to_be_bytes::<32>(),
            exponent.to_be_bytes::<32>(),
        ]
        .concat();
        let call = HostCall::new("math_pow", "i32 i32", &[0, 32]).with_data(&data);
        assert_eq!(call.output().0, ink, "{bytes} bytes");
    }
}

/// A program that does `body` with `$load`, `$store` (of the value at 32) and `$flush` on the
/// slot of number 0, and tells the ink that each of them used, in the order of their calls.
fn storage_ink(world: &mut MemoryWorld, steps: &[&str]) -> Vec<u64> {
    let ink_left = "call $evm_ink_left";
    let mut body = String::new();
    for (at, step) in steps.iter().enumerate() {
        let at = 4096 + 8 * at;
        body += &format!("i32.const {at} {ink_left} {step} {ink_left} i64.sub i64.store\n");
    }
    let program = program(&format!(
        r#"(module {} {} {} {} {}
             (memory (export "memory") 1 1)
             (data (i32.const 32) "{}{}")
             (func (export "user_entrypoint") (param i32) (result i32)
               {body} i32.const 4096 i32.const {} call $write_result i32.const 0))"#,
        hook("storage_load_bytes32", "(param i32 i32)"),
        hook("storage_cache_bytes32", "(param i32 i32)"),
        hook("storage_flush_cache", "(param i32)"),
        hook("evm_ink_left", "(result i64)"),
        hook("write_result", "(param i32 i32)"),
        "\\07".repeat(32),
        "\\08".repeat(32),
        8 * steps.len(),
    ));
    let outcome = run_in(world, &program, frame());
    assert_eq!(outcome.status, Status::Success);
    outcome
        .output
        .as_chunks::<8>()
        .0
        .iter()
        .zip(steps)
        .map(|(ink, step)| {
            // Besides the host function: its constants and the call, the block of the
            // second question, and the question itself.
            let constants = step.matches("const").count() as u64;
            u64::from_le_bytes(*ink) - (HEADER + constants + 3_800) - (HEADER + 3_800 + 8_400)
        })
        .collect()
}

const LOAD: &str = "i32.const 0 i32.const 128 call $storage_load_bytes32";
const STORE_7: &str = "i32.const 0 i32.const 32 call $storage_cache_bytes32";
const STORE_8: &str = "i32.const 0 i32.const 64 call $storage_cache_bytes32";
const STORE_0: &str = "i32.const 0 i32.const 96 call $storage_cache_bytes32";
const FLUSH: &str = "i32.const 0 call $storage_flush_cache";
const CLEAR: &str = "i32.const 1 call $storage_flush_cache";

/// `system_tests/program_ink_test.go`, `TestStorageInkCost`.
#[test]
fn storage() {
    let nonzero = || MemoryWorld::default().with_slot(B256::ZERO, B256::repeat_byte(5));
    let ink = |world: &mut MemoryWorld, steps: &[&str], of: &str| -> Vec<u64> {
        storage_ink(world, steps)
            .into_iter()
            .zip(steps)
            .filter(|(_, step)| **step == of)
            .map(|(ink, _)| ink)
            .collect()
    };
    // initialWrite
    let mut empty = MemoryWorld::default();
    assert_eq!(ink(&mut empty, &[STORE_7, FLUSH], FLUSH), [221_068_073]);
    // readOnce, readZero
    assert_eq!(ink(&mut nonzero(), &[LOAD], LOAD), [21_068_480]);
    assert_eq!(
        ink(&mut MemoryWorld::default(), &[LOAD], LOAD),
        [21_068_480]
    );
    // readTwice
    let twice = ink(&mut nonzero(), &[LOAD, LOAD], LOAD);
    assert_eq!(twice, [21_068_480, 18_480]);
    // readTwiceWithFlushBetween
    let flushed = ink(&mut nonzero(), &[LOAD, STORE_7, FLUSH, LOAD], LOAD);
    assert_eq!(flushed, [21_068_480, 18_480]);
    // readTwiceWithClearBetween
    let cleared = ink(&mut nonzero(), &[LOAD, CLEAR, LOAD], LOAD);
    assert_eq!(cleared, [21_068_480, 1_068_480]);
    // writeNonZeroedSlot
    assert_eq!(ink(&mut nonzero(), &[STORE_7, FLUSH], FLUSH), [50_068_073]);
    // writeTwiceWithFlushBetween
    let twice = ink(&mut nonzero(), &[STORE_7, FLUSH, STORE_8, FLUSH], FLUSH);
    assert_eq!(twice, [50_068_073, 1_068_073]);
    // writeTwiceWithoutFlushBetween
    let once = ink(&mut nonzero(), &[STORE_7, STORE_8, FLUSH], FLUSH);
    assert_eq!(once, [50_068_073]);
    // writeZeroToNonZeroedSlot
    assert_eq!(ink(&mut nonzero(), &[STORE_0, FLUSH], FLUSH), [50_068_073]);
}

/// `system_tests/program_ink_test.go`, `TestLogInkUsage`.
#[test]
fn logs() {
    for (topics, data, ink) in [
        (0i64, 0i64, 3_834_454),
        (0, 10, 4_634_454),
        (0, 100, 11_838_194),
        (1, 100, 15_589_954),
        (2, 100, 19_341_714),
        (3, 100, 23_093_474),
        (4, 100, 26_845_234),
    ] {
        let call = HostCall::new("emit_log", "i32 i32 i32", &[0, 32 * topics + data, topics]);
        assert_eq!(call.output().0, ink, "{topics} topics, {data} bytes");
    }
}

/// `system_tests/program_ink_test.go`, `TestKeccakInkUsage`.
#[test]
fn hashes() {
    for (len, ink) in [(10, 121_800), (100, 163_800), (1_000, 751_800)] {
        let call = HostCall::new("native_keccak256", "i32 i32 i32", &[0, len, OUT_AT]);
        assert_eq!(call.output().0, ink, "{len} bytes");
    }
}

/// `system_tests/program_ink_test.go`, `TestReadArgsInkUsage` and `TestWriteResultInkUsage`.
#[test]
fn input_and_result() {
    for (len, ink) in [(4, 13_440), (36, 13_560), (100, 15_480)] {
        let mut frame = frame();
        frame.calldata = Bytes::from(vec![1; len]);
        let call = HostCall::new("read_args", "i32", &[OUT_AT]);
        let (used, _) = call.run_in(&mut MemoryWorld::default(), frame);
        assert_eq!(used, ink, "{len} bytes of input");
    }
    // An array of 10,000 words and its head are 320,064 bytes: five pages of memory.
    let result = |len: u64| {
        let program = program(&format!(
            r#"(module {}
                 (memory (export "memory") 5 5)
                 (func (export "user_entrypoint") (param i32) (result i32)
                   i32.const 0 i32.const {len} call $write_result i32.const 0))"#,
            hook("write_result", "(param i32 i32)"),
        ));
        // Three pages are not free: 3,000 gas.
        ink_used(&program, &run(&program)) - 3_000 * INK - (HEADER + 3_802) - (HEADER + 2)
    };
    assert_eq!(result(0), 41_162);
    assert_eq!(result(64), 44_682);
    assert_eq!(result(320_064), 35_244_682);
}

/// Ink that a program's first host function used, which asked for another frame and got
/// `resume` of it, given the frame's gas limit.
fn frame_ink(
    world: &mut MemoryWorld,
    imports: &[String],
    arguments: &str,
    name: &str,
    after: &str,
    resume: impl FnOnce(u64) -> arbius_devnet::stylus::Resume,
) -> u64 {
    let address: String = TARGET.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let program = program(&format!(
        r#"(module {}
             (memory (export "memory") 1 1)
             (data (i32.const 0) "{address}")
             (data (i32.const 62) "\03\e8")
             (func (export "user_entrypoint") (param i32) (result i32)
               {arguments} call ${name} {after} i32.const 0))"#,
        imports.join(" "),
    ));
    let mut frame = frame();
    frame.gas = 32_000_000;
    let gas = frame.gas;
    let mut machine = machine(&program, frame);
    let limit = match start(world, &mut machine) {
        arbius_devnet::stylus::Step::Call(request) => request.gas_limit,
        arbius_devnet::stylus::Step::Create(request) => request.gas_limit,
        arbius_devnet::stylus::Step::Done(outcome) => panic!("it should ask first: {outcome:?}"),
    };
    let outcome = finish(world, &mut machine, resume(limit));
    assert_eq!(outcome.status, Status::Success);
    let start = program.costs().start_gas(&StylusParams::default(), false);
    let constants = arguments.matches("const").count() as u64;
    let after = after.matches("drop").count() as u64 * 9;
    (gas - start) * INK - outcome.ink_left - (HEADER + constants + 3_800) - (HEADER + 2 + after)
}

/// `system_tests/program_ink_test.go`, `TestCallInkUsage`. What the callee used follows from
/// the totals: 3 gas in the precompile, 221 in the EVM contract, 9,236 in the program. (That
/// the last is right is checked in `a_program_that_returns_its_input`.)
#[test]
fn calls_of_three_kinds() {
    let call = (
        "call_contract",
        "(param i32 i32 i32 i32 i64 i32) (result i32)",
        "i32.const 32 i64.const -1 i32.const 512",
    );
    let ty = "(param i32 i32 i32 i64 i32) (result i32)";
    let rest = "i64.const -1 i32.const 512";
    for (name, ty, rest) in [
        call,
        ("delegate_call_contract", ty, rest),
        ("static_call_contract", ty, rest),
    ] {
        for (input, is_warm, used, ink) in [
            (36, true, 3, 1_146_395u64),
            (4, false, 221, 28_325_955),
            (4, false, 9_236, 118_475_955),
        ] {
            let mut world = MemoryWorld::default();
            if is_warm {
                world.warm_accounts.insert(TARGET);
            }
            // The value, if any, is the word of zeroes at 256.
            let rest = rest.replace("i32.const 32", "i32.const 256");
            let arguments = format!("i32.const 0 i32.const 64 i32.const {input} {rest}");
            let total = frame_ink(
                &mut world,
                &[hook(name, ty)],
                &arguments,
                name,
                "drop",
                |limit| called(true, b"", limit - used),
            );
            assert_eq!(total, ink, "{name} with {input} bytes");
        }
    }
    // evmContractWithValue: 1,000 wei to an account that exists.
    let mut world = MemoryWorld::default();
    world.balances.insert(TARGET, U256::from(1u8));
    let (name, ty, rest) = call;
    let total = frame_ink(
        &mut world,
        &[hook(name, ty)],
        &format!("i32.const 0 i32.const 64 i32.const 4 {rest}"),
        name,
        "drop",
        |limit| called(true, b"", limit - 221),
    );
    assert_eq!(total, 118_325_955);
}

/// `system_tests/program_ink_test.go`, `TestReturnDataInkUsage`.
#[test]
fn return_data() {
    for (len, ink) in [
        (10u64, 73_113u64),
        (100, 75_153),
        (1_000, 102_153),
        (10_000, 372_153),
    ] {
        let name = "static_call_contract";
        let imports = [
            hook(name, "(param i32 i32 i32 i64 i32) (result i32)"),
            hook("read_return_data", "(param i32 i32 i32) (result i32)"),
        ];
        let arguments = "i32.const 0 i32.const 64 i32.const 0 i64.const -1 i32.const 512";
        let output = vec![1; len as usize];
        let with = |after: &str| {
            frame_ink(
                &mut MemoryWorld::default(),
                &imports,
                arguments,
                name,
                after,
                |limit| called(true, &output, limit),
            )
        };
        let read = "drop i32.const 1024 i32.const 0 i32.const 20000 call $read_return_data drop";
        // Besides the host function: three constants, the call and its block.
        assert_eq!(
            with(read) - with("drop") - (HEADER + 3_803),
            ink,
            "{len} bytes"
        );
    }
}

/// `system_tests/program_ink_test.go`, `TestCreateInkUsage`: with a salt, 9,552,877,765 ink
/// instead of 9,544,172,725. That is one pointer and the hash of 145 words, which is how long
/// the code was.
#[test]
fn creations_with_and_without_salt() {
    let len = 145 * 32;
    let ink = |name: &str, ty: &str, arguments: &str| {
        frame_ink(
            &mut MemoryWorld::default(),
            &[hook(name, ty)],
            arguments,
            name,
            "",
            |limit| created(Some(TARGET), b"", limit - 900_000),
        )
    };
    let create1 = ink(
        "create1",
        "(param i32 i32 i32 i32 i32)",
        &format!("i32.const 0 i32.const {len} i32.const 256 i32.const 512 i32.const 600"),
    );
    let create2 = ink(
        "create2",
        "(param i32 i32 i32 i32 i32 i32)",
        &format!(
            "i32.const 0 i32.const {len} i32.const 256 i32.const 256 i32.const 512 i32.const 600"
        ),
    );
    assert_eq!(create2 - create1, 9_552_877_765 - 9_544_172_725);
}

fn growing_program(grow: &str) -> Program {
    program(&format!(
        r#"(module {}
             (memory (export "memory") 1)
             (func (export "user_entrypoint") (param i32) (result i32) {grow} i32.const 0))"#,
        hook("pay_for_memory_grow", "(param i32)"),
    ))
}

/// `system_tests/program_ink_test.go`, `TestPayForMemoryGrowInkUsage`: 100 pages on top of one
/// that is open cost 9,320,660,000 ink.
#[test]
fn paying_for_pages() {
    let program = growing_program("i32.const 100 call $pay_for_memory_grow");
    let outcome = run(&program);
    assert_eq!(
        ink_used(&program, &outcome) - (HEADER + 3_801) - (HEADER + 2),
        9_320_660_000
    );
    let call = growing_program("i32.const 0 call $pay_for_memory_grow");
    assert_eq!(
        ink_used(&call, &run(&call)) - (HEADER + 3_801) - (HEADER + 2),
        8_400
    );
}

/// `arbos/programs/memory_test.go`, `TestModel`: whatever the steps, growing to 128 pages
/// costs 31,999,998 gas; and what was closed in between is paid for at the linear price.
#[test]
fn memory_in_steps() {
    let model = MemoryModel::new(2, 1_000);
    for step in 1..=128u16 {
        let (mut total, mut pages) = (0, Pages::default());
        while pages.open < 128 {
            let jump = step.min(128 - pages.open);
            total += model.gas_cost(jump, pages);
            pages.add(jump);
        }
        assert_eq!(total, 31_999_998, "steps of {step}");

        let (mut total, mut added, mut pages) = (0, 0u64, Pages::default());
        while pages.ever < 128 {
            let jump = step.min(128 - pages.open);
            total += model.gas_cost(jump, pages);
            pages.add(jump);
            if pages.ever > 2 {
                added += u64::from(jump.min(pages.ever - 2));
            }
            pages.open -= jump / 2;
        }
        assert_eq!(total, 31_873_998 + added * 1_000, "steps of {step}");
    }
    assert_eq!(model.gas_cost(129, Pages::default()), u64::MAX);
    assert_eq!(model.gas_cost(u16::MAX, Pages::default()), u64::MAX);
    let free = MemoryModel::new(128, 1_000);
    let ever = Pages { open: 0, ever: 128 };
    assert_eq!(free.gas_cost(128, Pages::default()), 0);
    assert_eq!(free.gas_cost(128, ever), 0);
    assert_eq!(free.gas_cost(129, Pages::default()), u64::MAX);
}

/// `crates/stylus/src/test/native.rs`, `test_heap`: a program that grows from one page to 128,
/// in steps of any size, uses 32,000,000 gas, give or take 3,000.
#[test]
fn a_program_that_grows_in_steps() {
    for step in [1, 2, 7, 50, 126, 127] {
        let program = growing_program(&format!(
            "(local $step i32)
             i32.const {step} local.set $step
             (loop $more
               (if (i32.gt_u (i32.add (local.get $step) (memory.size)) (i32.const 128))
                 (then (local.set $step (i32.sub (i32.const 128) (memory.size)))))
               (drop (memory.grow (local.get $step)))
               (br_if $more (i32.lt_u (memory.size) (i32.const 128))))"
        ));
        let mut frame = frame();
        frame.gas = 33_000_000;
        let gas = frame.gas - program.costs().start_gas(&StylusParams::default(), false);
        let outcome = run_in(&mut MemoryWorld::default(), &program, frame);
        assert_eq!(outcome.status, Status::Success);
        let used = gas - outcome.gas_left;
        assert!(
            used.abs_diff(32_000_000) < 3_000,
            "{used} in steps of {step}"
        );
    }
}

/// `crates/stylus/src/test/native.rs`, `test_depth`: a function of two locals that never has
/// more than three operands takes nine words. So many words let it begin so often.
#[test]
fn a_program_that_calls_itself() {
    let wat = r#"(module
        (import "console" "log_i64" (func $begun (param i64)))
        (memory (export "memory") 0 0)
        (global $depth (mut i32) (i32.const 0))
        (func $again (export "user_entrypoint") (param i32) (result i32) (local i32 i64)
          local.get 0
          global.get $depth
          i32.const 1
          i32.add
          global.set $depth
          drop
          i64.const 0 call $begun
          i32.const 0
          call $again))"#;
    let wasm = wat::parse_str(wat).unwrap();
    let program = activate(&wasm, &StylusParams::default(), 128, true)
        .unwrap()
        .program;
    for (words, begun) in [(9, 0), (10, 1), (18, 1), (19, 2), (36, 3), (40, 4)] {
        let params = StylusParams {
            max_stack_depth: words,
            ..StylusParams::default()
        };
        let mut machine =
            arbius_devnet::stylus::Machine::start(&program, frame(), &environment(), &params);
        let mut world = MemoryWorld::default();
        let outcome = expect_done(start(&mut world, &mut machine));
        assert_eq!(outcome.status, Status::OutOfStack);
        assert_eq!(world.printed.len(), begun, "{words} words");
    }
}

/// `crates/stylus/src/test/misc.rs`, `test_memory_fill_value_overflow`: since Stylus version 3
/// only the low eight bits of the value count.
#[test]
fn filling_with_more_than_a_byte() {
    for (value, byte) in [(0x100, 0x00), (0x1ab, 0xab)] {
        let program = program(&format!(
            r#"(module {}
                 (memory (export "memory") 1 1)
                 (func (export "user_entrypoint") (param i32) (result i32)
                   i32.const 2730 i32.const {value} i32.const 10 memory.fill
                   i32.const 2730 i32.const 10 call $write_result i32.const 0))"#,
            hook("write_result", "(param i32 i32)"),
        ));
        assert_eq!(run(&program).output, Bytes::from(vec![byte; 10]));
    }
}

/// `crates/prover/src/programs/mod.rs`, `test_multi_value_gate`, and
/// `system_tests/program_test.go`, `testStylusUpgrade`: ArbOS 59 brought version 3, which ends
/// multiple values.
#[test]
fn multiple_values() {
    assert_eq!(StylusParams::default().version, 3);
    for part in [
        "(func (result i32 i32) i32.const 1 i32.const 2)",
        "(func (param i32) (result i32) local.get 0 (block (param i32) (result i32)))",
        "(func (param i32) (result i32) local.get 0 (loop (param i32) (result i32)))",
    ] {
        let wat = format!(
            r#"(module (memory (export "memory") 1 1) {part}
                 (func (export "user_entrypoint") (param i32) (result i32) i32.const 0))"#
        );
        assert!(try_activate(&wat).is_err(), "{part}");
    }
}

/// `system_tests/program_ink_test.go`, `TestCallInkUsage/stylusContract`: a program that
/// returns its input costs its caller 9,236 gas for four bytes. (9,236 is what is left of
/// 118,475,955 ink without the call itself: 2,600 gas and 115,955 ink.)
#[test]
fn a_program_that_returns_its_input() {
    let program = program(
        r#"(module
             (import "vm_hooks" "read_args" (func $read_args (param i32)))
             (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
             (memory (export "memory") 1 1)
             (func $main (export "user_entrypoint") (param $args_len i32) (result i32)
               (call $read_args (i32.const 0))
               (call $write_result (i32.const 0) (local.get $args_len))
               i32.const 0))"#,
    );
    let mut frame = frame();
    frame.calldata = Bytes::from_static(&[1, 2, 3, 4]);
    let outcome = run_in(&mut MemoryWorld::default(), &program, frame);
    assert_eq!(outcome.output.len(), 4);
    assert_eq!(GAS - outcome.gas_left, 9_236);
}
