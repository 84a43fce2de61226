//! Random programs give the same results, traps, globals and memory with meters as they do
//! without, in an interpreter that has nothing to do with them.
//!
//! 20,000 of them: `ARBIUS_FUZZ_CASES=20000 cargo test -p arbius-devnet --test wasm
//! random_programs`. By default a share of them runs.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use alloy_primitives::hex;
use arbitrary::Unstructured;
use arbius_devnet::stylus::{ActivationError, metered};
use wasm_smith::{Config, InstructionKind, InstructionKinds, Module};
use wasmi::Instance;

use super::{
    execution::{Bounds, End, Mode, Number, Runner},
    random::{Plan, Random},
    reference::Reference,
};

/// Cases that run when nothing else is asked for.
const SHARE: u64 = 400;
/// Steps that a call may take without meters: some hundred times those that it takes to
/// grow a memory to `MEMORY_BYTES`, and fill it.
const FUEL: u64 = 1_000_000;
/// More ink than any program uses in that many steps. No step costs more than a jump table
/// of a hundred targets does, but for the last: all bytes that memory is to be filled with
/// are paid for before it traps for having fewer.
const INK: u64 = FUEL * 40_000 + (100 << 32);
/// Less ink than any program uses in that many steps.
const LITTLE_INK: u64 = FUEL / 100;
/// Calls and rounds of loops after which most modules trap by themselves.
const ROUNDS: u32 = 1_000;
/// Calls of each function.
const CALLS: usize = 2;
/// Most bytes of a memory.
const MEMORY_BYTES: u64 = 4 << 20;

/// What became of the cases.
#[derive(Debug, Default)]
struct Tally {
    /// Modules that no program may be like: segments that do not fit, functions that take
    /// too much stack.
    refused: u64,
    /// Modules whose start function trapped, both times alike.
    failed_to_start: u64,
    /// Modules whose start function exhausted steps without meters, and ink with them.
    never_started: u64,
    /// Modules that started.
    started: u64,
    /// Calls that returned, both times the same.
    returned: u64,
    /// Calls that trapped, both times for the same reason.
    trapped: u64,
    /// Calls that exhausted steps without meters, and ink with them.
    exhausted: u64,
}

/// A module of what programs may have.
fn generate(random: &mut Random) -> Vec<u8> {
    // Data segments come with a section that programs may not have as soon as there are
    // bulk memory operators to use them with.
    let bulk_memory_enabled = random.below(2) == 0;
    let config = Config {
        bulk_memory_enabled,
        max_data_segments: if bulk_memory_enabled { 0 } else { 8 },
        disallow_traps: random.below(2) == 0,
        allow_floats: false,
        allowed_instructions: InstructionKinds::new(&[
            InstructionKind::NumericInt,
            InstructionKind::Parametric,
            InstructionKind::Variable,
            InstructionKind::MemoryInt,
            InstructionKind::Control,
        ]),
        max_imports: 0,
        export_everything: true,
        min_funcs: 1 + random.below(8),
        max_funcs: 12,
        max_instructions: 60 + random.below(600),
        min_memories: u32::from(random.below(8) != 0),
        max_memories: 1,
        max_memory32_bytes: MEMORY_BYTES,
        memory_max_size_required: true,
        max_tables: 1,
        max_table_elements: 64,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        multi_value_enabled: false,
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        saturating_float_to_int_enabled: false,
        simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        compact_imports_enabled: false,
        ..Config::default()
    };
    let len = 1_024 + random.below(32_768);
    let bytes = random.bytes(len);
    let mut module =
        Module::new(config, &mut Unstructured::new(&bytes)).expect("the bytes suffice");
    // Left alone, every fourth function never comes to an end.
    if random.below(8) != 0 {
        module
            .ensure_termination(ROUNDS)
            .expect("no function is made of invalid bytes");
    }
    module.to_bytes()
}

/// A module with meters and without.
struct Pair {
    reference: Reference,
    metered: Runner,
    instance: Instance,
}

fn runner(ink: u64) -> Runner {
    Runner::new(
        Mode::Metered,
        Bounds {
            ink,
            // So much that the interpreter's own limits would come first.
            stack: u32::MAX,
            fuel: None,
        },
    )
}

