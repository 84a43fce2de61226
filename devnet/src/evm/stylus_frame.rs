//! A frame that runs a Stylus program.

use alloy_primitives::{B256, Bytes};
use revm::interpreter::InstructionResult;

use super::{
    context::ArbContext,
    native::{Ended, NativeStep},
    programs::{Programs, code_of},
    world::JournalWorld,
};
use crate::stylus::{
    self, CodeKind, Environment, Frame, Machine, Program, Resume, Root, Status, Step, code_kind,
    decode_program,
};

/// A running program.
pub(super) struct StylusFrame {
    machine: Machine,
}

impl StylusFrame {
    /// Starts the program with this code, or says why it cannot run.
    pub(super) fn start(
        ctx: &mut ArbContext,
        code_hash: B256,
        code: &[u8],
        mut frame: Frame,
    ) -> Result<Self, String> {
        let time = ctx.block.timestamp.saturating_to();
        let stylus = ctx.chain.stylus;
        let Ok(record) = Programs(&mut ctx.journaled_state).get(code_hash);
        let record = record
            .active(time, &stylus)
            .map_err(|error| error.to_string())?;
        let program = match ctx.chain.programs.get(&code_hash) {
            Some(program) => program,
            None => {
                let program = compile(ctx, code)?;
                ctx.chain.programs.insert(code_hash, program.clone());
                program
            }
        };
        let used_lately = ctx.chain.recent.insert(code_hash, stylus.block_cache_size);
        frame.cached = record.cached || used_lately;
        let environment = environment(ctx);
        let machine = Machine::start(&program, frame, &environment, &stylus);
        let machine = match &ctx.chain.host_calls {
            Some(log) => machine.traced(log.clone()),
            None => machine,
        };
        Ok(Self { machine })
    }

    /// Runs until the next frame or the end.
    pub(super) fn run(&mut self, ctx: &mut ArbContext, resume: Resume) -> NativeStep {
        let mut world = JournalWorld {
            journal: &mut ctx.journaled_state,
            pages: &mut ctx.chain.pages,
        };
        let outcome = match self.machine.run(&mut world, resume) {
            Ok(Step::Call(request)) => return NativeStep::Call(request),
            Ok(Step::Create(request)) => return NativeStep::Create(request),
            Ok(Step::Done(outcome)) => outcome,
            Err(error) => {
                ctx.chain.failure = Some(error.to_string());
                return NativeStep::Done(Ended::halt(InstructionResult::PrecompileError));
            }
        };
        let result = match outcome.status {
            Status::Success => InstructionResult::Return,
            Status::Revert => InstructionResult::Revert,
            Status::Failure(fault) => {
                ctx.chain.failure = Some(fault.to_string());
                InstructionResult::Revert
            }
            Status::OutOfInk => InstructionResult::OutOfGas,
            Status::OutOfStack => {
                ctx.chain.failure = Some(format!(
                    "WASM stack overflow: a program may use {} words",
                    ctx.chain.stylus.max_stack_depth
                ));
                InstructionResult::PrecompileError
            }
        };
        NativeStep::Done(Ended {
            result,
            output: outcome.output,
            gas_left: outcome.gas_left,
            refund: outcome.refund,
        })
    }
}

/// Compiles a program that was activated but is not in the cache (after a state was
/// loaded, or another chain's code was set).
fn compile(ctx: &mut ArbContext, code: &[u8]) -> Result<Program, String> {
    let stylus = ctx.chain.stylus;
    let in_words = |error: stylus::CodeError| error.to_string();
    let wasm = match code_kind(code) {
        Some(CodeKind::Root) => {
            let root = Root::parse(code).map_err(in_words)?;
            let codes: Vec<Bytes> = root
                .fragments
                .iter()
                .map(|fragment| {
                    let Ok((_, code)) = code_of(&mut ctx.journaled_state, *fragment);
                    code
                })
                .collect();
            root.assemble(&codes).map_err(in_words)?
        }
        _ => decode_program(code, stylus.max_wasm_size).map_err(in_words)?,
    };
    stylus::activate(&wasm, &stylus, stylus.page_limit, false)
        .map(|activation| activation.program)
        .map_err(|error| error.to_string())
}

fn environment(ctx: &ArbContext) -> Environment {
    Environment {
        chain_id: ctx.cfg.chain_id,
        base_fee: alloy_primitives::U256::from(ctx.block.basefee),
        coinbase: ctx.block.beneficiary,
        block_gas_limit: ctx.block.gas_limit,
        l1_block_number: ctx.block.number.saturating_to(),
        timestamp: ctx.block.timestamp.saturating_to(),
        gas_price: alloy_primitives::U256::from(ctx.tx.gas_price),
        origin: ctx.tx.caller,
    }
}
