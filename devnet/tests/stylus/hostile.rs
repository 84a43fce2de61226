//! Programs that mean harm end with an error, within bounds of time and memory.

use std::time::{Duration, Instant};

use crate::world::{MemoryWorld, frame, hook, program, run, run_in, try_activate, with_body};
use arbius_devnet::stylus::{Status, StylusParams, activate};

const ENTRY: &str = r#"(func (export "user_entrypoint") (param i32) (result i32) i32.const 0)"#;
const MEMORY: &str = r#"(memory (export "memory") 1 1)"#;

/// Far more than any case here takes, even in a debug build on a busy machine; without
/// bounds, these would take hours.
const LIMIT: Duration = Duration::from_secs(60);

fn within_limit<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    assert!(start.elapsed() < LIMIT, "took {:?}", start.elapsed());
    result
}

#[test]
fn endless_recursion_runs_out_of_stack() {
    for (locals, params) in [
        ("", ""),
        ("(local i64 i64 i64)", ""),
        ("", "(param i64 i64)"),
    ] {
        let pass = if params.is_empty() {
            ""
        } else {
            "i64.const 1 i64.const 2"
        };
        let program = program(&format!(
            r#"(module {MEMORY}
                 (func $f {params} {locals} {pass} call $f)
                 (func (export "user_entrypoint") (param i32) (result i32)
                   {pass} call $f i32.const 0))"#
        ));
        let outcome = within_limit(|| run(&program));
        assert_eq!((outcome.status, outcome.gas_left), (Status::OutOfStack, 0));
    }
}

#[test]
fn endless_indirect_and_mutual_recursion_runs_out_of_stack() {
    let program = program(&format!(
        r#"(module {MEMORY}
             (type $t (func))
             (table 2 funcref) (elem (i32.const 0) $f $g)
             (func $f i32.const 1 call_indirect (type $t))
             (func $g call $f)
             (func (export "user_entrypoint") (param i32) (result i32) call $f i32.const 0))"#
    ));
    assert_eq!(within_limit(|| run(&program)).status, Status::OutOfStack);
}

#[test]
fn the_entrypoint_calling_itself_runs_out_of_stack() {
    let program = program(&format!(
        r#"(module {MEMORY}
             (func $main (export "user_entrypoint") (param i32) (result i32)
               local.get 0 call $main))"#
    ));
    assert_eq!(run(&program).status, Status::OutOfStack);
}

#[test]
fn many_parameters_do_not_burst_the_interpreter() {
    // Parameters are not metered by the callee, only as operands of the caller.
    let params = "i64 ".repeat(1000);
    let pass = "i64.const 0 ".repeat(1000);
    let program = program(&format!(
        r#"(module {MEMORY}
             (func $f (param {params}) {pass} call $f)
             (func (export "user_entrypoint") (param i32) (result i32)
               {pass} call $f i32.const 0))"#
    ));
    assert_eq!(within_limit(|| run(&program)).status, Status::OutOfStack);
}

#[test]
fn endless_loops_run_out_of_ink() {
    for body in [
        "(loop $l br $l) i32.const 0",
        "(loop $l i32.const 1 br_if $l) i32.const 0",
        "(loop $l (block i32.const 0 br_table $l $l)) i32.const 0",
        "(loop $l i32.const 0 i32.const 1 i32.const 60000 memory.fill br $l) i32.const 0",
        "(loop $l i32.const 9 i32.const 1 i32.const 60000 memory.copy br $l) i32.const 0",
    ] {
        let outcome = within_limit(|| run(&with_body(body)));
        assert_eq!(
            (outcome.status, outcome.gas_left),
            (Status::OutOfInk, 0),
            "{body}"
        );
    }
}

