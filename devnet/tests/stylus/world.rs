//! A world in memory and shorthand for running small programs in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use arbius_devnet::stylus::{
    Access, Activation, ActivationError, CallRequest, CreateRequest, Environment, Frame, Machine,
    Outcome, Pages, Program, Resume, SlotWrite, Step, StylusParams, World, activate,
};

/// The account programs run as.
pub(crate) const CONTRACT: Address = Address::repeat_byte(0xC0);
/// The account that calls them.
pub(crate) const CALLER: Address = Address::repeat_byte(0xCA);
/// Gas they are given unless a test says otherwise.
pub(crate) const GAS: u64 = 10_000_000;
/// Ink per gas.
pub(crate) const INK: u64 = 10_000;
/// Ink of the check at the head of a basic block.
pub(crate) const HEADER: u64 = 2_450;

/// State of a chain in which one transaction runs and nothing is ever rolled back.
#[derive(Debug, Default)]
pub(crate) struct MemoryWorld {
    pub(crate) original: BTreeMap<(Address, B256), B256>,
    pub(crate) storage: BTreeMap<(Address, B256), B256>,
    pub(crate) warm_slots: BTreeSet<(Address, B256)>,
    pub(crate) warm_accounts: BTreeSet<Address>,
    pub(crate) transient: BTreeMap<(Address, B256), B256>,
    pub(crate) balances: BTreeMap<Address, U256>,
    pub(crate) codes: BTreeMap<Address, Bytes>,
    pub(crate) logs: Vec<(Address, Vec<B256>, Bytes)>,
    pub(crate) printed: Vec<String>,
    pub(crate) pages: Pages,
    /// How often storage was read and written.
    pub(crate) loads: usize,
    pub(crate) stores: usize,
}

impl MemoryWorld {
    /// A slot that held `value` before the transaction.
    pub(crate) fn with_slot(mut self, key: B256, value: B256) -> Self {
        self.original.insert((CONTRACT, key), value);
        self.storage.insert((CONTRACT, key), value);
        self
    }

    pub(crate) fn slot(&self, key: B256) -> B256 {
        self.storage
            .get(&(CONTRACT, key))
            .copied()
            .unwrap_or_default()
    }

    fn touch(&mut self, account: Address) -> bool {
        self.warm_accounts.insert(account)
    }
}

impl World for MemoryWorld {
    type Error = Infallible;

    fn sload(&mut self, contract: Address, key: B256) -> Result<Access<B256>, Infallible> {
        self.loads += 1;
        Ok(Access {
            is_cold: self.warm_slots.insert((contract, key)),
            value: self
                .storage
                .get(&(contract, key))
                .copied()
                .unwrap_or_default(),
        })
    }

    fn sstore(
        &mut self,
        contract: Address,
        key: B256,
        value: B256,
    ) -> Result<Access<SlotWrite>, Infallible> {
        self.stores += 1;
        let at = (contract, key);
        let current = self.storage.insert(at, value).unwrap_or_default();
        Ok(Access {
            is_cold: self.warm_slots.insert(at),
            value: SlotWrite {
                original: self.original.get(&at).copied().unwrap_or_default(),
                current,
            },
        })
    }

    fn tload(&mut self, contract: Address, key: B256) -> B256 {
        self.transient
            .get(&(contract, key))
            .copied()
            .unwrap_or_default()
    }

    fn tstore(&mut self, contract: Address, key: B256, value: B256) {
        self.transient.insert((contract, key), value);
    }

    fn log(&mut self, contract: Address, topics: Vec<B256>, data: Bytes) {
        self.logs.push((contract, topics, data));
    }

    fn balance(&mut self, account: Address) -> Result<Access<U256>, Infallible> {
        Ok(Access {
            is_cold: self.touch(account),
            value: self.balances.get(&account).copied().unwrap_or_default(),
        })
    }

    fn code(&mut self, account: Address) -> Result<Access<Bytes>, Infallible> {
        Ok(Access {
            is_cold: self.touch(account),
            value: self.codes.get(&account).cloned().unwrap_or_default(),
        })
    }

