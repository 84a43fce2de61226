//! Rewriting WASM so that it meters itself.
//!
//! What is inserted, and in which order, follows Nitro's `crates/prover/src/programs`:
//!
//! 1. `meter.rs`: at the head of each basic block, ink for the block and its header;
//! 2. `dynamic.rs`: before `memory.fill` and `memory.copy`, ink by the byte;
//! 3. `depth.rs`: at a function's entry and its exits, words of stack;
//! 4. `heap.rs`: before `memory.grow`, a call of `pay_for_memory_grow`.
//!
//! Operators are copied byte by byte and every index stays as it is: globals and locals
//! are only added at the end.

mod depth;
mod function;
mod module;

pub(super) use module::{Exported, ParsedModule};

use wasm_encoder::{
    CodeSection, ConstExpr, Encode, ExportKind, ExportSection, GlobalType, Module, RawSection,
    SectionId, ValType,
};
use wasmparser::ExternalKind;

use super::activate::ActivationError;

/// Export under which the ink that is left can be read and set.
pub(super) const INK_LEFT: &str = "stylus_ink_left";
/// Export that is not zero once the ink has run out.
pub(super) const INK_STATUS: &str = "stylus_ink_status";
/// Export under which the words of stack that are left can be read and set.
pub(super) const STACK_LEFT: &str = "stylus_stack_left";

/// Export of a start function, which an instrumented module does not run by itself: its
/// meters have to be filled first.
pub(super) const START: &str = "stylus_start";

/// Globals that instrumentation adds.
pub(super) const ADDED_GLOBALS: usize = 4;

/// Indices of what the inserted code uses.
#[derive(Clone, Copy, Debug)]
struct Meters {
    /// `i64`: ink left.
    ink_left: u32,
    /// `i32`: 1 once the ink has run out.
    ink_status: u32,
    /// `i32`: keeps an operand while code looks at it.
    scratch: u32,
    /// `i32`: words of stack left; 0 once the stack has run out.
    stack_left: u32,
    /// `pay_for_memory_grow`, unless the memory cannot grow.
    pay_for_memory_grow: Option<u32>,
}

/// What an instrumented module exports besides its meters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exports {
    /// The entrypoint and the memory: other exports are of no use to the chain.
    Chain,
    /// All that the module exported itself, and its start function as [`START`].
    All,
}

/// An instrumented module and what its size costs at activation.
#[derive(Debug)]
pub(super) struct Instrumented {
    /// The module.
    pub(super) wasm: Vec<u8>,
    /// Operators in all functions as Nitro's instrumentation would leave them.
    pub(super) operators: u64,
}

/// Instruments a module. For the chain it must have passed the checks of
/// [`super::activate()`].
///
/// # Errors
///
/// [`ActivationError`] if a function holds an operator no program may contain, or
/// exceeds the limits on frames and operators.
pub(super) fn instrument(
    module: &ParsedModule<'_>,
    pay_for_memory_grow: Option<u32>,
    kept: Exports,
) -> Result<Instrumented, ActivationError> {
    let first = module.global_count();
    let meters = Meters {
        ink_left: first,
        ink_status: first + 1,
        scratch: first + 2,
        stack_left: first + 3,
        pay_for_memory_grow,
    };

    let mut operators = 0u64;
    let mut code = CodeSection::new();
    for index in 0..module.bodies.len() {
        let (body, stats) = function::rewrite(module, index, &meters)?;
        operators += stats.operators as u64;
        code.raw(&body);
    }

    let mut out = Module::new();
    for section in &module.copied {
        // Sections have a fixed order; the rewritten ones go where they belong.
        if section.id == SectionId::Element as u8 || section.id == SectionId::Data as u8 {
            continue;
        }
        out.section(&RawSection {
            id: section.id,
            data: section.data,
        });
    }
    out.section(&RawSection {
        id: SectionId::Global as u8,
        data: &globals(module),
    });
    out.section(&exports(module, &meters, kept));
    for section in module.copied_with_id(SectionId::Element as u8) {
        out.section(&section);
    }
    out.section(&code);
    for section in module.copied_with_id(SectionId::Data as u8) {
        out.section(&section);
    }
    Ok(Instrumented {
        wasm: out.finish(),
        operators,
    })
}

/// The content of the global section: the program's globals and the meters'.
fn globals(module: &ParsedModule<'_>) -> Vec<u8> {
    let mut data = Vec::new();
    (module.global_count() + ADDED_GLOBALS as u32).encode(&mut data);
    data.extend_from_slice(module.global_entries);
    let mut add = |val_type, init: ConstExpr| {
        GlobalType {
            val_type,
            mutable: true,
            shared: false,
        }
        .encode(&mut data);
        init.encode(&mut data);
    };
    add(ValType::I64, ConstExpr::i64_const(0));
    add(ValType::I32, ConstExpr::i32_const(0));
    add(ValType::I32, ConstExpr::i32_const(0));
    add(ValType::I32, ConstExpr::i32_const(0));
    data
}

fn exports(module: &ParsedModule<'_>, meters: &Meters, kept: Exports) -> ExportSection {
    let mut section = ExportSection::new();
    match kept {
        Exports::Chain => {
            if let Some(Exported { index, .. }) = module.export(super::activate::ENTRYPOINT) {
                section.export(super::activate::ENTRYPOINT, ExportKind::Func, index);
            }
            section.export(super::activate::MEMORY, ExportKind::Memory, 0);
        }
        Exports::All => {
            for export in &module.exports {
                let kind = match export.kind {
                    ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
                    ExternalKind::Table => ExportKind::Table,
                    ExternalKind::Memory => ExportKind::Memory,
                    ExternalKind::Global => ExportKind::Global,
                    ExternalKind::Tag => ExportKind::Tag,
                };
                section.export(export.name, kind, export.index);
            }
            if let Some(start) = module.start {
                section.export(START, ExportKind::Func, start);
            }
        }
    }
    section.export(INK_LEFT, ExportKind::Global, meters.ink_left);
    section.export(INK_STATUS, ExportKind::Global, meters.ink_status);
    section.export(STACK_LEFT, ExportKind::Global, meters.stack_left);
    section
}