#[test]
fn endless_host_calls_run_out_of_ink() {
    for (name, ty, call) in [
        ("msg_reentrant", "(result i32)", "call $msg_reentrant drop"),
        (
            "storage_flush_cache",
            "(param i32)",
            "i32.const 0 call $storage_flush_cache",
        ),
        (
            "emit_log",
            "(param i32 i32 i32)",
            "i32.const 0 i32.const 0 i32.const 0 call $emit_log",
        ),
        (
            "native_keccak256",
            "(param i32 i32 i32)",
            "i32.const 0 i32.const 60000 i32.const 0 call $native_keccak256",
        ),
        (
            "pay_for_memory_grow",
            "(param i32)",
            "i32.const 0 call $pay_for_memory_grow",
        ),
    ] {
        let program = program(&format!(
            r#"(module {} {MEMORY}
                 (func (export "user_entrypoint") (param i32) (result i32)
                   (loop $l {call} br $l) i32.const 0))"#,
            hook(name, ty)
        ));
        let outcome = within_limit(|| run(&program));
        assert_eq!(
            (outcome.status, outcome.gas_left),
            (Status::OutOfInk, 0),
            "{name}"
        );
    }
}

#[test]
fn growing_memory_for_ever_runs_out_of_ink() {
    let program = program(&format!(
        r#"(module {} (memory (export "memory") 1)
             (func (export "user_entrypoint") (param i32) (result i32)
               (loop $l i32.const 1 memory.grow drop br $l) i32.const 0))"#,
        hook("pay_for_memory_grow", "(param i32)")
    ));
    let mut frame = frame();
    frame.gas = u64::MAX / 20_000;
    let mut world = MemoryWorld::default();
    let outcome = within_limit(|| run_in(&mut world, &program, frame));
    assert_eq!(outcome.status, Status::OutOfInk);
    assert_eq!(world.pages.open, 0);
    assert!(world.pages.ever <= 129, "{}", world.pages.ever);
}

#[test]
fn paying_for_pages_without_end_neither_wraps_nor_panics() {
    let program = program(&format!(
        r#"(module {} {MEMORY}
             (func (export "user_entrypoint") (param i32) (result i32)
               i32.const 65535 call $pay_for_memory_grow
               i32.const 65535 call $pay_for_memory_grow
               i32.const 0))"#,
        hook("pay_for_memory_grow", "(param i32)")
    ));
    let mut frame = frame();
    frame.gas = u64::MAX;
    let mut world = MemoryWorld::default();
    let outcome = run_in(&mut world, &program, frame);
    assert_eq!(outcome.status, Status::OutOfInk);
}

#[test]
fn all_the_gas_there_is_does_not_overflow() {
    let mut frame = frame();
    frame.gas = u64::MAX;
    let outcome = run_in(
        &mut MemoryWorld::default(),
        &with_body("i32.const 0"),
        frame,
    );
    assert_eq!(outcome.status, Status::Success);
    // Ink saturates, so gas beyond a 10,000th of the range is lost, as on Nitro.
    assert_eq!(outcome.gas_left, (u64::MAX - 2_452) / 10_000);
}

#[test]
fn huge_lengths_for_host_functions_are_paid_before_they_are_read() {
    for (name, ty, call) in [
        (
            "write_result",
            "(param i32 i32)",
            "i32.const 0 i32.const -1 call $write_result",
        ),
        (
            "native_keccak256",
            "(param i32 i32 i32)",
            "i32.const 0 i32.const -1 i32.const 0 call $native_keccak256",
        ),
        (
            "emit_log",
            "(param i32 i32 i32)",
            "i32.const 0 i32.const -1 i32.const 0 call $emit_log",
        ),
    ] {
        let program = program(&format!(
            r#"(module {} {MEMORY}
                 (func (export "user_entrypoint") (param i32) (result i32) {call} i32.const 0))"#,
            hook(name, ty)
        ));
        assert_eq!(run(&program).status, Status::OutOfInk, "{name}");
    }
}

#[test]
fn deeply_nested_blocks_are_handled() {
    let nested = format!("{}{}", "block ".repeat(2_000), "end ".repeat(2_000));
    let program = with_body(&format!("{nested} i32.const 0"));
    assert_eq!(run(&program).status, Status::Success);
}

