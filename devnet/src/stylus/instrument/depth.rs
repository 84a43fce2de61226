//! How many words of stack a function's frame can take.

use wasmparser::{BlockType, Operator};

use super::module::ParsedModule;
use crate::stylus::activate::ActivationError;

/// Follows a function's operators and notes the most operands that were ever on the
/// stack.
///
/// The count is Nitro's (`crates/prover/src/programs/depth.rs`, `worst_case_depth`),
/// which differs from what a validator tracks: the results of a block are taken to be
/// on the stack from its beginning, unreachable code is followed like any other, and
/// the operators of the ink meters count.
#[derive(Debug)]
pub(super) struct StackTracker {
    stack: u32,
    worst: u32,
    scopes: Vec<u32>,
}

impl StackTracker {
    pub(super) fn new() -> Self {
        Self {
            stack: 0,
            worst: 0,
            scopes: vec![0],
        }
    }

    /// Most operands at once so far.
    pub(super) fn worst(&self) -> u32 {
        self.worst
    }

    /// The check at the head of a basic block, which compares two values.
    pub(super) fn block_header(&mut self) {
        self.peak(2);
    }

    /// What is inserted before `memory.fill` and `memory.copy`: it takes the size off
    /// the stack, needs four words at most, and puts the size back.
    pub(super) fn dynamic_meter(&mut self) {
        self.pop(1);
        self.peak(4);
        self.push(1);
    }

    fn push(&mut self, count: u32) {
        self.stack = self.stack.saturating_add(count);
        self.worst = self.worst.max(self.stack);
    }

    fn pop(&mut self, count: u32) {
        self.stack = self.stack.saturating_sub(count);
    }

    fn peak(&mut self, count: u32) {
        self.worst = self.worst.max(self.stack.saturating_add(count));
    }

    fn call(&mut self, (params, results): (u32, u32)) {
        self.push(results);
        self.pop(params);
    }

    fn open(&mut self, block: BlockType, module: &ParsedModule<'_>) -> Result<(), ActivationError> {
        match block {
            BlockType::Empty => {}
            BlockType::Type(_) => self.push(1),
            BlockType::FuncType(index) => self.call(module.type_arity(index)?),
        }
        self.scopes.push(self.stack);
        Ok(())
    }

    /// Follows one operator of the program.
    ///
    /// # Errors
    ///
    /// [`ActivationError::Malformed`] for indices and scopes that a validator would have
    /// rejected.
    pub(super) fn operator(
        &mut self,
        operator: &Operator<'_>,
        module: &ParsedModule<'_>,
    ) -> Result<(), ActivationError> {
        use Operator as O;
        let unbalanced = || ActivationError::Malformed("blocks do not nest".into());
        match operator {
            O::Block { blockty } | O::Loop { blockty } => self.open(*blockty, module)?,
            O::If { blockty } => {
                self.pop(1);
                self.open(*blockty, module)?;
            }
            O::Else => self.stack = *self.scopes.last().ok_or_else(unbalanced)?,
            O::End => self.stack = self.scopes.pop().ok_or_else(unbalanced)?,

            O::Call { function_index } => self.call(module.function_arity(*function_index)?),
            O::CallIndirect { type_index, .. } => {
                self.call(module.type_arity(*type_index)?);
                self.pop(1);
            }
            O::MemoryFill { .. } | O::MemoryCopy { .. } => self.pop(3),

            O::LocalGet { .. }
            | O::GlobalGet { .. }
            | O::MemorySize { .. }
            | O::I32Const { .. }
            | O::I64Const { .. } => self.push(1),

            O::Select
            | O::I32Store { .. }
            | O::I32Store8 { .. }
            | O::I32Store16 { .. }
            | O::I64Store { .. }
            | O::I64Store8 { .. }
            | O::I64Store16 { .. }
            | O::I64Store32 { .. } => self.pop(2),

            O::Drop
            | O::BrIf { .. }
            | O::BrTable { .. }
            | O::LocalSet { .. }
            | O::GlobalSet { .. }
            | O::I32Eq
            | O::I32Ne
            | O::I32LtS
            | O::I32LtU
            | O::I32GtS
            | O::I32GtU
            | O::I32LeS
            | O::I32LeU
            | O::I32GeS
            | O::I32GeU
            | O::I64Eq
            | O::I64Ne
            | O::I64LtS
            | O::I64LtU
            | O::I64GtS
            | O::I64GtU
            | O::I64LeS
            | O::I64LeU
            | O::I64GeS
            | O::I64GeU
            | O::I32Add
            | O::I32Sub
            | O::I32Mul
            | O::I32DivS
            | O::I32DivU
            | O::I32RemS
            | O::I32RemU
            | O::I32And
            | O::I32Or
            | O::I32Xor
            | O::I32Shl
            | O::I32ShrS
            | O::I32ShrU
            | O::I32Rotl
            | O::I32Rotr
            | O::I64Add
            | O::I64Sub
            | O::I64Mul
            | O::I64DivS
            | O::I64DivU
            | O::I64RemS
            | O::I64RemU
            | O::I64And
            | O::I64Or
            | O::I64Xor
            | O::I64Shl
            | O::I64ShrS
            | O::I64ShrU
            | O::I64Rotl
            | O::I64Rotr => self.pop(1),

            // What is left of the operators with a price takes as much as it gives:
            // loads, conversions, tests against zero, bit counts, `local.tee`,
            // `memory.grow` and unconditional jumps.
            _ => {}
        }
        Ok(())
    }
}
