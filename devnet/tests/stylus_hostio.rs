//! Host functions: what each returns and what it costs.

mod stylus_world;

use alloy_primitives::{Address, B256, Bytes, U256, b256, hex, keccak256};
use arbius_devnet::stylus::{Fault, Frame, Outcome, Status, StylusParams, activate};
use stylus_world::{
    CALLER, CONTRACT, GAS, HEADER, INK, MemoryWorld, environment, frame, hook, ink_used, program,
    run, run_in, with_imports,
};

// The prices of `crates/arbutil/src/pricing.rs`, written out once more.
const BASE: u64 = 8_400;
const POINTER: u64 = 5_040;
const API: u64 = 59_673;

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

    fn program(&self) -> arbius_devnet::stylus::Program {
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
        let left = stylus_world::starting_ink(&call.program()) - (HEADER + 3_801) - BASE;
        assert_eq!(output, Bytes::from((left / per).to_le_bytes()));
    }
}

fn word(byte: u8) -> B256 {
    B256::repeat_byte(byte)
}

/// A program that runs `body` with the storage functions at hand. Address 0 holds a key of
/// 0x01 bytes, 32 a value of 0x02 bytes, 64 one of 0x03 bytes.
fn storage(body: &str) -> arbius_devnet::stylus::Program {
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
// call | const const call | end
const LOAD: u64 = (HEADER + 3_800) + (HEADER + 2 + 3_800) + (HEADER + 1);
// const call | const get call | end
const STORE: u64 = (HEADER + 3_801) + (HEADER + 76 + 3_800) + (HEADER + 1);
// const call | get call | end
const FLUSH: u64 = (HEADER + 3_801) + (HEADER + 75 + 3_800) + (HEADER + 1);
// const end
const END: u64 = HEADER + 2;
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
    let status_with = |program: &arbius_devnet::stylus::Program, gas: u64| {
        let mut frame = frame();
        frame.gas = program.costs().start_gas(&StylusParams::default(), false) + gas;
        let outcome = run_in(&mut MemoryWorld::default(), program, frame);
        (outcome.status, outcome.gas_left)
    };
    // EIP-2200 wants 2,300 left over for a write, the cache 10 more; before that the
    // program needs less than 5 gas.
    let store = storage("i32.const 32 call $store");
    assert_eq!(status_with(&store, 2_310), (Status::OutOfInk, 0));
    assert_eq!(status_with(&store, 2_315).0, Status::Success);
    // A cold load, 10 for the cache, 5 for the chain.
    let load = storage("call $load");
    assert_eq!(status_with(&load, 2_115), (Status::OutOfInk, 0));
    assert_eq!(status_with(&load, 2_120).0, Status::Success);
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

#[test]
fn logs_carry_topics_and_data() {
    let data = [word(1).as_slice(), word(2).as_slice(), b"payload"].concat();
    let mut world = MemoryWorld::default();
    let call = HostCall::new("emit_log", "i32 i32 i32", &[0, 71, 2]).with_data(&data);
    let (ink, _) = call.output_in(&mut world);
    assert_eq!(
        world.logs,
        [(
            CONTRACT,
            vec![word(1), word(2)],
            Bytes::from_static(b"payload")
        )]
    );
    // Reading 71 bytes; 375 for the log and each topic, 8 for each of 7 bytes.
    assert_eq!(
        ink,
        BASE + API + (16_381 + 55 * 39) + (3 * 375 + 7 * 8) * INK
    );

    let none = HostCall::new("emit_log", "i32 i32 i32", &[0, 0, 0]);
    assert_eq!(none.output().0, BASE + API + 16_381 + 375 * INK);
}

#[test]
fn malformed_and_forbidden_logs_fail() {
    for (len, topics) in [(31, 1), (160, 5), (0, -1), (127, 4)] {
        let (_, outcome) = HostCall::new("emit_log", "i32 i32 i32", &[0, len, topics]).run();
        assert!(
            matches!(outcome.status, Status::Failure(Fault::BadTopics { .. })),
            "{topics}"
        );
        assert!(outcome.gas_left > 0);
    }
    let mut frame = frame();
    frame.is_static = true;
    let mut world = MemoryWorld::default();
    let call = HostCall::new("emit_log", "i32 i32 i32", &[0, 0, 0]);
    let (_, outcome) = call.run_in(&mut world, frame);
    assert_eq!(
        outcome.status,
        Status::Failure(Fault::WriteProtection("emit_log"))
    );
    assert!(world.logs.is_empty());
}

const ACCOUNT: Address = Address::repeat_byte(0xAC);

#[test]
fn accounts_are_cold_then_warm() {
    let mut world = MemoryWorld::default();
    world.balances.insert(ACCOUNT, U256::from(1_000u64));
    world.codes.insert(ACCOUNT, Bytes::from_static(b"code"));
    let data = ACCOUNT.as_slice();
    let ink = BASE + 2 * POINTER + API;
    let balance = HostCall::new("account_balance", "i32 i32", &[0, out()])
        .with_data(data)
        .returning(32);
    let (cold, output) = balance.output_in(&mut world);
    assert_eq!(U256::from_be_slice(&output), U256::from(1_000u64));
    assert_eq!(cold, ink + 2_600 * INK);
    assert_eq!(balance.output_in(&mut world).0, ink + 100 * INK);

    let hash = HostCall::new("account_codehash", "i32 i32", &[0, out()])
        .with_data(data)
        .returning(32);
    let (warm, output) = hash.output_in(&mut world);
    assert_eq!(
        output,
        Bytes::copy_from_slice(keccak256(b"code").as_slice())
    );
    assert_eq!(warm, ink + 100 * INK);
    assert_eq!(hash.output().0, ink + 2_600 * INK);
}

#[test]
fn code_costs_its_load_and_its_length() {
    let code = Bytes::from((0..100u8).collect::<Vec<_>>());
    let mut world = MemoryWorld::default();
    world.codes.insert(ACCOUNT, code.clone());
    let size = HostCall::new("account_code_size", "i32", &[0])
        .with_data(ACCOUNT.as_slice())
        .with_result("i32");
    let (cold, output) = size.output_in(&mut world);
    assert_eq!(output, Bytes::from(vec![100, 0, 0, 0]));
    assert_eq!(cold, BASE + API + 3_300 * INK);

    // The whole code is paid for, whatever part is asked for.
    let part = |offset, size| {
        HostCall::new("account_code", "i32 i32 i32 i32", &[0, offset, size, out()])
            .with_data(ACCOUNT.as_slice())
            .returning(8)
    };
    let mut read = part(10, 4);
    read.result = Some("i32");
    read.args[3] = out() + 4;
    let (warm, output) = read.output_in(&mut world);
    assert_eq!(output[..], [4, 0, 0, 0, 10, 11, 12, 13]);
    assert_eq!(warm, BASE + API + 800 * INK + 5_040 + 30 * 68);
    let mut beyond = part(98, 40);
    beyond.result = Some("i32");
    beyond.args[3] = out() + 4;
    assert_eq!(
        beyond.output_in(&mut world).1[..],
        [2, 0, 0, 0, 98, 99, 0, 0]
    );
}

#[test]
fn the_code_read_last_is_free_to_read_again() {
    let program = program(&format!(
        r#"(module {}
             (memory (export "memory") 1 1)
             (func $size i32.const 0 call $account_code_size drop)
             (func (export "user_entrypoint") (param i32) (result i32)
               call $size call $size i32.const 0))"#,
        hook("account_code_size", "(param i32) (result i32)")
    ));
    // call | const call | drop end
    let around = (HEADER + 3_800) + (HEADER + 3_801) + (HEADER + 10);
    let gas = |world: &mut MemoryWorld| {
        let outcome = run_in(world, &program, frame());
        (ink_used(&program, &outcome) - 2 * (around + BASE + API) - END) / INK
    };
    let mut world = MemoryWorld::default();
    assert_eq!(gas(&mut world), 3_300 + 800, "no code is not remembered");
    let mut world = MemoryWorld::default();
    world
        .codes
        .insert(Address::ZERO, Bytes::from_static(b"code"));
    assert_eq!(gas(&mut world), 3_300);
}

