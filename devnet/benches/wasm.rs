//! How many gas of WASM are executed in a second: `cargo bench -p arbius-devnet --bench wasm`.
//!
//! Seconds are those of the processor, so that what else runs on the machine counts little.

#[path = "goals/mod.rs"]
mod goals;

use std::{convert::Infallible, process::ExitCode, time::Duration};

use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_devnet::stylus::{
    Access, Environment, Frame, Machine, Pages, Program, Resume, SlotWrite, Status, Step,
    StylusParams, World, activate,
};
use goals::Goals;

const GAS: u64 = 40_000_000;
const ROUNDS: usize = 5;
/// Million gas per second.
const LEAST: f64 = 30.0;

/// Programs that use up their gas in different ways.
const PROGRAMS: [(&str, &str); 4] = [
    (
        "arithmetic",
        "(local $x i64)
         (local.set $x (i64.const 88172645463325252))
         (loop $l
           (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
           (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
           (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
           (br $l))",
    ),
    (
        "memory",
        "(local $i i32)
         (loop $l
           (i32.store (i32.and (local.get $i) (i32.const 0xfffc))
             (i32.add (local.get $i) (i32.load (i32.and (local.get $i) (i32.const 0xff00)))))
           (local.set $i (i32.add (local.get $i) (i32.const 4)))
           (br_if $l (i32.const 1)))",
    ),
    (
        "calls",
        "(loop $l (drop (call $fib (i32.const 15))) (br $l))",
    ),
    (
        "hashing",
        "(loop $l
           (call $native_keccak256 (i32.const 0) (i32.const 64) (i32.const 0))
           (br $l))",
    ),
];

fn program(body: &str) -> Program {
    let wat = format!(
        r#"(module
             (import "vm_hooks" "native_keccak256"
               (func $native_keccak256 (param i32 i32 i32)))
             (memory (export "memory") 1 1)
             (func $fib (param $n i32) (result i32)
               (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))
                 (then (local.get $n))
                 (else (i32.add
                   (call $fib (i32.sub (local.get $n) (i32.const 1)))
                   (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
             (func (export "user_entrypoint") (param i32) (result i32) {body} (i32.const 0)))"#
    );
    let wasm = wat::parse_str(wat).expect("the text is WASM");
    activate(&wasm, &StylusParams::default(), 128, false)
        .expect("the program breaks no rule")
        .program
}

fn main() -> ExitCode {
    let mut goals = Goals::of("wasm");
    for (name, body) in PROGRAMS {
        let program = program(body);
        let speeds = (0..ROUNDS)
            .map(|_| {
                let start = processor_time();
                run(&program);
                let seconds = (processor_time() - start).as_secs_f64();
                GAS as f64 / seconds / 1e6
            })
            .collect();
        goals.report(name, speeds, "M gas/s", LEAST..);
    }
    goals.conclude()
}

/// Time that this thread has had of the processor (`Documentation/scheduler/sched-stats.rst`
/// in Linux).
fn processor_time() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat");
    let nanoseconds = statistics
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .expect("Linux tells the time that a thread has run");
    Duration::from_nanos(nanoseconds)
}

/// Runs a program until its gas is used up.
fn run(program: &Program) {
    let frame = Frame {
        contract: Address::repeat_byte(1),
        caller: Address::repeat_byte(2),
        value: U256::ZERO,
        calldata: Bytes::new(),
        is_static: false,
        reentrant: false,
        cached: true,
        gas: GAS,
    };
    let environment = Environment {
        chain_id: 1,
        base_fee: U256::ONE,
        coinbase: Address::ZERO,
        block_gas_limit: 1 << 50,
        l1_block_number: 1,
        timestamp: 1,
        gas_price: U256::ONE,
        origin: Address::repeat_byte(2),
    };
    let mut machine = Machine::start(program, frame, &environment, &StylusParams::default());
    match machine.run(&mut Stateless::default(), Resume::Start) {
        Ok(Step::Done(outcome)) => assert_eq!(outcome.status, Status::OutOfInk),
        other => panic!("the program should end by itself: {other:?}"),
    }
}

/// A chain with nothing on it: the programs here use none of its state.
#[derive(Default)]
struct Stateless(Pages);

const WARM: bool = false;

impl World for Stateless {
    type Error = Infallible;

    fn sload(&mut self, _: Address, _: B256) -> Result<Access<B256>, Infallible> {
        Ok(Access {
            is_cold: WARM,
            value: B256::ZERO,
        })
    }

    fn sstore(&mut self, _: Address, _: B256, _: B256) -> Result<Access<SlotWrite>, Infallible> {
        Ok(Access {
            is_cold: WARM,
            value: SlotWrite {
                original: B256::ZERO,
                current: B256::ZERO,
            },
        })
    }

    fn tload(&mut self, _: Address, _: B256) -> B256 {
        B256::ZERO
    }

    fn tstore(&mut self, _: Address, _: B256, _: B256) {}

    fn log(&mut self, _: Address, _: Vec<B256>, _: Bytes) {}

    fn balance(&mut self, _: Address) -> Result<Access<U256>, Infallible> {
        Ok(Access {
            is_cold: WARM,
            value: U256::ZERO,
        })
    }

    fn code(&mut self, _: Address) -> Result<Access<Bytes>, Infallible> {
        Ok(Access {
            is_cold: WARM,
            value: Bytes::new(),
        })
    }

    fn code_hash(&mut self, _: Address) -> Result<Access<B256>, Infallible> {
        Ok(Access {
            is_cold: WARM,
            value: B256::ZERO,
        })
    }

    fn is_empty(&mut self, _: Address) -> Result<Access<bool>, Infallible> {
        Ok(Access {
            is_cold: WARM,
            value: true,
        })
    }

    fn pages(&mut self) -> &mut Pages {
        &mut self.0
    }

    fn console(&mut self, _: Address, _: &str) {}
}
