//! Modules that mean harm are refused or run to an end within bounds of gas and memory,
//! and nothing panics.
//!
//! 100,000 of them: `ARBIUS_FUZZ_CASES=100000 cargo test -p arbius-devnet --test wasm
//! hostile`. By default a share of them runs. Time needs no clock: what runs is bounded by
//! its ink, and the rest by what it allocates. A case that fails is made smaller and kept
//! in `kept`, whose modules run before all others.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use arbitrary::{Arbitrary, Unstructured};
use arbius_devnet::stylus::{Resume, Status, Step, StylusParams, activate, decode_program};
use wasm_smith::{Config, Module};

use super::{
    allocations::{Allocated, counted},
    modules,
    random::{Plan, Random},
    world::{MemoryWorld, frame, machine},
};

/// Cases that run when nothing else is asked for.
const SHARE: u64 = 1_500;
/// Most bytes that one case may hold at once: 128 pages of memory are 8 MiB, the
/// interpreter's stack is at most 16, and 128 KiB of program are compiled.
const PEAK: usize = 64 << 20;
/// Most bytes that one case may ask for in all.
const TOTAL: usize = 512 << 20;
/// Frames after which a program is not answered any more.
const FRAMES: usize = 200;

/// What became of the cases.
#[derive(Debug, Default)]
struct Tally {
    undecodable: u64,
    refused: u64,
    succeeded: u64,
    reverted: u64,
    failed: u64,
    out_of_ink: u64,
    out_of_stack: u64,
    left_waiting: u64,
    most_at_once: usize,
    most_in_all: usize,
}

/// Code to be deployed and called.
fn generate(random: &mut Random) -> Vec<u8> {
    let module = match random.below(8) {
        0 => modules::damaged(random),
        1 => modules::shuffled(random),
        2 => smith(random, false),
        3 => smith(random, true),
        4 => return modules::damaged_code(random),
        _ => modules::hostile_program(random),
    };
    modules::code(&module)
}

/// Whatever a generator makes that knows all of WebAssembly, valid or not.
fn smith(random: &mut Random, invalid: bool) -> Vec<u8> {
    let bytes = random.bytes(2_048);
    let mut bytes = Unstructured::new(&bytes);
    let config = Config {
        allow_invalid_funcs: invalid,
        ..Config::arbitrary(&mut bytes).unwrap_or_default()
    };
    Module::new(config, &mut bytes).map_or_else(|_| Vec::new(), |module| module.to_bytes())
}

/// Decodes, activates and runs code, as a chain does with what strangers deploy.
fn try_code(code: &[u8], random: &mut Random, tally: &mut Tally) {
    let params = StylusParams::default();
    let Ok(wasm) = decode_program(code, params.max_wasm_size) else {
        tally.undecodable += 1;
        return;
    };
    let Ok(activation) = activate(&wasm, &params, 128, random.below(2) == 0) else {
        tally.refused += 1;
        return;
    };
    let mut frame = frame();
    frame.gas = [100_000, 1_000_000, 10_000_000][random.below(20) / 9];
    frame.is_static = random.below(8) == 0;
    let len = random.below(200);
    frame.calldata = random.bytes(len).into();
    let gas = frame.gas;

    let mut world = MemoryWorld::default();
    let mut machine = machine(&activation.program, frame);
    let mut resume = Resume::Start;
    for _ in 0..FRAMES {
        let (gas_limit, creation) = match machine.run(&mut world, resume) {
            Ok(Step::Done(outcome)) => {
                assert!(outcome.gas_left <= gas, "gas came from nowhere");
                assert_eq!(world.pages.open, 0, "pages stayed open");
                *match outcome.status {
                    Status::Success => &mut tally.succeeded,
                    Status::Revert => &mut tally.reverted,
                    Status::Failure(_) => &mut tally.failed,
                    Status::OutOfInk => &mut tally.out_of_ink,
                    Status::OutOfStack => &mut tally.out_of_stack,
                } += 1;
                return;
            }
            Ok(Step::Call(request)) => (request.gas_limit, false),
            Ok(Step::Create(request)) => (request.gas_limit, true),
            Err(error) => panic!("a world in memory cannot fail: {error}"),
        };
        let len = random.below(300);
        let output = random.bytes(len).into();
        let success = random.below(2) == 0;
        let gas_left = gas_limit / (1 + random.below(4) as u64);
        resume = if creation {
            Resume::Created {
                address: success.then(|| alloy_primitives::Address::repeat_byte(9)),
                output,
                gas_left,
                refund: 0,
            }
        } else {
            Resume::Called {
                success,
                output,
                gas_left,
                refund: 0,
            }
        };
    }
    tally.left_waiting += 1;
}

