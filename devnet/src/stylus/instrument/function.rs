//! Rewriting one function.

use wasm_encoder::{BlockType, Encode, Instruction, ValType};
use wasmparser::{FunctionBody, Operator};

use super::{Meters, depth::StackTracker, module::ParsedModule};
use crate::stylus::{
    activate::ActivationError,
    prices::{
        BLOCK_HEADER_INK, FRAME_OVERHEAD, MAX_FRAME_CONTENTION, MAX_LOCALS, MAX_OPERATORS,
        MEMORY_COPY_INK, MEMORY_FILL_INK, operator_ink,
    },
};

// How many operators Nitro's instrumentation inserts. Ours is shorter here and there;
// the limits and the activation gas go by Nitro's.
const HEADER_OPERATORS: usize = 12;
const DYNAMIC_METER_OPERATORS: usize = 17;
const ENTRY_OPERATORS: usize = 12;
const EXIT_OPERATORS: usize = 4;
const MEMORY_GROW_OPERATORS: usize = 4;

/// What a function is measured to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FunctionStats {
    /// Operators after Nitro's instrumentation.
    pub(super) operators: usize,
    /// Words of stack a call takes.
    pub(super) frame_size: u32,
}

/// Rewrites the function with a body of index `index` and returns the new body.
pub(super) fn rewrite(
    module: &ParsedModule<'_>,
    index: usize,
    meters: &Meters,
) -> Result<(Vec<u8>, FunctionStats), ActivationError> {
    let body = module
        .bodies
        .get(index)
        .ok_or_else(|| ActivationError::Malformed(format!("function {index} has no body")))?;
    let locals = Locals::read(module, index, body)?;
    let stats = measure(module, index, body, &locals, meters)?;

    let mut out = Vec::with_capacity(body.as_bytes().len() * 4);
    locals.write(&mut out);
    Rewriter {
        module,
        meters,
        ink: locals.next,
        frame_size: i32::try_from(stats.frame_size).unwrap_or(i32::MAX),
        out: &mut out,
        block: Vec::new(),
        block_ink: 0,
    }
    .run(body)?;
    Ok((out, stats))
}

/// A function's declared locals, copied, and one more for the ink.
struct Locals<'a> {
    groups: u32,
    declarations: &'a [u8],
    count: u32,
    next: u32,
}

