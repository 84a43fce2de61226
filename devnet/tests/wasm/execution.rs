//! Modules run with and without meters, and what came of it in comparable form.

use arbius_devnet::stylus::metered::{self, INK_LEFT, INK_STATUS, STACK_LEFT};
use wasmi::{
    Engine, Extern, Func, Global, Instance, Linker, Module, Store, StoreLimits, StoreLimitsBuilder,
    TrapCode, Val,
};

/// Ink that no terminating test uses up.
pub(crate) const AMPLE_INK: u64 = u64::MAX / 2;
/// The most stack that an Arbitrum chain allows, in words.
pub(crate) const STACK_WORDS: u32 = 262_144;

/// A number, comparable, which values of the interpreter are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    I32(i32),
    I64(i64),
}

impl Number {
    pub(crate) fn from_val(value: &Val) -> Option<Self> {
        match value {
            Val::I32(value) => Some(Self::I32(*value)),
            Val::I64(value) => Some(Self::I64(*value)),
            _ => None,
        }
    }

    pub(crate) fn to_val(self) -> Val {
        match self {
            Self::I32(value) => Val::I32(value),
            Self::I64(value) => Val::I64(value),
        }
    }
}

/// Most bytes that a module's memories may have.
pub(crate) const MEMORY_BYTES: usize = 256 << 20;

/// What can be seen of an instance from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen<'a> {
    Global(Number),
    Memory(&'a [u8]),
}

impl Seen<'_> {
    /// In what it differs from another, for people to read.
    pub(crate) fn difference(&self, other: &Self) -> String {
        let (Self::Memory(ours), Self::Memory(theirs)) = (self, other) else {
            return format!("{self:?} and {other:?}");
        };
        match ours
            .iter()
            .zip(*theirs)
            .position(|(our, their)| our != their)
        {
            Some(at) => format!("byte {at} is {} and {}", ours[at], theirs[at]),
            None => format!("{} and {} bytes", ours.len(), theirs.len()),
        }
    }
}

/// How a call, or an instantiation, ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Values(Vec<Number>),
    Trap(TrapCode),
    /// Ink with meters, the interpreter's fuel without.
    OutOfInk,
    OutOfStack,
    /// It could not be instantiated or called: what it imports is missing or of another type.
    Refused,
}

/// Whether modules are instrumented before they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Plain,
    Metered,
}

/// What bounds a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) ink: u64,
    pub(crate) stack: u32,
    /// Steps of the interpreter, none for no bound.
    pub(crate) fuel: Option<u64>,
}

/// Meters of one instance.
#[derive(Clone, Copy, Debug)]
struct Meters {
    ink_left: Global,
    ink_status: Global,
    stack_left: Global,
}

/// A store in which modules are instantiated, all with meters or all without.
pub(crate) struct Runner {
    mode: Mode,
    pub(crate) bounds: Bounds,
    pub(crate) store: Store<StoreLimits>,
    pub(crate) linker: Linker<StoreLimits>,
    meters: Vec<Meters>,
}

impl Runner {
    pub(crate) fn new(mode: Mode, bounds: Bounds) -> Self {
        let mut config = metered::interpreter_config();
        // An instrumented module exports its start function instead.
        config.allow_start_fn(mode == Mode::Plain);
        config.consume_fuel(bounds.fuel.is_some());
        let engine = Engine::new(&config);
        let limits = StoreLimitsBuilder::new().memory_size(MEMORY_BYTES).build();
        let mut store = Store::new(&engine, limits);
        store.limiter(|limits| limits);
        Self {
            mode,
            bounds,
            store,
            linker: Linker::new(&engine),
            meters: Vec::new(),
        }
    }

    /// Instantiates a module and runs its start function.
    pub(crate) fn instantiate(&mut self, prepared: &[u8]) -> Result<Instance, End> {
        let module =
            Module::new(self.store.engine(), prepared).map_err(|error| self.ended(&error))?;
        self.refill();
        let instance = self
            .linker
            .instantiate_and_start(&mut self.store, &module)
            .map_err(|error| self.ended(&error))?;
        if self.mode == Mode::Metered {
            let global = |name| {
                instance
                    .get_global(&self.store, name)
                    .expect("instrumentation exports its meters")
            };
            self.meters.push(Meters {
                ink_left: global(INK_LEFT),
                ink_status: global(INK_STATUS),
                stack_left: global(STACK_LEFT),
            });
            if let Some(start) = instance.get_func(&self.store, metered::START) {
                match self.call(start, &[]) {
                    End::Values(_) => {}
                    trapped => return Err(trapped),
                }
            }
        }
        Ok(instance)
    }

    /// Calls a function with full meters.
    pub(crate) fn call(&mut self, function: Func, arguments: &[Number]) -> End {
        self.refill();
        let arguments: Vec<_> = arguments.iter().map(|number| number.to_val()).collect();
        let mut results: Vec<_> = function
            .ty(&self.store)
            .results()
            .iter()
            .map(|ty| Val::default_for_ty(*ty))
            .collect();
        match function.call(&mut self.store, &arguments, &mut results) {
            Ok(()) => End::Values(
                results
                    .iter()
                    .map(|value| Number::from_val(value).expect("programs have only integers"))
                    .collect(),
            ),
            Err(error) => self.ended(&error),
        }
    }

    fn refill(&mut self) {
        let Bounds { ink, stack, fuel } = self.bounds;
        for meters in &self.meters {
            for (global, value) in [
                (meters.ink_left, Val::I64(ink.cast_signed())),
                (meters.ink_status, Val::I32(0)),
                (meters.stack_left, Val::I32(stack.cast_signed())),
            ] {
                global
                    .set(&mut self.store, value)
                    .expect("meters are mutable");
            }
        }
        if let Some(fuel) = fuel {
            self.store.set_fuel(fuel).expect("fuel is switched on");
        }
    }

    /// What an error means: meters leave their mark before they trap.
    fn ended(&self, error: &wasmi::Error) -> End {
        let any = |global: fn(&Meters) -> Global, is: fn(i32) -> bool| {
            self.meters
                .iter()
                .any(|meters| global(meters).get(&self.store).i32().is_some_and(is))
        };
        if any(|meters| meters.stack_left, |left| left == 0) {
            return End::OutOfStack;
        }
        if any(|meters| meters.ink_status, |status| status != 0) {
            return End::OutOfInk;
        }
        match error.as_trap_code() {
            Some(TrapCode::StackOverflow) => End::OutOfStack,
            Some(TrapCode::OutOfFuel) => End::OutOfInk,
            Some(trap) => End::Trap(trap),
            None => End::Refused,
        }
    }

    pub(crate) fn global(&self, global: Global) -> Option<Number> {
        Number::from_val(&global.get(&self.store))
    }

    /// What can be seen of an exported global or memory.
    pub(crate) fn seen(&self, instance: Instance, name: &str) -> Option<Seen<'_>> {
        Some(match instance.get_export(&self.store, name)? {
            Extern::Global(global) => Seen::Global(self.global(global)?),
            Extern::Memory(memory) => Seen::Memory(memory.data(&self.store)),
            Extern::Func(_) | Extern::Table(_) => return None,
        })
    }
}
