//! Compiled programs.

use std::{
    collections::HashMap,
    fmt,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
};

use alloy_primitives::{B256, Keccak256};
use wasmi::{CompilationMode, Config, Engine, Instance, Linker, Module, Store};

use super::{
    activate::ActivationError,
    hostio::{self, Host},
    params::ProgramCosts,
};

/// Deepest nesting of calls in the interpreter. The metered stack ends first: a frame
/// takes at least four words, and no Arbitrum chain allows more than 262,144.
const MAX_RECURSION: usize = 65_536 + 1;
/// Bytes of value stack in the interpreter, again more than what is metered can fill:
/// parameters, which are not metered, are operands of the caller, which are.
const MAX_STACK_BYTES: usize = 16 << 20;

/// A program that was activated and compiled. Clones share the compiled code.
#[derive(Clone)]
pub struct Program(Arc<Compiled>);

struct Compiled {
    /// Of an engine of its own: an engine never frees the code it compiled.
    module: Module,
    linker: Linker<Host>,
    costs: ProgramCosts,
    module_hash: B256,
}

impl Program {
    pub(super) fn compile(
        wasm: &[u8],
        instrumented: &[u8],
        costs: ProgramCosts,
    ) -> Result<Self, ActivationError> {
        let compile = |error: wasmi::Error| ActivationError::Compile(error.to_string());
        let engine = Engine::new(&config());
        // The interpreter's compiler has panicked on valid programs (a store through a
        // pointer that is the value too, at an offset of over 16 bits). What strangers
        // deploy must not take a thread of the chain with it; the engine, which is all
        // that a panic can leave half done, goes with the attempt.
        let module = catch_unwind(AssertUnwindSafe(|| Module::new(&engine, instrumented)))
            .map_err(|_| {
                ActivationError::Compile("the interpreter's compiler gave up on it".into())
            })?
            .map_err(compile)?;
        let linker = hostio::linker(&engine).map_err(|error| compile(error.into()))?;

        let mut hasher = Keccak256::new();
        hasher.update(wasm);
        hasher.update(costs.version.to_be_bytes());
        Ok(Self(Arc::new(Compiled {
            module,
            linker,
            costs,
            module_hash: hasher.finalize(),
        })))
    }

    /// What the chain stores about the program and charges its calls by.
    pub fn costs(&self) -> &ProgramCosts {
        &self.0.costs
    }

    /// Hash of the WASM and the Stylus version. (Nitro's module hash commits to the code
    /// of its proof system; this one only tells programs apart.)
    pub fn module_hash(&self) -> B256 {
        self.0.module_hash
    }

    /// A fresh instance with its own memory.
    pub(super) fn instantiate(&self, host: Host) -> Result<(Store<Host>, Instance), wasmi::Error> {
        let mut store = Store::new(self.0.module.engine(), host);
        let instance = self
            .0
            .linker
            .instantiate_and_start(&mut store, &self.0.module)?;
        Ok((store, instance))
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("module_hash", &self.0.module_hash)
            .field("costs", &self.0.costs)
            .finish_non_exhaustive()
    }
}

/// The interpreter's settings: only what activation lets pass, compiled at once.
pub(super) fn config() -> Config {
    let mut config = Config::default();
    config
        .set_max_recursion_depth(MAX_RECURSION)
        .set_max_stack_height(MAX_STACK_BYTES)
        .compilation_mode(CompilationMode::Eager)
        .consume_fuel(false)
        .allow_start_fn(false)
        .ignore_custom_sections(true)
        .floats(false)
        .wasm_multi_value(false)
        .wasm_multi_memory(false)
        .wasm_reference_types(false)
        .wasm_tail_call(false)
        .wasm_extended_const(false);
    config
}

/// Compiled programs by the hash of their code, so that a call need not compile.
///
/// Clones share the cache. It is no part of the chain's state: what is missing is
/// compiled again.
#[derive(Clone, Debug)]
pub struct ProgramCache {
    entries: Arc<Mutex<Entries>>,
    capacity: NonZeroUsize,
}

#[derive(Debug, Default)]
struct Entries {
    programs: HashMap<B256, (Program, u64)>,
    clock: u64,
}

impl Default for ProgramCache {
    fn default() -> Self {
        Self::new(const { NonZeroUsize::new(256).unwrap() })
    }
}

impl ProgramCache {
    /// A cache of at most `capacity` programs.
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self {
            entries: Arc::default(),
            capacity,
        }
    }

    /// The program compiled from the code with this hash.
    pub fn get(&self, code_hash: &B256) -> Option<Program> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.clock += 1;
        let now = entries.clock;
        let (program, used) = entries.programs.get_mut(code_hash)?;
        *used = now;
        Some(program.clone())
    }

    /// Adds a program, in the place of the one not used for longest if the cache is full.
    pub fn insert(&self, code_hash: B256, program: Program) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.clock += 1;
        let now = entries.clock;
        let known = entries.programs.contains_key(&code_hash);
        if !known && entries.programs.len() >= self.capacity.get() {
            let oldest = entries.programs.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(hash, _)| *hash) {
                entries.programs.remove(&oldest);
            }
        }
        entries.programs.insert(code_hash, (program, now));
    }
}