#[test]
fn as_many_functions_as_are_allowed_are_compiled() {
    let functions = "(func (param i64) (result i64) local.get 0 i64.const 3 i64.mul)".repeat(4_095);
    let activation =
        within_limit(|| try_activate(&format!("(module {MEMORY} {ENTRY} {functions})")));
    assert_eq!(run(&activation.unwrap().program).status, Status::Success);
}

#[test]
fn blocks_that_are_all_meter_are_compiled() {
    // Close to 128 KiB of empty blocks: for three bytes of program, a meter.
    let blocks = "(block)".repeat(4_500);
    let functions = format!("(func {blocks})").repeat(9);
    let activation =
        within_limit(|| try_activate(&format!("(module {MEMORY} {ENTRY} {functions})")));
    assert_eq!(run(&activation.unwrap().program).status, Status::Success);
}

#[test]
fn large_jump_tables_are_handled() {
    let targets = "0 ".repeat(60_000);
    let program = with_body(&format!(
        "(block local.get 0 br_table {targets}) i32.const 0"
    ));
    assert_eq!(run(&program).status, Status::Success);
}

/// A small generator, so that the cases are the same every time.
struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

fn sample() -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module $sample
             {} {} {} {}
             (type $t (func (param i32) (result i32)))
             (table 4 funcref)
             (elem (i32.const 0) $a $b)
             (memory (export "memory") 1)
             (global $g (mut i32) (i32.const 7))
             (data (i32.const 16) "some data that lies in memory")
             (func $a (type $t) local.get 0 i32.const 1 i32.add)
             (func $b (type $t) (local i64)
               local.get 0 if (result i32) i32.const 1 else i32.const 2 end
               i64.const 5 local.set 1
               i32.const 16 i32.const 3 i32.const 9 memory.fill)
             (func (export "user_entrypoint") (param i32) (result i32)
               (local $i i32)
               (loop $l
                 local.get $i i32.const 1 i32.add local.tee $i
                 local.get $i i32.const 1 i32.and call_indirect (type $t) drop
                 local.get $i i32.const 5 i32.lt_u br_if $l)
               i32.const 0 i32.const 32 call $storage_load_bytes32
               i32.const 0 memory.grow drop
               i32.const 0 i32.const 8 call $write_result
               i32.const 0))"#,
        hook("pay_for_memory_grow", "(param i32)"),
        hook("write_result", "(param i32 i32)"),
        hook("storage_load_bytes32", "(param i32 i32)"),
        hook("exit_early", "(param i32)"),
    ))
    .unwrap()
}

#[test]
fn damaged_modules_are_refused_or_run_but_never_panic() {
    let original = sample();
    let params = StylusParams::default();
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    let mut ran = 0;
    within_limit(|| {
        for _ in 0..2_000 {
            let mut wasm = original.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(wasm.len());
                match random.below(4) {
                    0 => wasm[at] = random.next() as u8,
                    1 => wasm[at] ^= 1 << random.below(8),
                    2 => wasm.truncate(at.max(8)),
                    _ => wasm.insert(at, random.next() as u8),
                }
            }
            if let Ok(activation) = activate(&wasm, &params, 128, false) {
                let mut frame = frame();
                frame.gas = 100_000;
                run_in(&mut MemoryWorld::default(), &activation.program, frame);
                ran += 1;
            }
        }
    });
    assert!(
        ran > 0,
        "some damage must leave a program, or this tests nothing"
    );
}

#[test]
fn every_cut_of_a_module_is_refused() {
    let original = sample();
    let params = StylusParams::default();
    assert!(activate(&original, &params, 128, false).is_ok());
    for len in 0..original.len() {
        // A cut between sections can leave a valid module, but only without its name
        // section a program.
        if activate(&original[..len], &params, 128, false).is_ok() {
            assert!(
                original[len..].windows(4).any(|bytes| bytes == b"name"),
                "cut at {len}"
            );
        }
    }
}
