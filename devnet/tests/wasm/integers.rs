//! Modules with floating-point numbers, turned into modules of integers.
//!
//! Most of the core tests about control flow, calls, locals and memory have a few functions
//! on floats among the others, and a program may have none. What such a module does with
//! integers is tested all the same: where floats are only moved they become integers of
//! the same bits, and a function that computes with them becomes one that leaves a mark
//! and traps.

use wast::{
    Wat,
    core::{
        Expression, Func, FuncKind, FunctionType, Global, GlobalKind, GlobalType, ImportItems,
        InlineExport, InnerTypeKind, Instruction, ItemKind, Module, ModuleField, ModuleKind,
        TypeUse, ValType,
    },
    token::Index,
};

/// Export, an `i32`, that is not zero once a function was called that computes with floats.
pub(crate) const MARK: &str = "a function on floats was called";

/// Turns a module in text form into one of integers. False for a module in binary form.
pub(crate) fn without_floats(module: &mut Wat<'_>) -> bool {
    let Wat::Module(Module {
        kind: ModuleKind::Text(fields),
        span,
        ..
    }) = module
    else {
        return false;
    };
    let globals = fields.iter().filter(|field| is_global(field)).count();
    let mark = Index::Num(u32::try_from(globals).expect("few globals"), *span);
    for field in fields.iter_mut() {
        match field {
            ModuleField::Type(ty) => {
                if let InnerTypeKind::Func(ty) = &mut ty.def.kind {
                    signature(ty);
                }
            }
            ModuleField::Import(imports) => {
                if let ImportItems::Single { sig, .. } = &mut imports.items {
                    match &mut sig.kind {
                        ItemKind::Func(ty) => type_use(ty),
                        ItemKind::Global(ty) => value(&mut ty.ty),
                        _ => {}
                    }
                }
            }
            ModuleField::Func(function) => body(function, mark),
            ModuleField::Global(Global { ty, kind, .. }) => {
                value(&mut ty.ty);
                if let GlobalKind::Inline(init) = kind {
                    init.instrs.iter_mut().for_each(instruction);
                }
            }
            _ => {}
        }
    }
    fields.push(ModuleField::Global(Global {
        span: *span,
        id: None,
        name: None,
        exports: InlineExport { names: vec![MARK] },
        ty: GlobalType {
            ty: ValType::I32,
            mutable: true,
            shared: false,
        },
        kind: GlobalKind::Inline(expression(vec![Instruction::i32_const(0)])),
    }));
    true
}

fn is_global(field: &ModuleField<'_>) -> bool {
    match field {
        ModuleField::Global(_) => true,
        ModuleField::Import(imports) => matches!(
            &imports.items,
            ImportItems::Single { sig, .. } if matches!(sig.kind, ItemKind::Global(_))
        ),
        _ => false,
    }
}

fn body<'a>(function: &mut Func<'a>, mark: Index<'a>) {
    type_use(&mut function.ty);
    let FuncKind::Inline {
        locals,
        expression: code,
    } = &mut function.kind
    else {
        return;
    };
    for local in locals.iter_mut() {
        value(&mut local.ty);
    }
    code.instrs.iter_mut().for_each(instruction);
    if code.instrs.iter().any(computes_with_floats) {
        *code = expression(vec![
            Instruction::i32_const(1),
            Instruction::global_set(mark),
            Instruction::unreachable,
        ]);
    }
}

fn expression(instructions: Vec<Instruction<'_>>) -> Expression<'_> {
    Expression {
        instrs: instructions.into(),
        branch_hints: Box::default(),
        instr_spans: None,
    }
}

fn value(ty: &mut ValType<'_>) {
    match ty {
        ValType::F32 => *ty = ValType::I32,
        ValType::F64 => *ty = ValType::I64,
        _ => {}
    }
}

fn signature(ty: &mut FunctionType<'_>) {
    ty.params.iter_mut().for_each(|(_, _, param)| value(param));
    ty.results.iter_mut().for_each(value);
}

fn type_use<'a>(ty: &mut TypeUse<'a, FunctionType<'a>>) {
    if let Some(inline) = &mut ty.inline {
        signature(inline);
    }
}

/// Turns what only moves floats into the same with integers.
fn instruction(instruction: &mut Instruction<'_>) {
    use Instruction as I;
    let replaced = std::mem::replace(instruction, I::nop);
    *instruction = match replaced {
        I::f32_const(value) => I::i32_const(value.bits.cast_signed()),
        I::f64_const(value) => I::i64_const(value.bits.cast_signed()),
        I::f32_load(at) => I::i32_load(at),
        I::f64_load(at) => I::i64_load(at),
        I::f32_store(at) => I::i32_store(at),
        I::f64_store(at) => I::i64_store(at),
        I::i32_reinterpret_f32
        | I::i64_reinterpret_f64
        | I::f32_reinterpret_i32
        | I::f64_reinterpret_i64 => I::nop,
        mut other => {
            match &mut other {
                I::block(block) | I::loop_(block) | I::if_(block) => type_use(&mut block.ty),
                I::call_indirect(call) => type_use(&mut call.ty),
                I::select(types) => {
                    types.tys.iter_mut().flatten().for_each(value);
                }
                _ => {}
            }
            other
        }
    };
}

fn computes_with_floats(instruction: &Instruction<'_>) -> bool {
    // The variants are called as the operators are: f32_add, i32_trunc_f64_s.
    let text = format!("{instruction:?}");
    let name = text.split('(').next().unwrap_or_default();
    name.split('_').any(|word| word == "f32" || word == "f64")
}