/// Instantiates both and runs the start function, or tells how it ended on both sides.
fn start(wasm: &[u8], instrumented: &[u8]) -> Result<Pair, End> {
    let reference = match Reference::instantiate(wasm, FUEL) {
        Ok(reference) => reference,
        Err(end) => {
            let ink = if end == End::OutOfInk {
                LITTLE_INK
            } else {
                INK
            };
            let metered = runner(ink).instantiate(instrumented).err();
            assert_eq!(metered.as_ref(), Some(&end), "the start function");
            return Err(end);
        }
    };
    let mut metered = runner(INK);
    let instance = metered
        .instantiate(instrumented)
        .unwrap_or_else(|end| panic!("the start function ended with meters alone: {end:?}"));
    Ok(Pair {
        reference,
        metered,
        instance,
    })
}

impl Pair {
    /// Calls a function on both sides, which must end alike and leave the same behind.
    fn call(&mut self, name: &str, arguments: &[Number]) -> End {
        let end = self.reference.call(name, arguments);
        if end == End::OutOfInk {
            self.metered.bounds.ink = LITTLE_INK;
        }
        let function = self
            .instance
            .get_func(&self.metered.store, name)
            .expect("instrumentation keeps exports");
        assert_eq!(
            end,
            self.metered.call(function, arguments),
            "{name:?} of {arguments:?}"
        );
        if end != End::OutOfInk {
            self.assert_same_state();
        }
        end
    }

    fn assert_same_state(&self) {
        for (name, seen) in self.reference.seen() {
            let metered = self.metered.seen(self.instance, name);
            // Not by `assert_eq`, which would print memories.
            if metered.as_ref() != Some(&seen) {
                let difference = metered.map(|metered| seen.difference(&metered));
                panic!("{name:?} without meters and with them: {difference:?}");
            }
        }
    }
}

/// Runs one case. Panics if meters make a difference.
fn check(wasm: &[u8], random: &mut Random, tally: &mut Tally) {
    let instrumented = match metered::instrument(wasm) {
        Ok(instrumented) => instrumented,
        Err(
            ActivationError::Segment { .. }
            | ActivationError::Frame { .. }
            | ActivationError::TooMany { .. },
        ) => {
            tally.refused += 1;
            return;
        }
        Err(error) => panic!("a module of the allowed features was refused: {error}"),
    };
    let mut pair = match start(wasm, &instrumented) {
        Ok(pair) => pair,
        Err(end) => {
            *match end {
                End::Trap(_) => &mut tally.failed_to_start,
                End::OutOfInk => &mut tally.never_started,
                _ => panic!("the start function ended without meters: {end:?}"),
            } += 1;
            return;
        }
    };
    tally.started += 1;
    pair.assert_same_state();
    for (name, mut arguments) in pair.reference.functions() {
        for _ in 0..CALLS {
            for argument in &mut arguments {
                vary(argument, random);
            }
            match pair.call(&name, &arguments) {
                End::Values(_) => {
                    tally.returned += 1;
                    continue;
                }
                End::Trap(_) => tally.trapped += 1,
                End::OutOfInk => tally.exhausted += 1,
                end => panic!("{name:?} of {arguments:?} ended without meters: {end:?}"),
            }
            // As on a chain, nothing is called after a trap. (Steps and ink do not even end
            // in the same place.)
            pair = start(wasm, &instrumented).expect("it started before");
        }
    }
}

/// Makes it a number that is as often small as it is any.
fn vary(number: &mut Number, random: &mut Random) {
    let bits = random.next() >> random.below(64);
    match number {
        Number::I32(value) => *value = bits as i32,
        Number::I64(value) => *value = bits as i64,
    }
}

#[test]
fn random_programs_do_the_same_with_and_without_meters() {
    let plan = Plan::from_env(SHARE);
    let mut tally = Tally::default();
    for (case, mut random) in plan.cases() {
        let wasm = generate(&mut random);
        let checked = catch_unwind(AssertUnwindSafe(|| {
            check(&wasm, &mut random, &mut tally);
        }));
        if let Err(panic) = checked {
            eprintln!("case {case} of seed {}: {}", plan.seed, hex::encode(&wasm));
            resume_unwind(panic);
        }
    }
    println!("{tally:?}");
    let Tally {
        returned,
        trapped,
        exhausted,
        started,
        ..
    } = tally;
    // Or the cases are not what they are taken for.
    assert!(started > plan.cases * 3 / 4, "{tally:?}");
    assert!(returned + trapped > 3 * started, "{tally:?}");
    assert!(returned > 2 * started, "{tally:?}");
    assert!(exhausted < (returned + trapped) / 10, "{tally:?}");
}