/// Whether a case keeps all bounds. Panics are caught.
fn keeps_bounds(code: &[u8], random: &Random, tally: &mut Tally) -> Result<(), String> {
    let mut random = random.clone();
    let (result, Allocated { peak, total }) =
        counted(|| catch_unwind(AssertUnwindSafe(|| try_code(code, &mut random, tally))));
    tally.most_at_once = tally.most_at_once.max(peak);
    tally.most_in_all = tally.most_in_all.max(total);
    if result.is_err() {
        return Err("it panicked".into());
    }
    if peak > PEAK || total > TOTAL {
        return Err(format!("it held {peak} bytes and asked for {total} in all"));
    }
    Ok(())
}

/// The smallest code found, by leaving out parts of the module, that still fails.
fn shrink(code: &[u8], random: &Random) -> Vec<u8> {
    let fails = |code: &[u8]| keeps_bounds(code, random, &mut Tally::default()).is_err();
    let mut smallest = code.to_vec();
    let Ok(mut wasm) = decode_program(code, StylusParams::default().max_wasm_size) else {
        return smallest;
    };
    let mut part = wasm.len() / 2;
    while part > 0 {
        let mut at = 0;
        while at < wasm.len() {
            let mut shorter = wasm.clone();
            shorter.drain(at..(at + part).min(wasm.len()));
            let code = modules::code(&shorter);
            if fails(&code) {
                (wasm, smallest) = (shorter, code);
            } else {
                at += part;
            }
        }
        part /= 2;
    }
    smallest
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wasm/kept")
}

/// Code that failed once, written as text where a person explains it.
fn kept_codes() -> Vec<(PathBuf, Vec<u8>)> {
    let mut paths: Vec<_> = fs::read_dir(kept())
        .expect("the folder is part of the repository")
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let bytes = fs::read(&path).expect("the file can be read");
            let code = match path.extension().and_then(|extension| extension.to_str()) {
                Some("wat") => modules::code(&wat::parse_bytes(&bytes).expect("the text is WASM")),
                _ => bytes,
            };
            (path, code)
        })
        .collect()
}

/// Every operator that does not end its block, with operands and without what it leaves.
fn operators() -> Vec<String> {
    let words = |text: &'static str| text.split_whitespace();
    let mut all = Vec::new();
    for (ty, other) in [("i32", "i64"), ("i64", "i32")] {
        let [value, one] = [format!("({ty}.const 7)"), format!("({ty}.const 1)")];
        for name in words(
            "add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr eq ne \
             lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u",
        ) {
            all.push(format!("(drop ({ty}.{name} {value} {one}))"));
        }
        for name in words("eqz clz ctz popcnt extend8_s extend16_s") {
            all.push(format!("(drop ({ty}.{name} {value}))"));
        }
        for name in words("load load8_s load8_u load16_s load16_u") {
            all.push(format!("(drop ({ty}.{name} (i32.const 8)))"));
        }
        for name in words("store store8 store16") {
            all.push(format!("({ty}.{name} (i32.const 8) {value})"));
        }
        all.push(format!("(drop (select {value} {one} (i32.const 0)))"));
        all.push(format!("(local.set ${other} ({other}.const 3))"));
        all.push(format!("(drop (local.tee ${ty} {value}))"));
        all.push(format!("(global.set $g_{ty} (global.get $g_{ty}))"));
    }
    let others = [
        "(drop (i64.extend32_s (i64.const 7)))",
        "(drop (i64.load32_s (i32.const 8)))",
        "(drop (i64.load32_u (i32.const 8)))",
        "(i64.store32 (i32.const 8) (i64.const 1))",
        "(drop (i32.wrap_i64 (i64.const 7)))",
        "(drop (i64.extend_i32_s (i32.const 7)))",
        "(drop (i64.extend_i32_u (i32.const 7)))",
        "(drop (memory.size))",
        "(drop (memory.grow (i32.const 0)))",
        "(drop (memory.grow (i32.const 1)))",
        "(drop (memory.grow (i32.const 65536)))",
        "(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))",
        "(memory.copy (i32.const 0) (i32.const 0) (i32.const 0))",
        "(call $f)",
        "(call_indirect (type $t) (i32.const 0))",
        "(block (br_table 0 0 (i32.const 1)))",
        "(block (br_if 0 (i32.const 1)))",
        "(block (br 0))",
        "(if (i32.const 1) (then nop) (else nop))",
        "(drop (call $return_data_size))",
        "(call $read_args (i32.const 0))",
        "(call $native_keccak256 (i32.const 0) (i32.const 0) (i32.const 0))",
        "(call $storage_flush_cache (i32.const 0))",
    ];
    all.extend(others.map(str::to_owned));
    all
}