impl<'a> Locals<'a> {
    fn read(
        module: &ParsedModule<'a>,
        index: usize,
        body: &FunctionBody<'a>,
    ) -> Result<Self, ActivationError> {
        let mut reader = body.get_locals_reader()?;
        let groups = reader.get_count();
        let start = reader.original_position();
        let mut count = 0u32;
        for _ in 0..groups {
            let (of_type, _) = reader.read()?;
            count = count.saturating_add(of_type);
        }
        if count as usize > MAX_LOCALS {
            return Err(ActivationError::TooMany {
                what: "locals in one function",
                count: u64::from(count),
                limit: MAX_LOCALS as u64,
            });
        }
        let (params, _) = module.body_arity(index)?;
        Ok(Self {
            groups,
            declarations: module.bytes(start, reader.original_position())?,
            count,
            next: params.saturating_add(count),
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.groups.saturating_add(1).encode(out);
        out.extend_from_slice(self.declarations);
        1u32.encode(out);
        ValType::I64.encode(out);
    }
}

/// Whether an operator is the last of its basic block.
///
/// `crates/arbutil/src/operator.rs`, `ends_basic_block`.
fn ends_block(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::End
            | Operator::Else
            | Operator::Return
            | Operator::Loop { .. }
            | Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::BrIf { .. }
            | Operator::If { .. }
            | Operator::Call { .. }
            | Operator::CallIndirect { .. }
    )
}

fn measure(
    module: &ParsedModule<'_>,
    index: usize,
    body: &FunctionBody<'_>,
    locals: &Locals<'_>,
    meters: &Meters,
) -> Result<FunctionStats, ActivationError> {
    let mut stack = StackTracker::new();
    // The return that Nitro adds at the end, and the frame given back before it.
    let mut operators = ENTRY_OPERATORS + 1 + EXIT_OPERATORS;
    let mut block_starts = true;
    for operator in body.get_operators_reader()? {
        let operator = operator?;
        if block_starts {
            stack.block_header();
            operators += HEADER_OPERATORS;
        }
        match operator {
            Operator::MemoryFill { .. } | Operator::MemoryCopy { .. } => {
                stack.dynamic_meter();
                operators += DYNAMIC_METER_OPERATORS;
            }
            Operator::Return => operators += EXIT_OPERATORS,
            Operator::MemoryGrow { .. } if meters.pay_for_memory_grow.is_some() => {
                operators += MEMORY_GROW_OPERATORS;
            }
            _ => {}
        }
        stack.operator(&operator, module)?;
        operators += 1;
        block_starts = ends_block(&operator);
    }
    if operators > MAX_OPERATORS {
        return Err(ActivationError::TooMany {
            what: "operators in one function, the meters' included",
            count: operators as u64,
            limit: MAX_OPERATORS as u64,
        });
    }

    let worst = stack.worst();
    if worst > MAX_FRAME_CONTENTION {
        return Err(ActivationError::Frame {
            function: index,
            words: worst,
            limit: MAX_FRAME_CONTENTION,
        });
    }
    let frame_size = worst + locals.count + FRAME_OVERHEAD;
    Ok(FunctionStats {
        operators,
        frame_size,
    })
}

struct Rewriter<'m, 'o> {
    module: &'m ParsedModule<'m>,
    meters: &'m Meters,
    /// Local that holds the ink while a block's header looks at it.
    ink: u32,
    frame_size: i32,
    out: &'o mut Vec<u8>,
    /// The operators of the current basic block, whose price comes before them.
    block: Vec<u8>,
    block_ink: u64,
}

impl Rewriter<'_, '_> {
    fn run(mut self, body: &FunctionBody<'_>) -> Result<(), ActivationError> {
        self.enter();
        let mut reader = body.get_operators_reader()?;
        let mut depth = 1u32;
        while !reader.eof() {
            let start = reader.original_position();
            let operator = reader.read()?;
            let bytes = self.module.bytes(start, reader.original_position())?;

            let module = self.module;
            let ink = operator_ink(&operator, |ty| {
                module
                    .type_arity(ty)
                    .map_or(0, |(params, _)| params as usize)
            })
            .ok_or_else(|| ActivationError::Operator(format!("{operator:?}")))?;
            self.block_ink = self.block_ink.saturating_add(ink);

            match operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
                Operator::End => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        self.leave();
                    }
                }
                Operator::Return => self.leave(),
                Operator::MemoryFill { .. } => self.pay_by_the_byte(MEMORY_FILL_INK),
                Operator::MemoryCopy { .. } => self.pay_by_the_byte(MEMORY_COPY_INK),
                Operator::MemoryGrow { .. } => self.pay_for_growth(),
                _ => {}
            }
            match operator {
                Operator::MemoryGrow { .. } => self.grow(bytes),
                Operator::Select => self.select(bytes),
                _ => self.block.extend_from_slice(bytes),
            }
            if ends_block(&operator) {
                self.close_block();
            }
        }
        Ok(())
    }

    /// Takes the frame's words off the stack that is left, or traps with none left.
    fn enter(&mut self) {
        let stack = self.meters.stack_left;
        for instruction in [
            Instruction::GlobalGet(stack),
            Instruction::I32Const(self.frame_size),
            Instruction::I32LeU,
            Instruction::If(BlockType::Empty),
            Instruction::I32Const(0),
            Instruction::GlobalSet(stack),
            Instruction::Unreachable,
            Instruction::End,
            Instruction::GlobalGet(stack),
            Instruction::I32Const(self.frame_size),
            Instruction::I32Sub,
            Instruction::GlobalSet(stack),
        ] {
            instruction.encode(self.out);
        }
    }

    /// Gives the frame's words back.
    fn leave(&mut self) {
        let stack = self.meters.stack_left;
        for instruction in [
            Instruction::GlobalGet(stack),
            Instruction::I32Const(self.frame_size),
            Instruction::I32Add,
            Instruction::GlobalSet(stack),
        ] {
            instruction.encode(&mut self.block);
        }
    }

    /// Writes the block out behind its price.
    fn close_block(&mut self) {
        let cost = self
            .block_ink
            .saturating_add(BLOCK_HEADER_INK)
            .cast_signed();
        for instruction in [
            Instruction::GlobalGet(self.meters.ink_left),
            Instruction::LocalTee(self.ink),
            Instruction::I64Const(cost),
            Instruction::I64LtU,
            Instruction::If(BlockType::Empty),
            Instruction::I32Const(1),
            Instruction::GlobalSet(self.meters.ink_status),
            Instruction::Unreachable,
            Instruction::End,
            Instruction::LocalGet(self.ink),
            Instruction::I64Const(cost),
            Instruction::I64Sub,
            Instruction::GlobalSet(self.meters.ink_left),
        ] {
            instruction.encode(self.out);
        }
        self.out.append(&mut self.block);
        self.block_ink = 0;
    }

    /// With a number of bytes on the stack, takes `price` ink for each of them.
    fn pay_by_the_byte(&mut self, price: u64) {
        let Meters {
            ink_left,
            ink_status,
            scratch,
            ..
        } = *self.meters;
        for instruction in [
            Instruction::GlobalSet(scratch),
            Instruction::GlobalGet(ink_left),
            Instruction::LocalTee(self.ink),
            Instruction::GlobalGet(scratch),
            Instruction::I64ExtendI32U,
            Instruction::I64Const(price.cast_signed()),
            Instruction::I64Mul,
            Instruction::I64Sub,
            Instruction::GlobalSet(ink_left),
            // More left than before: the subtraction wrapped.
            Instruction::LocalGet(self.ink),
            Instruction::GlobalGet(ink_left),
            Instruction::I64LtU,
            Instruction::If(BlockType::Empty),
            Instruction::I32Const(1),
            Instruction::GlobalSet(ink_status),
            Instruction::Unreachable,
            Instruction::End,
            Instruction::GlobalGet(scratch),
        ] {
            instruction.encode(&mut self.block);
        }
    }

    /// Whether the memory has all pages that it may ever have.
    fn memory_is_fixed(&self) -> bool {
        self.module
            .memories
            .first()
            .is_some_and(|memory| memory.maximum == Some(memory.initial))
    }

    /// `select`, given as `bytes`, with its condition taken through a global.
    ///
    /// The interpreter (wasmi 2.0.0) joins a comparison and the `select` behind it into one
    /// operator, and has picked the wrong value where the comparison reads a local that is
    /// a value too: `i32.const 1, local.get 0, local.get 0, i32.eqz, select`. A condition
    /// that comes from a global is joined with nothing.
    fn select(&mut self, bytes: &[u8]) {
        let scratch = self.meters.scratch;
        Instruction::GlobalSet(scratch).encode(&mut self.block);
        Instruction::GlobalGet(scratch).encode(&mut self.block);
        self.block.extend_from_slice(bytes);
    }

    /// `memory.grow`, given as `bytes`, but only where it can change the memory. Growth by
    /// no pages answers the size, and growth that must fail answers -1: that of a memory
    /// that cannot grow, and that by a multiple of 65,536 pages.
    ///
    /// The interpreter's own operator keeps a frame on the native stack until the program
    /// leaves the interpreter, and a loop would fill the stack. Paying for pages is such a
    /// leave, but as the chain counts them in 16 bits, such a multiple is none to it.
    fn grow(&mut self, bytes: &[u8]) {
        let scratch = self.meters.scratch;
        Instruction::GlobalSet(scratch).encode(&mut self.block);
        let can_grow = !self.memory_is_fixed();
        if can_grow {
            for instruction in [
                Instruction::GlobalGet(scratch),
                Instruction::I32Const(0xFFFF),
                Instruction::I32And,
                Instruction::If(BlockType::Result(ValType::I32)),
                Instruction::GlobalGet(scratch),
            ] {
                instruction.encode(&mut self.block);
            }
            self.block.extend_from_slice(bytes);
            Instruction::Else.encode(&mut self.block);
        }
        for instruction in [
            Instruction::MemorySize(0),
            Instruction::I32Const(-1),
            Instruction::GlobalGet(scratch),
            Instruction::I32Eqz,
            Instruction::Select,
        ] {
            instruction.encode(&mut self.block);
        }
        if can_grow {
            Instruction::End.encode(&mut self.block);
        }
    }

    /// With a number of pages on the stack, has them paid for.
    fn pay_for_growth(&mut self) {
        let Some(pay) = self.meters.pay_for_memory_grow else {
            return;
        };
        let scratch = self.meters.scratch;
        for instruction in [
            Instruction::GlobalSet(scratch),
            Instruction::GlobalGet(scratch),
            Instruction::GlobalGet(scratch),
            Instruction::Call(pay),
        ] {
            instruction.encode(&mut self.block);
        }
    }
}
