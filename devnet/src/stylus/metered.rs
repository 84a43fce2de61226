//! Modules with meters outside of any chain, so that they can be compared with the same
//! modules without.
//!
//! [`activate()`](super::activate()) asks much of a program: an entrypoint, a memory, no
//! other imports than the chain's. None of it matters to the instrumentation, whose one
//! promise is that a module does what it did before for as long as ink and stack last.
//! Here any module of the allowed features can be instrumented as programs are, and run
//! under the interpreter's settings, so that WebAssembly's own tests and random modules
//! can hold it to that.
//!
//! ```
//! use arbius_devnet::stylus::metered::{self, INK_LEFT, STACK_LEFT};
//! use wasmi::{Engine, Linker, Module, Store, Val};
//!
//! let plain = wat::parse_str(r#"(module (func (export "two") (result i32) i32.const 2))"#)?;
//! let engine = Engine::new(&metered::interpreter_config());
//! let module = Module::new(&engine, metered::instrument(&plain)?)?;
//! let mut store = Store::new(&engine, ());
//! let instance = Linker::new(&engine).instantiate_and_start(&mut store, &module)?;
//!
//! let ink = instance.get_global(&store, INK_LEFT).unwrap();
//! ink.set(&mut store, Val::I64(1_000_000))?;
//! let stack = instance.get_global(&store, STACK_LEFT).unwrap();
//! stack.set(&mut store, Val::I32(1_000))?;
//! let two = instance.get_typed_func::<(), i32>(&store, "two")?;
//! assert_eq!(two.call(&mut store, ())?, 2);
//! // One block: its header, the constant and the end.
//! assert_eq!(ink.get(&store).i64(), Some(1_000_000 - 2_450 - 1 - 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::{
    activate::ActivationError,
    instrument::{self, Exports, ParsedModule},
    program,
};

/// Export, an `i64`, of the ink that is left. Starts at 0.
pub const INK_LEFT: &str = instrument::INK_LEFT;
/// Export, an `i32`, that is not zero once the ink has run out.
pub const INK_STATUS: &str = instrument::INK_STATUS;
/// Export, an `i32`, of the words of stack that are left. Starts at 0, and is 0 after a
/// trap for want of stack.
pub const STACK_LEFT: &str = instrument::STACK_LEFT;
/// Export of the start function, if the module has one. It is not run by itself, as the
/// meters have to be filled first.
pub const START: &str = instrument::START;

/// Instruments a module as activation does, but keeps all its exports and demands nothing
/// that the chain alone needs.
///
/// Growing memory calls `vm_hooks.pay_for_memory_grow` if the module imports it, and is
/// free otherwise.
///
/// # Errors
///
/// [`ActivationError`] for features, sections, imports other than functions, and operators
/// that no program may have, and for functions beyond the limits on frames.
pub fn instrument(wasm: &[u8]) -> Result<Vec<u8>, ActivationError> {
    let module = ParsedModule::parse(wasm)?;
    let pay = module.pay_for_memory_grow();
    instrument::instrument(&module, pay, Exports::All).map(|instrumented| instrumented.wasm)
}

/// The settings of the interpreter that programs run in.
#[must_use]
pub fn interpreter_config() -> wasmi::Config {
    program::config()
}