    fn code_hash(&mut self, account: Address) -> Result<Access<B256>, Infallible> {
        Ok(Access {
            is_cold: self.touch(account),
            value: self.codes.get(&account).map(keccak256).unwrap_or_default(),
        })
    }

    fn is_empty(&mut self, account: Address) -> Result<Access<bool>, Infallible> {
        Ok(Access {
            is_cold: self.touch(account),
            value: !self.codes.contains_key(&account) && !self.balances.contains_key(&account),
        })
    }

    fn pages(&mut self) -> &mut Pages {
        &mut self.pages
    }

    fn console(&mut self, _: Address, line: &str) {
        self.printed.push(line.to_owned());
    }
}

/// Activates a program in text form, or says why not.
pub(crate) fn try_activate(wat: &str) -> Result<Activation, ActivationError> {
    let wasm = wat::parse_str(wat).expect("the test's own text is WASM");
    activate(&wasm, &StylusParams::default(), 128, false)
}

/// Activates a program in text form.
pub(crate) fn program(wat: &str) -> Program {
    try_activate(wat)
        .expect("the program breaks no rule")
        .program
}

/// A program with one page of memory that cannot grow, this body and these imports.
pub(crate) fn with_imports(imports: &str, body: &str) -> Program {
    program(&format!(
        r#"(module {imports}
             (memory (export "memory") 1 1)
             (func (export "user_entrypoint") (param $args_len i32) (result i32) {body}))"#
    ))
}

/// A program without imports.
pub(crate) fn with_body(body: &str) -> Program {
    with_imports("", body)
}

/// The import of a function of `vm_hooks`, under its own name.
pub(crate) fn hook(name: &str, ty: &str) -> String {
    format!(r#"(import "vm_hooks" "{name}" (func ${name} {ty}))"#)
}

pub(crate) fn frame() -> Frame {
    Frame {
        contract: CONTRACT,
        caller: CALLER,
        value: U256::ZERO,
        calldata: Bytes::new(),
        is_static: false,
        reentrant: false,
        cached: false,
        gas: GAS,
    }
}

pub(crate) fn environment() -> Environment {
    Environment {
        chain_id: 412_346,
        base_fee: U256::from(100_000_000u64),
        coinbase: Address::repeat_byte(0xCB),
        block_gas_limit: 1 << 50,
        l1_block_number: 21_000_000,
        timestamp: 1_800_000_000,
        gas_price: U256::from(200_000_000u64),
        origin: Address::repeat_byte(0x0E),
    }
}

pub(crate) fn machine(program: &Program, frame: Frame) -> Machine {
    Machine::start(program, frame, &environment(), &StylusParams::default())
}

/// Runs a program that makes no calls.
pub(crate) fn run_in(world: &mut MemoryWorld, program: &Program, frame: Frame) -> Outcome {
    match machine(program, frame)
        .run(world, Resume::Start)
        .expect("memory cannot fail")
    {
        Step::Done(outcome) => outcome,
        other => panic!("the program should not need another frame: {other:?}"),
    }
}

/// Runs a program that makes no calls in an empty world.
pub(crate) fn run(program: &Program) -> Outcome {
    run_in(&mut MemoryWorld::default(), program, frame())
}

pub(crate) fn expect_call(step: Step) -> CallRequest {
    match step {
        Step::Call(request) => request,
        other => panic!("expected a call, got {other:?}"),
    }
}

pub(crate) fn expect_create(step: Step) -> CreateRequest {
    match step {
        Step::Create(request) => request,
        other => panic!("expected a creation, got {other:?}"),
    }
}

pub(crate) fn expect_done(step: Step) -> Outcome {
    match step {
        Step::Done(outcome) => outcome,
        other => panic!("expected the end, got {other:?}"),
    }
}

/// Ink that an uncached call of `program` begins with when it gets [`GAS`].
pub(crate) fn starting_ink(program: &Program) -> u64 {
    (GAS - program.costs().start_gas(&StylusParams::default(), false)) * INK
}

/// Ink the program used itself, without its start.
pub(crate) fn ink_used(program: &Program, outcome: &Outcome) -> u64 {
    starting_ink(program) - outcome.ink_left
}
