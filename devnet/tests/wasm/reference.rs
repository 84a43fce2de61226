//! Modules as they are, run in another interpreter than the one that runs programs.
//!
//! The same interpreter without meters would agree with itself on faults of its own, as
//! far as meters do not keep them from happening. wasmi 1 shares its name and its tests
//! with wasmi 2, but neither its instructions nor the compiler that selects them.

use wasmi::TrapCode;
use wasmi_1::{
    Config, Engine, Error, Extern, Instance, Linker, Module, Store, StoreLimits,
    StoreLimitsBuilder, Val, ValType,
};

use super::execution::{End, MEMORY_BYTES, Number, Seen};

/// An instance, and how many steps each call of it may take.
pub(crate) struct Reference {
    store: Store<StoreLimits>,
    instance: Instance,
    fuel: u64,
}

impl Reference {
    /// Instantiates a module without imports and runs its start function.
    pub(crate) fn instantiate(wasm: &[u8], fuel: u64) -> Result<Self, End> {
        let mut config = Config::default();
        // A frame for each step and, for the values, as much as programs have.
        config
            .set_max_recursion_depth(usize::try_from(fuel).expect("a usize has 64 bits"))
            .set_max_stack_height(64 << 20)
            .consume_fuel(true);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, wasm).map_err(|error| ended(&error))?;
        let limits = StoreLimitsBuilder::new().memory_size(MEMORY_BYTES).build();
        let mut store = Store::new(&engine, limits);
        store.limiter(|limits| limits);
        store.set_fuel(fuel).expect("fuel is switched on");
        let instance = Linker::new(&engine)
            .instantiate_and_start(&mut store, &module)
            .map_err(|error| ended(&error))?;
        Ok(Self {
            store,
            instance,
            fuel,
        })
    }

    /// Every exported function with the zeros of its parameters.
    pub(crate) fn functions(&self) -> Vec<(String, Vec<Number>)> {
        self.instance
            .exports(&self.store)
            .filter_map(|export| {
                let name = export.name().to_owned();
                let ty = export.into_func()?.ty(&self.store);
                Some((name, ty.params().iter().copied().map(zero).collect()))
            })
            .collect()
    }

    /// Calls an exported function.
    pub(crate) fn call(&mut self, name: &str, arguments: &[Number]) -> End {
        let function = self
            .instance
            .get_func(&self.store, name)
            .expect("it is exported");
        let arguments: Vec<_> = arguments
            .iter()
            .map(|number| match number {
                Number::I32(value) => Val::I32(*value),
                Number::I64(value) => Val::I64(*value),
            })
            .collect();
        let mut results: Vec<_> = function
            .ty(&self.store)
            .results()
            .iter()
            .map(|ty| Val::default(*ty))
            .collect();
        self.store.set_fuel(self.fuel).expect("fuel is switched on");
        match function.call(&mut self.store, &arguments, &mut results) {
            Ok(()) => End::Values(results.iter().map(number).collect()),
            Err(error) => ended(&error),
        }
    }

    /// What can be seen from outside: globals and memories, by their names.
    pub(crate) fn seen(&self) -> impl Iterator<Item = (&str, Seen<'_>)> {
        self.instance.exports(&self.store).filter_map(|export| {
            let seen = match export.clone().into_extern() {
                Extern::Global(global) => Seen::Global(number(&global.get(&self.store))),
                Extern::Memory(memory) => Seen::Memory(memory.data(&self.store)),
                // Without reference types nothing changes a table.
                Extern::Func(_) | Extern::Table(_) => return None,
            };
            Some((export.name(), seen))
        })
    }
}

fn zero(ty: ValType) -> Number {
    number(&Val::default(ty))
}

fn number(value: &Val) -> Number {
    match value {
        Val::I32(value) => Number::I32(*value),
        Val::I64(value) => Number::I64(*value),
        other => panic!("programs have no {other:?}"),
    }
}

fn ended(error: &Error) -> End {
    use wasmi_1::TrapCode as Theirs;
    let Some(trap) = error.as_trap_code() else {
        return End::Refused;
    };
    End::Trap(match trap {
        Theirs::OutOfFuel => return End::OutOfInk,
        Theirs::StackOverflow => return End::OutOfStack,
        Theirs::UnreachableCodeReached => TrapCode::UnreachableCodeReached,
        Theirs::MemoryOutOfBounds => TrapCode::MemoryOutOfBounds,
        Theirs::TableOutOfBounds => TrapCode::TableOutOfBounds,
        Theirs::IndirectCallToNull => TrapCode::IndirectCallToNull,
        Theirs::IntegerDivisionByZero => TrapCode::IntegerDivisionByZero,
        Theirs::IntegerOverflow => TrapCode::IntegerOverflow,
        Theirs::BadConversionToInteger => TrapCode::BadConversionToInteger,
        Theirs::BadSignature => TrapCode::BadSignature,
        Theirs::GrowthOperationLimited => TrapCode::GrowthOperationLimited,
    })
}
