//! Storage, its cache, and transient storage.

use super::*;

/// A program that runs `body` with the storage functions at hand. Address 0 holds a key of
/// 0x01 bytes, 32 a value of 0x02 bytes, 64 one of 0x03 bytes.
fn storage(body: &str) -> Program {
    program(&format!(
        r#"(module
             {} {} {}
             (memory (export "memory") 1 1)
             (data (i32.const 0) "{}{}{}")
             (func $load i32.const 0 i32.const 96 call $storage_load_bytes32)
             (func $store (param i32) i32.const 0 local.get 0 call $storage_cache_bytes32)
             (func $flush (param i32) local.get 0 call $storage_flush_cache)
             (func (export "user_entrypoint") (param i32) (result i32) {body} i32.const 0))"#,
        hook("storage_load_bytes32", "(param i32 i32)"),
        hook("storage_cache_bytes32", "(param i32 i32)"),
        hook("storage_flush_cache", "(param i32)"),
        "\\01".repeat(32),
        "\\02".repeat(32),
        "\\03".repeat(32),
    ))
}

// What calling the functions of `storage` costs without their host function.

/// call | const const call | end
const LOAD: u64 = (HEADER + 3_800) + (HEADER + 2 + 3_800) + (HEADER + 1);

/// const call | const get call | end
const STORE: u64 = (HEADER + 3_801) + (HEADER + 76 + 3_800) + (HEADER + 1);

/// const call | get call | end
const FLUSH: u64 = (HEADER + 3_801) + (HEADER + 75 + 3_800) + (HEADER + 1);

/// Ink of a storage access through the cache: two pointers.
const ACCESS: u64 = BASE + 2 * POINTER;

/// Gas of reaching the chain, 5.9673 rounded down.
const API_GAS: u64 = 5;

#[test]
fn a_load_is_cold_then_warm_then_cached() {
    // The cache answers the second load; clearing it makes the third ask again.
    let program = storage("call $load call $load i32.const 1 call $flush call $load");
    let mut world = MemoryWorld::default().with_slot(word(1), word(9));
    let outcome = run_in(&mut world, &program, frame());
    assert_eq!(outcome.status, Status::Success);
    assert_eq!(world.loads, 2);
    let cold = LOAD + ACCESS + (2_100 + API_GAS) * INK;
    let cached = LOAD + ACCESS;
    let flush = FLUSH + BASE + API;
    let warm = LOAD + ACCESS + (100 + API_GAS) * INK;
    assert_eq!(
        ink_used(&program, &outcome),
        cold + cached + flush + warm + END
    );
}

#[test]
fn a_store_is_cached_until_it_is_flushed() {
    let program = storage("i32.const 32 call $store call $load");
    let mut world = MemoryWorld::default();
    let outcome = run_in(&mut world, &program, frame());
    assert_eq!(outcome.status, Status::Success);
    assert_eq!((world.loads, world.stores), (0, 0));
    assert_eq!(
        world.slot(word(1)),
        B256::ZERO,
        "never flushed, never written"
    );
    assert_eq!(
        ink_used(&program, &outcome),
        STORE + ACCESS + LOAD + ACCESS + END
    );
}

#[test]
fn a_flush_pays_for_what_changed() {
    // Twice written, flushed once: 20,000 for a new slot and 2,100 because it is cold.
    let program = storage(
        "i32.const 32 call $store i32.const 64 call $store
         i32.const 0 call $flush i32.const 0 call $flush",
    );
    let mut world = MemoryWorld::default();
    let outcome = run_in(&mut world, &program, frame());
    assert_eq!(outcome.status, Status::Success);
    assert_eq!(world.slot(word(1)), word(3));
    assert_eq!(world.stores, 1, "the second flush finds nothing to write");
    assert_eq!(
        ink_used(&program, &outcome),
        2 * (STORE + ACCESS) + 2 * (FLUSH + BASE + API) + 22_100 * INK + END
    );
}

#[test]
fn a_flush_without_clearing_keeps_the_cache() {
    let program = storage("i32.const 32 call $store i32.const 0 call $flush call $load");
    let mut world = MemoryWorld::default();
    assert_eq!(
        run_in(&mut world, &program, frame()).status,
        Status::Success
    );
    assert_eq!(world.loads, 0);
    let program = storage("i32.const 32 call $store i32.const 1 call $flush call $load");
    let mut world = MemoryWorld::default();
    assert_eq!(
        run_in(&mut world, &program, frame()).status,
        Status::Success
    );
    assert_eq!(world.loads, 1);
}

#[test]
fn writing_back_what_was_loaded_is_not_written() {
    let program = storage("call $load i32.const 96 call $store i32.const 1 call $flush");
    let mut world = MemoryWorld::default().with_slot(word(1), word(2));
    assert_eq!(
        run_in(&mut world, &program, frame()).status,
        Status::Success
    );
    assert_eq!(world.stores, 0);
}

#[test]
fn clearing_a_slot_earns_a_refund() {
    // Address 128 holds zeroes.
    let program = storage("i32.const 128 call $store i32.const 1 call $flush");
    let mut world = MemoryWorld::default().with_slot(word(1), word(2));
    let outcome = run_in(&mut world, &program, frame());
    assert_eq!(outcome.refund, 4_800);
    // A cold reset: 2,100 + 2,900.
    assert_eq!(
        ink_used(&program, &outcome),
        STORE + ACCESS + FLUSH + BASE + API + 5_000 * INK + END
    );
}