#[test]
fn mathematics_is_that_of_the_evm() {
    let wide = |value: U256| value.to_be_bytes::<32>();
    let compute = |name: &'static str, operands: &[U256]| {
        let data: Vec<u8> = operands.iter().flat_map(|operand| wide(*operand)).collect();
        let args: Vec<i64> = (0..operands.len() as i64).map(|i| i * 32).collect();
        let params = if operands.len() == 2 {
            "i32 i32"
        } else {
            "i32 i32 i32"
        };
        // The result replaces the first operand: copy it to where tests look.
        let call = HostCall::new(name, params, &args).with_data(&data);
        let program = call.program();
        let outcome = run(&program);
        assert_eq!(outcome.status, Status::Success);
        let (ink, _) = call.run();
        let read = program_returning_first_word(name, params, &args, &data);
        (ink, U256::from_be_slice(&run(&read).output))
    };
    let n = |value: u64| U256::from(value);
    let zero = U256::ZERO;
    let max = U256::MAX;

    let div_ink = BASE + 3 * POINTER + 20_000;
    assert_eq!(compute("math_div", &[n(100), n(7)]), (div_ink, n(14)));
    assert_eq!(compute("math_div", &[n(100), zero]), (div_ink, zero));
    assert_eq!(compute("math_mod", &[n(100), n(7)]), (div_ink, n(2)));
    assert_eq!(compute("math_mod", &[n(100), zero]), (div_ink, zero));

    // 33 steps of 17,500, less one for each leading zero byte of the exponent, and 3,000.
    let pow_ink = |steps: u64| BASE + 3 * POINTER + 3_000 + steps * 17_500;
    assert_eq!(compute("math_pow", &[n(3), n(5)]), (pow_ink(2), n(243)));
    assert_eq!(compute("math_pow", &[n(3), zero]), (pow_ink(1), n(1)));
    assert_eq!(compute("math_pow", &[n(2), n(256)]), (pow_ink(3), zero));
    assert_eq!(compute("math_pow", &[max, max]), (pow_ink(33), max));

    let add_ink = BASE + 4 * POINTER + 21_000;
    assert_eq!(
        compute("math_add_mod", &[max, max, n(7)]),
        (add_ink, (max % n(7) * n(2)) % n(7))
    );
    assert_eq!(
        compute("math_add_mod", &[n(1), n(1), zero]),
        (add_ink, zero)
    );
    let mul_ink = BASE + 4 * POINTER + 24_100;
    assert_eq!(compute("math_mul_mod", &[max, max, n(12)]), (mul_ink, n(9)));
    assert_eq!(
        compute("math_mul_mod", &[n(2), n(3), zero]),
        (mul_ink, zero)
    );
}

