//! Host functions: what each returns and what it costs.
//!
//! Prices are written out once more here, from Nitro's `crates/arbutil/src/pricing.rs`, so
//! that a slip in the executor's table shows.

mod accounts;
mod call_data;
mod environment;
mod logs;
mod mathematics;
mod storage;

use alloy_primitives::{B256, Bytes};
use arbius_devnet::stylus::{Fault, Program, Status, StylusParams, activate};

use crate::host_call::*;
use crate::world::*;

/// Ink of any host function, of each of its pointers, and of reaching the chain.
const BASE: u64 = 8_400;
const POINTER: u64 = 5_040;
const API: u64 = 59_673;

/// The last block of a program that returns 0: const 1, end 1.
const END: u64 = HEADER + 2;

fn out() -> i64 {
    i64::from(OUT)
}

fn word(byte: u8) -> B256 {
    B256::repeat_byte(byte)
}

#[test]
fn pointers_out_of_memory_fail_and_keep_gas() {
    let size = 65_536i64;
    for (name, params, args) in [
        ("read_args", "i32", vec![size + 1]),
        ("write_result", "i32 i32", vec![size - 4, 5]),
        ("storage_load_bytes32", "i32 i32", vec![size - 31, 0]),
        ("storage_load_bytes32", "i32 i32", vec![0, size - 31]),
        ("storage_cache_bytes32", "i32 i32", vec![0, -1]),
        ("transient_load_bytes32", "i32 i32", vec![0, -32]),
        ("emit_log", "i32 i32 i32", vec![size - 31, 32, 1]),
        ("account_balance", "i32 i32", vec![size - 19, 0]),
        ("account_codehash", "i32 i32", vec![0, size]),
        ("block_basefee", "i32", vec![size - 31]),
        ("msg_sender", "i32", vec![-20]),
        ("math_div", "i32 i32", vec![0, size - 31]),
        ("math_mul_mod", "i32 i32 i32", vec![0, 0, -1]),
        (
            "native_keccak256",
            "i32 i32 i32",
            vec![0, 65_535, size - 31],
        ),
    ] {
        let (_, outcome) = HostCall::new(name, params, &args).run();
        assert!(
            matches!(outcome.status, Status::Failure(Fault::OutOfBounds { .. })),
            "{name}{args:?}: {:?}",
            outcome.status
        );
        assert!(outcome.gas_left > 0, "{name}");
    }
}

#[test]
fn reading_nothing_at_the_end_of_memory_is_allowed() {
    let ok = HostCall::new("read_args", "i32", &[65_536]);
    assert_eq!(ok.run().1.status, Status::Success);
}

#[test]
fn printing_is_free() {
    let wat = r#"(module
         (import "console" "log_txt" (func $txt (param i32 i32)))
         (import "console" "log_i32" (func $i32 (param i32)))
         (import "console" "log_i64" (func $i64 (param i64)))
         (import "console" "tee_i32" (func $tee32 (param i32) (result i32)))
         (import "console" "tee_i64" (func $tee64 (param i64) (result i64)))
         (memory (export "memory") 1 1)
         (data (i32.const 0) "hello")
         (func (export "user_entrypoint") (param i32) (result i32)
           i32.const 0 i32.const 5 call $txt
           i32.const -1 call $i32
           i64.const 12 call $i64
           i64.const 7 call $tee64 drop
           i32.const 0 call $tee32))"#;
    let wasm = wat::parse_str(wat).unwrap();
    let program = activate(&wasm, &StylusParams::default(), 128, true)
        .unwrap()
        .program;
    let mut world = MemoryWorld::default();
    let outcome = run_in(&mut world, &program, frame());
    assert_eq!(outcome.status, Status::Success);
    assert_eq!(world.printed, ["hello", "-1", "12", "7", "0"]);
    // Five calls with six constants in all, a drop and an end.
    assert_eq!(
        ink_used(&program, &outcome),
        6 * HEADER + 5 * 3_800 + 6 + 9 + 1
    );
}