#[test]
fn the_cache_gets_dearer_with_use() {
    // Reads: 32 free, up to 128 for 2 gas, then for 10. Writes: 8 free, up to 64 for 7, then 10.
    let gas_of = |body: &str, each: u64, count: u64| {
        let program = storage(&body.repeat(count as usize));
        let mut world = MemoryWorld::default().with_slot(word(1), word(9));
        world.warm_slots.insert((CONTRACT, word(1)));
        let outcome = run_in(&mut world, &program, frame());
        assert_eq!(outcome.status, Status::Success);
        (ink_used(&program, &outcome) - END - count * (each + ACCESS)) / INK
    };
    let reads = |count| gas_of("call $load ", LOAD, count) - (100 + API_GAS);
    assert_eq!(reads(32), 0);
    assert_eq!(reads(33), 2);
    assert_eq!(reads(130), 96 * 2 + 2 * 10);
    let writes = |count| gas_of("i32.const 32 call $store ", STORE, count);
    assert_eq!(writes(8), 0);
    assert_eq!(writes(9), 7);
    assert_eq!(writes(66), 56 * 7 + 2 * 10);
}

#[test]
fn a_flush_in_a_static_call_fails_if_it_would_write() {
    let mut frame = frame();
    frame.is_static = true;
    let writes = storage("i32.const 32 call $store i32.const 0 call $flush");
    let mut world = MemoryWorld::default();
    let outcome = run_in(&mut world, &writes, frame.clone());
    assert_eq!(
        outcome.status,
        Status::Failure(Fault::WriteProtection("storage_flush_cache"))
    );
    assert!(outcome.gas_left > 0);
    assert_eq!(world.stores, 0);
    let only_reads = storage("call $load i32.const 0 call $flush");
    assert_eq!(
        run_in(&mut world, &only_reads, frame).status,
        Status::Success
    );
}

#[test]
fn storage_needs_gas_in_reserve() {
    let status_with = |program: &Program, gas: u64| {
        let mut frame = frame();
        frame.gas = program.costs().start_gas(&StylusParams::default(), false) + gas;
        let outcome = run_in(&mut MemoryWorld::default(), program, frame);
        (outcome.status, outcome.gas_left)
    };
    // EIP-2200 wants 2,300 left over for a write, the cache 10 more; before that the
    // program uses 2,450 + 3,801 + 2,450 + 3,876 + 18,480 = 31,057 ink.
    let store = storage("i32.const 32 call $store");
    assert_eq!(status_with(&store, 2_313), (Status::OutOfInk, 0));
    assert_eq!(status_with(&store, 2_314).0, Status::Success);
    // A cold load, 10 for the cache, 5 for the chain; before that 2,450 + 3,800 + 2,450 +
    // 3,802 + 18,480 = 30,982 ink.
    let load = storage("call $load");
    assert_eq!(status_with(&load, 2_118), (Status::OutOfInk, 0));
    assert_eq!(status_with(&load, 2_119).0, Status::Success);
}

#[test]
fn a_flush_that_cannot_be_paid_takes_all_gas() {
    let program = storage("i32.const 32 call $store i32.const 0 call $flush");
    let start = program.costs().start_gas(&StylusParams::default(), false);
    let used = STORE + ACCESS + FLUSH + BASE + API;
    let with_gas = |gas| {
        let mut frame = frame();
        frame.gas = gas;
        run_in(&mut MemoryWorld::default(), &program, frame)
    };
    // After the flush one more block has to be paid.
    let enough = start + (used + 22_100 * INK + END).div_ceil(INK);
    assert_eq!(with_gas(enough).status, Status::Success);
    let short = with_gas(enough - 1);
    assert_eq!((short.status, short.gas_left), (Status::OutOfInk, 0));
    let far_short = with_gas(start + 10_000);
    assert_eq!(
        (far_short.status, far_short.gas_left),
        (Status::OutOfInk, 0)
    );
}

#[test]
fn transient_storage_costs_100_gas() {
    let mut world = MemoryWorld::default();
    let data = [word(1).as_slice(), word(2).as_slice()].concat();
    let store = HostCall::new("transient_store_bytes32", "i32 i32", &[0, 32]).with_data(&data);
    let (ink, _) = store.output_in(&mut world);
    assert_eq!(ink, BASE + 2 * POINTER + API + 100 * INK);
    let load = HostCall::new("transient_load_bytes32", "i32 i32", &[0, out()])
        .with_data(&data)
        .returning(32);
    let (ink, output) = load.output_in(&mut world);
    assert_eq!(ink, BASE + 2 * POINTER + API + 100 * INK);
    assert_eq!(output, Bytes::copy_from_slice(word(2).as_slice()));

    let mut frame = frame();
    frame.is_static = true;
    let (_, outcome) = store.run_in(&mut world, frame);
    assert_eq!(
        outcome.status,
        Status::Failure(Fault::WriteProtection("transient_store_bytes32"))
    );
}