fn program_returning_first_word(
    name: &'static str,
    params: &str,
    args: &[i64],
    data: &[u8],
) -> arbius_devnet::stylus::Program {
    let args: String = args.iter().map(|arg| format!("i32.const {arg} ")).collect();
    let data: String = data.iter().map(|byte| format!("\\{byte:02x}")).collect();
    program(&format!(
        r#"(module {} {}
             (memory (export "memory") 1 1)
             (data (i32.const 0) "{data}")
             (func (export "user_entrypoint") (param i32) (result i32)
               {args} call ${name}
               i32.const 0 i32.const 32 call $write_result
               i32.const 0))"#,
        hook(name, &format!("(param {params})")),
        hook("write_result", "(param i32 i32)"),
    ))
}

#[test]
fn hashing_costs_by_the_word_from_the_third_on() {
    for (len, words) in [(0u64, 0u64), (64, 0), (65, 1), (96, 1), (320, 8)] {
        let call =
            HostCall::new("native_keccak256", "i32 i32 i32", &[0, len as i64, out()]).returning(32);
        let (ink, output) = call.output();
        assert_eq!(ink, 121_800 + 21_000 * words, "{len} bytes");
        assert_eq!(
            output,
            Bytes::copy_from_slice(keccak256(vec![0; len as usize]).as_slice())
        );
    }
    let empty = b256!("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    let call = HostCall::new("native_keccak256", "i32 i32 i32", &[0, 0, out()]).returning(32);
    assert_eq!(call.output().1, Bytes::from(empty.0));
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