#[test]
fn no_operator_in_a_loop_fills_the_native_stack() {
    // A frame a round fills it at once: every operator gets tens of thousands of rounds.
    const STACK: usize = 256 << 10;
    for memory in ["1 1", "1"] {
        for operator in operators() {
            let wasm = wat::parse_str(format!(
                r#"(module
                     (import "vm_hooks" "pay_for_memory_grow" (func (param i32)))
                     (import "vm_hooks" "return_data_size"
                       (func $return_data_size (result i32)))
                     (import "vm_hooks" "read_args" (func $read_args (param i32)))
                     (import "vm_hooks" "native_keccak256"
                       (func $native_keccak256 (param i32 i32 i32)))
                     (import "vm_hooks" "storage_flush_cache"
                       (func $storage_flush_cache (param i32)))
                     (type $t (func))
                     (table 1 1 funcref)
                     (elem (i32.const 0) $f)
                     (memory (export "memory") {memory})
                     (global $g_i32 (mut i32) (i32.const 0))
                     (global $g_i64 (mut i64) (i64.const 0))
                     (func $f)
                     (func (export "user_entrypoint") (param i32) (result i32)
                       (local $i32 i32) (local $i64 i64)
                       (loop $again {operator} (br $again))
                       (i32.const 0)))"#
            ))
            .expect("the text is WASM");
            let program = activate(&wasm, &StylusParams::default(), 128, false)
                .expect("the program breaks no rule")
                .program;
            // Should it take the process with it, this tells which it was.
            eprintln!("{operator} with a memory of {memory}");
            let ran = std::thread::Builder::new()
                .stack_size(STACK)
                .spawn(move || {
                    let mut frame = frame();
                    frame.gas = 300_000;
                    machine(&program, frame).run(&mut MemoryWorld::default(), Resume::Start)
                })
                .expect("a thread can be had")
                .join();
            let Ok(Ok(Step::Done(outcome))) = ran else {
                panic!("{operator}: {ran:?}");
            };
            assert_eq!(outcome.status, Status::OutOfInk, "{operator}");
        }
    }
}

#[test]
fn hostile_modules_of_the_past_keep_their_bounds() {
    let codes = kept_codes();
    assert!(!codes.is_empty());
    for (path, code) in codes {
        // With more and with less gas.
        for case in 0..20 {
            let kept = keeps_bounds(&code, &Random::new(0, case), &mut Tally::default());
            assert_eq!(kept, Ok(()), "{}", path.display());
        }
    }
}

#[test]
fn hostile_modules_keep_bounds_of_gas_and_memory() {
    let plan = Plan::from_env(SHARE);
    let mut tally = Tally::default();
    // The case that is under way, should it take the whole process with it.
    let under_way = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-module-under-way");
    for (case, mut random) in plan.cases() {
        fs::write(&under_way, format!("seed {} case {case}\n", plan.seed))
            .expect("the target folder can be written");
        let code = generate(&mut random);
        let Err(why) = keeps_bounds(&code, &random, &mut tally) else {
            continue;
        };
        let path = kept().join(format!("seed-{}-case-{case}.code", plan.seed));
        fs::write(&path, shrink(&code, &random)).expect("the folder can be written");
        panic!(
            "case {case} of seed {}: {why}; kept in {}",
            plan.seed,
            path.display()
        );
    }
    println!("{tally:?}");
    // Every way to end must come up, or the cases are not what they are taken for.
    let part = plan.cases / 500;
    for (what, count) in [
        ("undecodable", tally.undecodable),
        ("refused", tally.refused),
        ("succeeded", tally.succeeded),
        ("reverted", tally.reverted),
        ("failed", tally.failed),
        ("out of ink", tally.out_of_ink),
        ("out of stack", tally.out_of_stack),
    ] {
        assert!(count >= part, "only {count} cases were {what}: {tally:?}");
    }
}
