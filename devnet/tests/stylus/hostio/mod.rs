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
use arbius_devnet::stylus::{Fault, Frame, Outcome, Program, Status, StylusParams, activate};

use crate::world::*;

const BASE: u64 = 8_400;
const POINTER: u64 = 5_040;

const API: u64 = 59_673;

const END: u64 = HEADER + 2;

/// Where tests have results written.
const OUT: u32 = 1024;

/// Ink for a program's `write_result` of `len` bytes.
fn result_ink(len: u64) -> u64 {
    BASE + 2 * (16_381 + 55 * len.saturating_sub(32))
}

/// One call of a host function in a program of its own.
struct HostCall {
    name: &'static str,
    params: &'static str,
    result: Option<&'static str>,
    /// Constants, one for each parameter.
    args: Vec<i64>,
    /// What lies at address 0.
    data: Vec<u8>,
    /// What the program returns: this many bytes at `OUT`.
    len: u32,
}

impl HostCall {
    fn new(name: &'static str, params: &'static str, args: &[i64]) -> Self {
        Self {
            name,
            params,
            result: None,
            args: args.to_vec(),
            data: Vec::new(),
            len: 0,
        }
    }

    fn with_result(mut self, ty: &'static str) -> Self {
        self.result = Some(ty);
        self.len = if ty == "i32" { 4 } else { 8 };
        self
    }

    fn with_data(mut self, data: &[u8]) -> Self {
        self.data = data.to_vec();
        self
    }

    fn returning(mut self, len: u32) -> Self {
        self.len = len;
        self
    }

    fn program(&self) -> Program {
        let Self {
            name,
            params,
            args,
            len,
            ..
        } = self;
        let result = self
            .result
            .map(|ty| format!("(result {ty})"))
            .unwrap_or_default();
        let call: String = params
            .split_whitespace()
            .zip(args)
            .map(|(ty, arg)| format!("{ty}.const {arg} "))
            .chain([format!("call ${name} ")])
            .collect();
        let (before, after) = match self.result {
            Some(ty) => (format!("i32.const {OUT} "), format!("{ty}.store ")),
            None => (String::new(), String::new()),
        };
        let mut imports = vec![hook(name, &format!("(param {params}) {result}"))];
        if *name != "write_result" {
            imports.push(hook("write_result", "(param i32 i32)"));
        }
        let data: String = self
            .data
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        program(&format!(
            r#"(module {}
                 (memory (export "memory") 1 1)
                 (data (i32.const 0) "{data}")
                 (func (export "user_entrypoint") (param i32) (result i32)
                   {before} {call} {after}
                   i32.const {OUT} i32.const {len} call $write_result
                   i32.const 0))"#,
            imports.join("\n")
        ))
    }

    /// Runs it and returns the ink of the host function alone.
    fn run_in(&self, world: &mut MemoryWorld, frame: Frame) -> (u64, Outcome) {
        let program = self.program();
        let outcome = run_in(world, &program, frame);
        let mut other = HEADER + self.args.len() as u64 + 3_800;
        other += HEADER + 2 + 3_800 + result_ink(u64::from(self.len));
        other += HEADER + 2;
        match self.result {
            Some("i32") => other += 1 + 825,
            Some(_) => other += 1 + 950,
            None => {}
        }
        let ink = match outcome.status {
            Status::Success => ink_used(&program, &outcome) - other,
            _ => 0,
        };
        (ink, outcome)
    }

    fn run(&self) -> (u64, Outcome) {
        self.run_in(&mut MemoryWorld::default(), frame())
    }

    /// Runs it where it succeeds, and returns its ink and the program's output.
    fn output(&self) -> (u64, Bytes) {
        self.output_in(&mut MemoryWorld::default())
    }

    fn output_in(&self, world: &mut MemoryWorld) -> (u64, Bytes) {
        let (ink, outcome) = self.run_in(world, frame());
        assert_eq!(outcome.status, Status::Success, "{}", self.name);
        (ink, outcome.output)
    }
}

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
